import { Mesh, NeutralToneMapping, PlaneGeometry, ShaderMaterial, SRGBColorSpace, WebGLRenderer, type Box3 } from 'three';
import { GROUND_FRAGMENT, GROUND_VERTEX } from './shader';

/** A renderer on a canvas, or an error where there is no WebGL. */
export function rendererOn(canvas: HTMLCanvasElement): WebGLRenderer {
  const renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true, powerPreference: 'low-power' });
  renderer.outputColorSpace = SRGBColorSpace;
  renderer.toneMapping = NeutralToneMapping;
  renderer.toneMappingExposure = 1;
  return renderer;
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
