/** Bodies as distance fields, and the surface where the distance is zero. */
export type V3 = [number, number, number];
export type Field = (x: number, y: number, z: number) => number;

export const add = (a: V3, b: V3): V3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const sub = (a: V3, b: V3): V3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const times = (a: V3, k: number): V3 => [a[0] * k, a[1] * k, a[2] * k];
export const dot = (a: V3, b: V3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a: V3, b: V3): V3 => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const norm = (a: V3): V3 => times(a, 1 / (Math.hypot(...a) || 1));

/** A rounded cone from `a` to `b`; `flat` squeezes it along z. */
export function cone(a: V3, b: V3, ra: number, rb: number, flat = 1): Field {
  const [ax, ay, az] = [a[0], a[1], a[2] / flat];
  const [dx, dy, dz] = [b[0] - ax, b[1] - ay, b[2] / flat - az];
  const dd = dx * dx + dy * dy + dz * dz;
  return (x, y, z) => {
    const [px, py, pz] = [x - ax, y - ay, z / flat - az];
    const h = Math.min(1, Math.max(0, (px * dx + py * dy + pz * dz) / dd));
    return Math.hypot(px - dx * h, py - dy * h, pz - dz * h) - (ra + (rb - ra) * h);
  };
}

export function ball(c: V3, r: V3): Field {
  const k = Math.min(...r);
  return (x, y, z) => (Math.hypot((x - c[0]) / r[0], (y - c[1]) / r[1], (z - c[2]) / r[2]) - 1) * k;
}

/** A tube along a smooth curve through points, with a radius at each. */
export function tube(points: V3[], radii: number[]): Field {
  const { path, radius } = curve(points, radii, 8);
  return (x, y, z) => {
    let best = Infinity;
    for (let i = 0; i + 1 < path.length; i++) {
      const [a, b] = [path[i]!, path[i + 1]!];
      const [dx, dy, dz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
      const [px, py, pz] = [x - a[0], y - a[1], z - a[2]];
      const h = Math.min(1, Math.max(0, (px * dx + py * dy + pz * dz) / (dx * dx + dy * dy + dz * dz)));
      const d = Math.hypot(px - dx * h, py - dy * h, pz - dz * h) - (radius[i]! + (radius[i + 1]! - radius[i]!) * h);
      if (d < best) best = d;
    }
    return best;
  };
}

/** Catmull-Rom through the points. */
export function curve(points: V3[], radii: number[], steps: number): { path: V3[]; radius: number[] } {
  const at = (i: number) => points[Math.min(points.length - 1, Math.max(0, i))]!;
  const r = (i: number) => radii[Math.min(radii.length - 1, Math.max(0, i))]!;
  const path: V3[] = [];
  const radius: number[] = [];
  for (let i = 0; i + 1 < points.length; i++) {
    for (let s = 0; s < steps; s++) {
      const t = s / steps;
      path.push(spline(at(i - 1), at(i), at(i + 1), at(i + 2), t));
      radius.push(r(i) + (r(i + 1) - r(i)) * t);
    }
  }
  path.push(points.at(-1)!);
  radius.push(radii.at(-1)!);
  return { path, radius };
}

function spline(a: V3, b: V3, c: V3, d: V3, t: number): V3 {
  const one = (i: 0 | 1 | 2) =>
    0.5 * (2 * b[i] + (c[i] - a[i]) * t + (2 * a[i] - 5 * b[i] + 4 * c[i] - d[i]) * t * t + (3 * b[i] - a[i] - 3 * c[i] + d[i]) * t ** 3);
  return [one(0), one(1), one(2)];
}

/** A union with a soft seam of width k. */
export function join(k: number, ...fields: Field[]): Field {
  return (x, y, z) => fields.reduce((d, f) => soft(d, f(x, y, z), k), 1e3);
}

export function soft(a: number, b: number, k: number): number {
  const h = Math.max(0, k - Math.abs(a - b)) / k;
  return Math.min(a, b) - (h * h * k) / 4;
}

export function cut(a: Field, b: Field): Field {
  return (x, y, z) => Math.max(a(x, y, z), -b(x, y, z));
}

/** The half space beyond a plane, as something to cut with. */
export function beyond(at: V3, towards: V3): Field {
  const n = norm(towards);
  return (x, y, z) => -((x - at[0]) * n[0] + (y - at[1]) * n[1] + (z - at[2]) * n[2]);
}

export interface Surface {
  position: number[];
  index: number[];
}

/** Surface nets: one vertex in each cell that the surface crosses. */
export function surface(field: Field, low: V3, high: V3, cell: number): Surface {
  const n = [0, 1, 2].map((i) => Math.ceil((high[i]! - low[i]!) / cell) + 1) as V3;
  const value = sample(field, low, n, cell);
  const at = (i: number, j: number, k: number) => value[(k * n[1] + j) * n[0] + i]!;
  const vertex = new Int32Array(n[0] * n[1] * n[2]).fill(-1);
  const position: number[] = [];
  for (let k = 0; k + 1 < n[2]; k++)
    for (let j = 0; j + 1 < n[1]; j++)
      for (let i = 0; i + 1 < n[0]; i++) {
        const p = crossing(at, i, j, k);
        if (!p) continue;
        vertex[(k * n[1] + j) * n[0] + i] = position.length / 3;
        position.push(low[0] + p[0] * cell, low[1] + p[1] * cell, low[2] + p[2] * cell);
      }
  return { position, index: faces(at, vertex, n) };
}

function sample(field: Field, low: V3, n: V3, cell: number): Float32Array {
  const value = new Float32Array(n[0] * n[1] * n[2]);
  for (let k = 0, o = 0; k < n[2]; k++)
    for (let j = 0; j < n[1]; j++) for (let i = 0; i < n[0]; i++) value[o++] = field(low[0] + i * cell, low[1] + j * cell, low[2] + k * cell);
  return value;
}

type At = (i: number, j: number, k: number) => number;

const EDGES: [V3, V3][] = [];
for (const a of corners()) for (const b of corners()) if (b[0] - a[0] + (b[1] - a[1]) + (b[2] - a[2]) === 1 && a.every((v, i) => v <= b[i]!)) EDGES.push([a, b]);

function corners(): V3[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].map((c): V3 => [c & 1, (c >> 1) & 1, c >> 2]);
}

function crossing(at: At, i: number, j: number, k: number): V3 | null {
  let [count, x, y, z] = [0, 0, 0, 0];
  for (const [a, b] of EDGES) {
    const [p, q] = [at(i + a[0], j + a[1], k + a[2]), at(i + b[0], j + b[1], k + b[2])];
    if (p < 0 === q < 0) continue;
    const t = p / (p - q);
    x += a[0] + (b[0] - a[0]) * t;
    y += a[1] + (b[1] - a[1]) * t;
    z += a[2] + (b[2] - a[2]) * t;
    count += 1;
  }
  return count === 0 ? null : [i + x / count, j + y / count, k + z / count];
}

function faces(at: At, vertex: Int32Array, n: V3): number[] {
  const index: number[] = [];
  const v = (i: number, j: number, k: number) => vertex[(k * n[1] + j) * n[0] + i]!;
  const quad = (a: number, b: number, c: number, d: number, flip: boolean) => {
    if (a < 0 || b < 0 || c < 0 || d < 0) return;
    index.push(...(flip ? [a, c, b, a, d, c] : [a, b, c, a, c, d]));
  };
  for (let k = 1; k + 1 < n[2]; k++)
    for (let j = 1; j + 1 < n[1]; j++)
      for (let i = 1; i + 1 < n[0]; i++) {
        const inside = at(i, j, k) < 0;
        if (inside !== at(i + 1, j, k) < 0) quad(v(i, j - 1, k - 1), v(i, j, k - 1), v(i, j, k), v(i, j - 1, k), !inside);
        if (inside !== at(i, j + 1, k) < 0) quad(v(i - 1, j, k - 1), v(i - 1, j, k), v(i, j, k), v(i, j, k - 1), !inside);
        if (inside !== at(i, j, k + 1) < 0) quad(v(i - 1, j - 1, k), v(i, j - 1, k), v(i, j, k), v(i - 1, j, k), !inside);
      }
  return index;
}

/** The direction away from the body. */
export function gradient(field: Field, p: V3, h = 0.004): V3 {
  const [x, y, z] = p;
  return norm([field(x + h, y, z) - field(x - h, y, z), field(x, y + h, z) - field(x, y - h, z), field(x, y, z + h) - field(x, y, z - h)]);
}

/** Moves a point onto the surface. */
export function settle(field: Field, p: V3, rounds = 6): V3 {
  let q = p;
  for (let i = 0; i < rounds; i++) q = sub(q, times(gradient(field, q), field(...q)));
  return q;
}

/** Where a line of sight from the front first meets the surface, or null. */
export function front(field: Field, x: number, y: number): V3 | null {
  let z = 1.6;
  for (let i = 0; i < 160 && z > -1.6; i++) {
    const d = field(x, y, z);
    if (d < 0.001) return [x, y, z];
    z -= Math.max(0.002, d * 0.7);
  }
  return null;
}
