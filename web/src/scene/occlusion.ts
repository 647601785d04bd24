/** One mesh as arrays: what hides, and what is hidden. */
export interface Body {
  position: Float32Array;
  normal: Float32Array;
  index: ArrayLike<number>;
  /** Four numbers a vertex, written here: seen towards l is open.x + open.yzw · l. */
  open: Float32Array;
}

type V3 = readonly [number, number, number];

const SIDE = 128; // pixels of the picture of depth
const DIRECTIONS = 44;
const LIFT = 0.012; // a vertex looks from just above its surface
const BIAS = 0.03; // in units of the thing, two tall

/**
 * How much of the sky each vertex sees, and in which direction, looked at from many sides: creases become dark, and what
 * stands before a light throws a soft shadow. Done once a model; it yields now and then so that the page stays quick.
 */
export function* bakeOcclusion(bodies: Body[], centre: V3, radius: number): Generator<void> {
  const sums = bodies.map((b) => ({ all: new Float32Array(b.position.length / 3), seen: new Float32Array((4 * b.position.length) / 3) }));
  const depth = new Float32Array(SIDE * SIDE);
  for (let n = 0; n < DIRECTIONS; n++) {
    const eye = new Eye(direction(n), centre, radius);
    depth.fill(-Infinity);
    for (const body of bodies) cover(depth, eye, body);
    bodies.forEach((body, i) => gather(depth, eye, body, sums[i]!));
    if (n % 3 === 2) yield;
  }
  bodies.forEach((body, i) => write(body, sums[i]!));
  yield;
  for (const body of bodies) for (let round = 0; round < 3; round++) soften(body);
}

/** Evenly spread over the sphere. */
function direction(n: number): V3 {
  const y = 1 - (2 * (n + 0.5)) / DIRECTIONS;
  const angle = n * Math.PI * (3 - Math.sqrt(5));
  const r = Math.sqrt(1 - y * y);
  return [r * Math.cos(angle), y, r * Math.sin(angle)];
}

/** Looks at the whole thing from one side, without perspective. */
class Eye {
  readonly u: V3;
  readonly v: V3;
  readonly #scale: number;

  constructor(
    readonly towards: V3,
    private readonly centre: V3,
    radius: number,
  ) {
    const side = Math.abs(towards[1]) > 0.9 ? ([1, 0, 0] as const) : ([0, 1, 0] as const);
    this.u = unit(cross(side, towards));
    this.v = cross(towards, this.u);
    this.#scale = SIDE / 2 / radius;
  }

  /** Pixel and height towards the eye; the surface may be lifted along its normal. */
  see(p: ArrayLike<number>, i: number, n: ArrayLike<number> | null, out: Float32Array, o: number): void {
    const lift = n ? LIFT : 0;
    const x = p[i]! - this.centre[0] + lift * (n?.[i] ?? 0);
    const y = p[i + 1]! - this.centre[1] + lift * (n?.[i + 1] ?? 0);
    const z = p[i + 2]! - this.centre[2] + lift * (n?.[i + 2] ?? 0);
    out[o] = (x * this.u[0] + y * this.u[1] + z * this.u[2]) * this.#scale + SIDE / 2;
    out[o + 1] = (x * this.v[0] + y * this.v[1] + z * this.v[2]) * this.#scale + SIDE / 2;
    out[o + 2] = x * this.towards[0] + y * this.towards[1] + z * this.towards[2];
  }
}

function cover(depth: Float32Array, eye: Eye, body: Body): void {
  const seen = new Float32Array(body.position.length);
  for (let i = 0; i < seen.length; i += 3) eye.see(body.position, i, null, seen, i);
  for (let t = 0; t < body.index.length; t += 3) triangle(depth, seen, 3 * body.index[t]!, 3 * body.index[t + 1]!, 3 * body.index[t + 2]!);
}

/** Raises the picture of depth to a triangle, pixel by pixel. */
function triangle(depth: Float32Array, s: Float32Array, a: number, b: number, c: number): void {
  const [ax, ay, bx, by, cx, cy] = [s[a]!, s[a + 1]!, s[b]!, s[b + 1]!, s[c]!, s[c + 1]!];
  const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
  if (area === 0) return;
  const [x0, x1] = [Math.max(0, Math.ceil(Math.min(ax, bx, cx) - 0.5)), Math.min(SIDE - 1, Math.floor(Math.max(ax, bx, cx) - 0.5))];
  const [y0, y1] = [Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5)), Math.min(SIDE - 1, Math.floor(Math.max(ay, by, cy) - 0.5))];
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const [px, py] = [x + 0.5, y + 0.5];
      const wb = ((px - ax) * (cy - ay) - (py - ay) * (cx - ax)) / area;
      const wc = ((bx - ax) * (py - ay) - (by - ay) * (px - ax)) / area;
      if (wb < 0 || wc < 0 || wb + wc > 1) continue;
      const z = s[a + 2]! + wb * (s[b + 2]! - s[a + 2]!) + wc * (s[c + 2]! - s[a + 2]!);
      if (z > depth[y * SIDE + x]!) depth[y * SIDE + x] = z;
    }
  }
}

interface Sum {
  all: Float32Array;
  seen: Float32Array;
}

const POINT = new Float32Array(3);

function gather(depth: Float32Array, eye: Eye, { position, normal }: Body, sum: Sum): void {
  const [dx, dy, dz] = eye.towards;
  for (let i = 0; i < position.length / 3; i++) {
    const weight = normal[3 * i]! * dx + normal[3 * i + 1]! * dy + normal[3 * i + 2]! * dz;
    if (weight <= 0.05) continue;
    eye.see(position, 3 * i, normal, POINT, 0);
    sum.all[i]! += weight;
    if (POINT[2]! < lowest(depth, POINT[0]!, POINT[1]!) - BIAS) continue;
    sum.seen[4 * i]! += weight;
    sum.seen[4 * i + 1]! += weight * dx;
    sum.seen[4 * i + 2]! += weight * dy;
    sum.seen[4 * i + 3]! += weight * dz;
  }
}

/** The lowest of the four pixels around: an edge does not hide what stands beside it. */
function lowest(depth: Float32Array, x: number, y: number): number {
  const [i, j] = [Math.min(SIDE - 2, Math.max(0, Math.floor(x - 0.5))), Math.min(SIDE - 2, Math.max(0, Math.floor(y - 0.5)))];
  const at = j * SIDE + i;
  return Math.min(depth[at]!, depth[at + 1]!, depth[at + SIDE]!, depth[at + SIDE + 1]!);
}

/**
 * Seen towards l is written as a + b·l. With the whole half sky open, the mean direction is two thirds along the normal:
 * b is how far the mean direction seen lies from that, so that an open vertex has no shadow from any side.
 */
function write({ open, normal }: Body, sum: Sum): void {
  for (let i = 0; i < sum.all.length; i++) {
    const all = Math.max(1e-6, sum.all[i]!);
    const a = Math.min(1, (sum.seen[4 * i]! / all) * 1.06);
    open[4 * i] = a ** 1.1;
    for (let c = 0; c < 3; c++) open[4 * i + 1 + c] = 2.6 * (sum.seen[4 * i + 1 + c]! / all - (2 / 3) * a * normal[3 * i + c]!);
  }
}

/** Each vertex takes over half of what its neighbours have: no specks where a vertex just hides behind another. */
function soften({ open, index }: Body): void {
  const sum = new Float32Array(open.length);
  const count = new Float32Array(open.length / 4);
  for (let t = 0; t < index.length; t++) {
    const to = index[t]!;
    const from = index[t % 3 === 2 ? t - 2 : t + 1]!;
    count[to]! += 1;
    count[from]! += 1;
    for (let c = 0; c < 4; c++) {
      sum[4 * to + c]! += open[4 * from + c]!;
      sum[4 * from + c]! += open[4 * to + c]!;
    }
  }
  for (let i = 0; i < open.length; i++) {
    const n = count[i >> 2]!;
    if (n > 0) open[i] = 0.4 * open[i]! + (0.6 * sum[i]!) / n;
  }
}

function cross(a: V3, b: V3): V3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function unit(a: V3): V3 {
  const n = Math.hypot(...a) || 1;
  return [a[0] / n, a[1] / n, a[2] / n];
}
