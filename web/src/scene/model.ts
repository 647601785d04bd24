import { Box3, BufferAttribute, Color, DoubleSide, Mesh, Sphere, Vector3, type BufferGeometry, type Material, type Object3D, type ShaderMaterial } from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import type { Part, Scene } from '../wire/types';
import { shares } from './blend';
import { materialOf, shared, type Shared } from './materials';

/** One mesh of the model and the part that it is. */
export interface ModelPart {
  part: Part;
  mesh: Mesh<BufferGeometry, ShaderMaterial>;
  /** Own shade of each vertex from the file, one where it has none. */
  shade: Float32Array;
  /** Shares of the parts of its family at each vertex, or null where a part stands alone. */
  mixed: { family: number[]; shares: Float32Array } | null;
  /** For each patch of its family: which part and patch it is, and its weight at each vertex. */
  spots: { part: number; patch: number; weight: Float32Array }[];
}

export interface Model {
  parts: ModelPart[];
  /** Named places of the file. */
  nodes: Map<string, Vector3>;
  common: Shared;
  box: Box3;
  sphere: Sphere;
  triangles: number;
}

/** Reads a GLB; every transform is worked into the vertices, so that one space serves all. */
export async function loadModel(bytes: ArrayBuffer, scene: Scene): Promise<Model> {
  const { scene: root } = await new GLTFLoader().parseAsync(bytes, '');
  root.updateMatrixWorld(true);
  const nodes = new Map<string, Vector3>();
  root.traverse((node) => nodes.set(node.name, new Vector3().setFromMatrixPosition(node.matrixWorld)));
  const common = shared();
  const parts = meshesOf(root).map((mesh) => modelPart(mesh, partOf(mesh, scene), common));
  marry(parts, nodes);
  const box = new Box3();
  for (const { mesh } of parts) box.union(mesh.geometry.boundingBox!);
  const triangles = parts.reduce((sum, { mesh }) => sum + (mesh.geometry.index?.count ?? 0) / 3, 0);
  return { parts, nodes, common, box, sphere: box.getBoundingSphere(new Sphere()), triangles };
}

function meshesOf(root: Object3D): Mesh<BufferGeometry>[] {
  const found: Mesh<BufferGeometry>[] = [];
  root.traverse((node) => {
    if (node instanceof Mesh) found.push(node as Mesh<BufferGeometry>);
  });
  return found;
}

/** The part of the view that a mesh is: by its own name or that of a node above it. */
function partOf(mesh: Object3D, scene: Scene): Part {
  for (let node: Object3D | null = mesh; node; node = node.parent) {
    const part = scene.parts.find((p) => p.part === node.name);
    if (part) return part;
  }
  return { part: mesh.name, kind: 'other', label: mesh.name, signals: {}, patches: [] };
}

function modelPart(source: Mesh<BufferGeometry>, part: Part, common: Shared): ModelPart {
  const geometry = source.geometry.clone().applyMatrix4(source.matrixWorld);
  if (!geometry.getAttribute('normal')) geometry.computeVertexNormals();
  geometry.computeBoundingBox();
  const shade = shadeOf(geometry);
  const count = geometry.getAttribute('position').count;
  const open = new Float32Array(4 * count);
  for (let i = 0; i < count; i++) open[4 * i] = 1;
  geometry.setAttribute('color', new BufferAttribute(new Float32Array(3 * count).fill(1), 3));
  geometry.setAttribute('open', new BufferAttribute(open, 4));
  const thin = (source.material as Material).side === DoubleSide;
  const mesh = new Mesh(geometry, materialOf(part.kind, thin, common));
  mesh.name = part.part;
  return { part, mesh, shade, mixed: null, spots: [] };
}

function shadeOf(geometry: BufferGeometry): Float32Array {
  const count = geometry.getAttribute('position').count;
  const given = geometry.getAttribute('color');
  const shade = new Float32Array(3 * count).fill(1);
  for (let i = 0; given && i < count; i++) shade.set([given.getX(i), given.getY(i), given.getZ(i)], 3 * i);
  return shade;
}

/** Parts of muscle are one body: their colours flow into each other, and a patch of one reaches into the next. */
function marry(parts: ModelPart[], nodes: Map<string, Vector3>): void {
  const family = parts.map((p, i) => (p.part.kind === 'muscle' ? i : -1)).filter((i) => i >= 0);
  const clouds = family.map((i, n) => ({ position: positions(parts[i]!), part: n }));
  const mixed = shares(clouds, family.length);
  family.forEach((i, n) => (parts[i]!.mixed = { family, shares: mixed[n]! }));
  parts.forEach((p, i) => {
    const reached = p.part.kind === 'muscle' ? family : [i];
    p.part.patches.forEach((patch, k) => {
      const at = nodes.get(patch.node);
      for (const j of at ? reached : []) parts[j]!.spots.push({ part: i, patch: k, weight: weights(positions(parts[j]!), at!, patch.radius) });
    });
  });
}

function positions(part: ModelPart): Float32Array {
  return part.mesh.geometry.getAttribute('position').array as Float32Array;
}

/** A soft spot: full at its node, half gone at its radius. */
function weights(position: Float32Array, at: Vector3, radius: number): Float32Array {
  const out = new Float32Array(position.length / 3);
  for (let i = 0; i < out.length; i++) {
    const d = Math.hypot(position[3 * i]! - at.x, position[3 * i + 1]! - at.y, position[3 * i + 2]! - at.z) / radius;
    out[i] = Math.exp(-0.7 * d ** 4);
  }
  return out;
}

export interface PartPaint {
  whole: readonly number[];
  patches: (readonly number[] | null)[];
}

/** Paints the model: parts in their colours, patches over them by their weight, all times the shade of the file. */
export function paintModel(model: Model, paints: PartPaint[]): void {
  const inks = paints.map((p) => ({ whole: linear(p.whole), patches: p.patches.map((c) => (c ? linear(c) : null)) }));
  model.parts.forEach((target, i) => {
    const colour = target.mesh.geometry.getAttribute('color') as BufferAttribute;
    const out = colour.array as Float32Array;
    const base = [0, 0, 0];
    for (let v = 0; v < colour.count; v++) {
      ground(base, target, i, inks, v);
      spot(base, target, inks, v);
      for (let c = 0; c < 3; c++) out[3 * v + c] = base[c]! * target.shade[3 * v + c]!;
    }
    colour.needsUpdate = true;
  });
}

interface Ink {
  whole: number[];
  patches: (number[] | null)[];
}

function ground(out: number[], target: ModelPart, own: number, inks: Ink[], v: number): void {
  const { mixed } = target;
  if (!mixed) return void out.splice(0, 3, ...inks[own]!.whole);
  for (let c = 0; c < 3; c++) {
    out[c] = 0;
    mixed.family.forEach((part, n) => (out[c]! += mixed.shares[v * mixed.family.length + n]! * inks[part]!.whole[c]!));
  }
}

function spot(base: number[], target: ModelPart, inks: Ink[], v: number): void {
  let total = 0;
  const sum = [0, 0, 0];
  for (const { part, patch, weight } of target.spots) {
    const ink = inks[part]!.patches[patch];
    if (!ink) continue;
    total += weight[v]!;
    for (let c = 0; c < 3; c++) sum[c]! += weight[v]! * ink[c]!;
  }
  const rest = Math.max(0, 1 - total);
  for (let c = 0; c < 3; c++) base[c] = (sum[c]! + rest * base[c]!) / (total + rest);
}

const LINEAR = new Color();

function linear(rgb: readonly number[]): number[] {
  LINEAR.setRGB(rgb[0]!, rgb[1]!, rgb[2]!, 'srgb');
  return [LINEAR.r, LINEAR.g, LINEAR.b];
}
