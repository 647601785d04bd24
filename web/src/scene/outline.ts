import { Color, WebGLRenderTarget, type PerspectiveCamera, type Scene, type ShaderMaterial, type WebGLRenderer } from 'three';
import { contours, pathOf } from './contour';
import { maskMaterial, type Shared } from './materials';

/** The silhouette of what the camera sees, as a path for the overlay: the sign of a fork in the scene. */
export class Outline {
  readonly #material: ShaderMaterial;
  #target: WebGLRenderTarget | null = null;

  constructor(common: Shared) {
    this.#material = maskMaterial(common);
  }

  /** `width`, `height` in CSS pixels; the mask is half as fine. */
  path(renderer: WebGLRenderer, scene: Scene, camera: PerspectiveCamera, width: number, height: number): string {
    const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)];
    const pixels = this.#render(renderer, scene, camera, w, h);
    const mask = new Uint8Array(w * h);
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) mask[y * w + x] = pixels[4 * ((h - 1 - y) * w + x) + 3]!;
    return pathOf(contours(mask, w, h), 2);
  }

  #render(renderer: WebGLRenderer, scene: Scene, camera: PerspectiveCamera, w: number, h: number): Uint8Array {
    if (this.#target?.width !== w || this.#target.height !== h) {
      this.#target?.dispose();
      this.#target = new WebGLRenderTarget(w, h);
    }
    const pixels = new Uint8Array(4 * w * h);
    const clear = renderer.getClearColor(new Color());
    scene.overrideMaterial = this.#material;
    renderer.setRenderTarget(this.#target);
    renderer.setClearColor('#000000', 0);
    renderer.clear();
    renderer.render(scene, camera);
    renderer.readRenderTargetPixels(this.#target, 0, 0, w, h, pixels);
    renderer.setRenderTarget(null);
    renderer.setClearColor(clear, 0);
    scene.overrideMaterial = null;
    return pixels;
  }

  dispose(): void {
    this.#target?.dispose();
    this.#material.dispose();
  }
}
