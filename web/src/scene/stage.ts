import { Group, PerspectiveCamera, Raycaster, Scene as World, Vector2, Vector3, type BufferGeometry, type Mesh, type WebGLRenderer } from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import type { Kind, Scene } from '../wire/types';
import type { Beat } from './beat';
import { isWide } from './callouts';
import { ownColour, type Rgb } from './colour';
import { loadModel, paintModel, type Model } from './model';
import { bakeOcclusion, type Body } from './occlusion';
import { Outline } from './outline';
import { MOST_CHAMBERS } from './shader';
import { ground, rendererOn, warm } from './studio';

export interface Point {
  x: number;
  y: number;
  /** On the side turned to the camera. */
  front: boolean;
}

export interface PartColours {
  whole: Rgb;
  patches: (Rgb | null)[];
}

export interface StageEvents {
  /** The camera moved or the size changed: everything projected is to be placed again. */
  moved(): void;
  /** A frame of the beat was drawn. */
  beat(): void;
}

const FASTEST = 33; // ms between frames of the beat
const WIDE = 0.74; // share of the canvas that the thing may fill, less where labels leave it less
const HIGH = 0.9;
const LABELS = 220; // pixels of the width that the labels of both sides take
const ASIDE = 0.07; // share of the width by which it makes room for the side that has more labels

/** A scene on a canvas. It draws only when something changed; a beating heart changes at most thirty times a second. */
export class Stage {
  readonly counts = { draws: 0 };
  /** Drawn with its soft shadows. */
  ready = false;
  readonly #renderer: WebGLRenderer;
  readonly #world = new World();
  readonly #camera: PerspectiveCamera;
  readonly #controls: OrbitControls;
  readonly #outline: Outline;
  readonly #ground: Mesh;
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');
  #size = new Vector2(1, 1);
  #dirty = true;
  #frame = 0;
  #timer = 0;
  #visible = true;
  #beat: Beat | null = null;
  #spins: { turn: number; axis: Vector3; group: Group }[] = [];
  #asked = 0;
  #cost = 0;
  #closed = false;
  #baked = false;

  /** While the file is on its way the shaders are made ready: on a machine without a graphics card that takes as long. */
  static async open(canvas: HTMLCanvasElement, scene: Scene, file: Promise<ArrayBuffer>, events: StageEvents): Promise<Stage> {
    const renderer = rendererOn(canvas);
    try {
      warm(renderer);
      return new Stage(renderer, scene, await loadModel(await file, scene), events);
    } catch (error) {
      renderer.dispose();
      throw error;
    }
  }

  private constructor(
    renderer: WebGLRenderer,
    private readonly scene: Scene,
    private readonly model: Model,
    private readonly events: StageEvents,
  ) {
    this.#renderer = renderer;
    this.#camera = new PerspectiveCamera(scene.camera.fov, 1, 0.05, 100);
    this.#camera.position.set(...scene.camera.position);
    this.#camera.lookAt(new Vector3(...scene.camera.target));
    this.#ground = ground(model.box);
    this.#world.add(this.#ground);
    this.#outline = new Outline(model.common);
    this.#build();
    this.#controls = this.#orbit();
    void this.#bake();
  }

  get triangles(): number {
    return this.model.triangles;
  }

  resize(width: number, height: number): void {
    this.#size.set(width, height);
    this.#renderer.setPixelRatio(Math.min(2, devicePixelRatio));
    this.#renderer.setSize(width, height, false);
    this.#camera.aspect = width / Math.max(1, height);
    this.#fit();
    this.invalidate();
    this.events.moved();
  }

  /** Off the screen nothing beats; what changed is still drawn once. */
  show(visible: boolean): void {
    this.#visible = visible;
    this.invalidate();
  }

  paint(colours: Map<string, PartColours>): void {
    const none: PartColours = { whole: ownColour('other'), patches: [] };
    paintModel(this.model, this.model.parts.map((p) => colours.get(p.part.part) ?? none));
    this.invalidate();
  }

  /** Follows a beat, or rests. */
  follow(beat: Beat | null): void {
    this.#beat = beat;
    this.invalidate();
  }

  /** Turns a part: revolutions a minute. */
  spin(part: string, perMinute: number): void {
    const index = this.scene.motion.spin.findIndex((s) => s.part === part);
    const spin = this.#spins[index];
    if (spin && spin.turn !== perMinute) spin.turn = perMinute;
    this.invalidate();
  }

  /** Where a named place is on the canvas, in CSS pixels. */
  project(node: string): Point | null {
    const at = this.model.nodes.get(node);
    return at ? this.#project(at) : null;
  }

  projectPart(part: string): Point | null {
    const found = this.model.parts.find((p) => p.part.part === part);
    return found ? this.#project(found.mesh.geometry.boundingBox!.getCenter(new Vector3())) : null;
  }

  /** The part under a place of the canvas, with the nearest patch of it. */
  pick(x: number, y: number): { part: string; patch: number } | null {
    const ray = new Raycaster();
    ray.setFromCamera(new Vector2((x / this.#size.x) * 2 - 1, 1 - (y / this.#size.y) * 2), this.#camera);
    const hit = ray.intersectObjects(this.model.parts.map((p) => p.mesh), false)[0];
    const part = hit && this.model.parts.find((p) => p.mesh === hit.object);
    if (!hit || !part) return null;
    const distances = part.part.patches.map((p) => this.model.nodes.get(p.node)?.distanceTo(hit.point) ?? Infinity);
    const nearest = distances.indexOf(Math.min(...distances));
    return { part: part.part.part, patch: nearest };
  }

  outline(): string {
    this.#ground.visible = false;
    const path = this.#outline.path(this.#renderer, this.#world, this.#camera, this.#size.x, this.#size.y);
    this.#ground.visible = true;
    return path;
  }

  kindOf(part: string): Kind {
    return this.scene.parts.find((p) => p.part === part)?.kind ?? 'other';
  }

  /** Turns by hand: for those who use the keyboard. */
  turn(right: number, up: number): void {
    const offset = this.#camera.position.clone().sub(this.#controls.target);
    offset.applyAxisAngle(new Vector3(0, 1, 0), right);
    const side = new Vector3().crossVectors(offset, this.#camera.up).normalize();
    offset.applyAxisAngle(side, up);
    this.#camera.position.copy(this.#controls.target).add(offset);
    this.#controls.update();
  }

  invalidate(): void {
    this.#dirty = true;
    if (this.#frame || this.#closed) return;
    this.#asked = performance.now();
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  close(): void {
    this.#closed = true;
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#controls.dispose();
    this.#outline.dispose();
    for (const { mesh } of this.model.parts) mesh.geometry.dispose();
    this.#renderer.dispose();
    this.#renderer.forceContextLoss();
  }

  #build(): void {
    this.#spins = this.scene.motion.spin.map((s) => ({ turn: 0, axis: new Vector3(...s.axis), group: this.#pivot(s.part) }));
    const spun = new Set(this.scene.motion.spin.map((s) => s.part));
    for (const { part, mesh } of this.model.parts) if (!spun.has(part.part)) this.#world.add(mesh);
    this.scene.motion.chambers.slice(0, MOST_CHAMBERS).forEach((chamber, i) => {
      const at = this.model.nodes.get(chamber.node);
      if (at) this.model.common.uChamber.value[i]!.set(at.x, at.y, at.z, chamber.radius);
    });
  }

  /** A group in the middle of a part, so that it turns in place. */
  #pivot(part: string): Group {
    const group = new Group();
    for (const { part: p, mesh } of this.model.parts) {
      if (p.part !== part) continue;
      mesh.geometry.boundingBox!.getCenter(group.position);
      mesh.position.copy(group.position).negate();
      group.add(mesh);
    }
    this.#world.add(group);
    return group;
  }

  #orbit(): OrbitControls {
    const controls = new OrbitControls(this.#camera, this.#renderer.domElement);
    controls.target.set(...this.scene.camera.target);
    controls.enablePan = false;
    controls.enableZoom = false;
    controls.enableDamping = false;
    controls.rotateSpeed = 0.8;
    controls.update();
    controls.addEventListener('change', () => {
      this.invalidate();
      this.events.moved();
    });
    this.#renderer.domElement.style.touchAction = 'pan-y';
    return controls;
  }

  /** Looks from so far that the thing fills the middle; the sides are for the labels. */
  #fit(): void {
    const home = new PerspectiveCamera(this.scene.camera.fov, this.#camera.aspect, 0.05, 100);
    home.position.set(...this.scene.camera.position);
    home.lookAt(new Vector3(...this.scene.camera.target));
    home.updateMatrixWorld();
    const p = new Vector3();
    const { x: w, y: h } = this.#size;
    const low = isWide(w, h);
    const wide = low ? 0.86 : Math.min(WIDE, Math.max(0.5, 1 - LABELS / w));
    const high = low ? 0.74 : HIGH;
    const [least, most] = [new Vector2(Infinity, Infinity), new Vector2(-Infinity, -Infinity)];
    for (const { mesh } of this.model.parts) {
      const position = mesh.geometry.getAttribute('position');
      for (let i = 0; i < position.count; i += 23) {
        p.fromBufferAttribute(position, i).project(home);
        least.min(p as unknown as Vector2);
        most.max(p as unknown as Vector2);
      }
    }
    const need = Math.max((most.x - least.x) / 2 / wide, (most.y - least.y) / 2 / high);
    // In the middle of the canvas, whatever the file calls its middle.
    const middle = least.clone().add(most).divideScalar(2 * need);
    const right = this.scene.callouts.filter((c) => c.side === 'right').length;
    const lean = low || this.scene.callouts.length === 0 ? 0 : ASIDE * ((2 * right) / this.scene.callouts.length - 1);
    this.#camera.fov = (2 * Math.atan(Math.tan((home.fov * Math.PI) / 360) * need) * 180) / Math.PI;
    this.#camera.setViewOffset(w, h, (middle.x / 2 + lean) * w, -(middle.y / 2) * h - (low ? 0.09 * h : 0), w, h);
    this.#camera.updateProjectionMatrix();
  }

  /** Once the thing is there: how much of the sky each place sees. */
  async #bake(): Promise<void> {
    const { center, radius } = this.model.sphere;
    const bodies = this.model.parts.map(({ mesh }) => bodyOf(mesh.geometry));
    await nextFrame();
    for (const _ of bakeOcclusion(bodies, [center.x, center.y, center.z], radius)) {
      await nextFrame();
      if (this.#closed) return;
    }
    for (const { mesh } of this.model.parts) mesh.geometry.getAttribute('open').needsUpdate = true;
    this.#baked = true;
    this.invalidate();
  }

  #draw(): void {
    this.#frame = 0;
    if (!this.#dirty || this.#closed) return;
    this.#dirty = false;
    const began = performance.now();
    const moves = this.#move(began / 1000);
    this.#renderer.render(this.#world, this.#camera);
    this.counts.draws += 1;
    this.ready = this.#baked;
    this.#cost = performance.now() - this.#asked;
    if (moves) this.events.beat();
    if (moves && this.#visible) this.#again();
  }

  /** The next frame of the beat. Where drawing is slow half of the time is left to others. */
  #again(): void {
    clearTimeout(this.#timer);
    const rest = this.#cost > 60 ? 0.7 * this.#cost : FASTEST - this.#cost;
    this.#timer = window.setTimeout(() => this.invalidate(), Math.max(0, rest));
  }

  #move(now: number): boolean {
    const beating = this.#beat !== null && !this.#still.matches && this.#beat.alive(now);
    if (this.#beat) this.#beat.advance(now);
    this.scene.motion.chambers.slice(0, MOST_CHAMBERS).forEach((chamber, i) => {
      this.model.common.uSwell.value[i] = beating ? this.#beat!.swelling(chamber.column) : 0;
    });
    return this.#rotate(now) || beating;
  }

  #rotate(now: number): boolean {
    let turning = false;
    for (const { turn, axis, group } of this.#spins) {
      if (turn === 0 || this.#still.matches) continue;
      // A real speed would flicker on a screen: the turn is shown a hundred times slower.
      group.quaternion.setFromAxisAngle(axis, ((now * turn) / 60 / 100) * 2 * Math.PI);
      turning = true;
    }
    return turning;
  }

  #project(at: Vector3): Point {
    const p = at.clone().project(this.#camera);
    const out = at.clone().sub(this.model.sphere.center).normalize();
    const towards = this.#camera.position.clone().sub(at).normalize();
    return { x: ((p.x + 1) / 2) * this.#size.x, y: ((1 - p.y) / 2) * this.#size.y, front: out.dot(towards) > -0.15 };
  }
}

function bodyOf(geometry: BufferGeometry): Body {
  const array = (name: string) => geometry.getAttribute(name).array as Float32Array;
  const index = geometry.index?.array ?? Uint32Array.from({ length: array('position').length / 3 }, (_, i) => i);
  return { position: array('position'), normal: array('normal'), index, open: array('open') };
}

function nextFrame(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
}
