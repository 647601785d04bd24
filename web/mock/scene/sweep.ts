import { add, cross, dot, norm, sub, times, type V3 } from './geometry';
import type { GlbMesh } from './glb';

/** A tube swept along a path, with rounded ends. */
export function sweep(name: string, paths: { path: V3[]; radius: number[] }[], sides = 10): GlbMesh {
  const out = { position: [] as number[], normal: [] as number[], index: [] as number[] };
  for (const { path, radius } of paths) sweepOne(out, path, radius, sides);
  return {
    name,
    position: Float32Array.from(out.position),
    normal: Float32Array.from(out.normal),
    colour: null,
    index: Uint32Array.from(out.index),
  };
}

interface Out {
  position: number[];
  normal: number[];
  index: number[];
}

function sweepOne(out: Out, path: V3[], radius: number[], sides: number): void {
  let side = norm(cross(sub(path[1]!, path[0]!), [0.13, 0.31, 0.94]));
  path.forEach((p, i) => {
    const along = norm(sub(path[Math.min(path.length - 1, i + 1)]!, path[Math.max(0, i - 1)]!));
    side = norm(sub(side, times(along, dot(side, along))));
    const start = out.position.length / 3;
    ring(out, p, side, cross(along, side), radius[i]!, sides);
    if (i > 0) band(out, start - sides, start, sides);
  });
  cap(out, path[0]!, norm(sub(path[0]!, path[1]!)), radius[0]!, out.position.length / 3 - path.length * sides, sides, true);
  cap(out, path.at(-1)!, norm(sub(path.at(-1)!, path.at(-2)!)), radius.at(-1)!, out.position.length / 3 - 1 - sides, sides, false);
}

function ring(out: Out, centre: V3, u: V3, v: V3, r: number, sides: number): void {
  for (let s = 0; s < sides; s++) {
    const a = (s / sides) * 2 * Math.PI;
    const n = add(times(u, Math.cos(a)), times(v, Math.sin(a)));
    out.position.push(...add(centre, times(n, r)));
    out.normal.push(...n);
  }
}

function band(out: Out, a: number, b: number, sides: number): void {
  for (let s = 0; s < sides; s++) {
    const t = (s + 1) % sides;
    out.index.push(a + s, a + t, b + s, b + s, a + t, b + t);
  }
}

function cap(out: Out, centre: V3, towards: V3, r: number, start: number, sides: number, first: boolean): void {
  const tip = out.position.length / 3;
  out.position.push(...add(centre, times(towards, r * 0.7)));
  out.normal.push(...towards);
  for (let s = 0; s < sides; s++) {
    const [a, b] = [start + s, start + ((s + 1) % sides)];
    out.index.push(...(first ? [tip, b, a] : [tip, a, b]));
  }
}
