import { BufferAttribute, Mesh, NeutralToneMapping, PerspectiveCamera, PlaneGeometry, Scene, ShaderMaterial, SRGBColorSpace, WebGLRenderer, type Box3 } from 'three';
import { materialOf, shared } from './materials';
import { GROUND_FRAGMENT, GROUND_VERTEX } from './shader';

/** A renderer on a canvas, or an error where there is no WebGL. */
export function rendererOn(canvas: HTMLCanvasElement): WebGLRenderer {
  const renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true, powerPreference: 'low-power' });
  renderer.outputColorSpace = SRGBColorSpace;
  renderer.toneMapping = NeutralToneMapping;
  renderer.toneMappingExposure = 1;
  // Waiting for the log of every program would stop the page; the tests look at what is drawn.
  renderer.debug.checkShaderErrors = false;
  return renderer;
}

/** Has the program of the parts compiled and linked beside everything else; nothing is drawn. */
export function warm(renderer: WebGLRenderer): void {
  const geometry = new PlaneGeometry(1, 1);
  const count = geometry.getAttribute('position').count;
  geometry.setAttribute('color', new BufferAttribute(new Float32Array(3 * count), 3));
  geometry.setAttribute('open', new BufferAttribute(new Float32Array(4 * count), 4));
  const world = new Scene();
  world.add(new Mesh(geometry, materialOf('muscle', false, shared())));
  renderer.compile(world, new PerspectiveCamera());
}

/** A soft shadow under the thing, so that it stands somewhere. */
export function ground(box: Box3): Mesh {
  const material = new ShaderMaterial({
    vertexShader: GROUND_VERTEX,
    fragmentShader: GROUND_FRAGMENT,
    transparent: true,
    depthWrite: false,
    toneMapped: false,
    uniforms: { uDepth: { value: 0.22 } },
  });
  const mesh = new Mesh(new PlaneGeometry(1.25 * (box.max.x - box.min.x), 1.25 * (box.max.z - box.min.z)), material);
  mesh.rotation.x = -Math.PI / 2;
  mesh.position.set((box.min.x + box.max.x) / 2, box.min.y - 0.02, (box.min.z + box.max.z) / 2);
  return mesh;
}
