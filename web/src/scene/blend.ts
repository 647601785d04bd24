/** Which parts a vertex belongs to: mostly its own, and near a border also its neighbours, so that colours flow into each other. */
export interface Cloud {
  position: Float32Array;
  /** Number of the part that the points belong to. */
  part: number;
}

const CELL = 0.07; // of a thing about two units tall: how wide a border is blended

/** For each cloud, each vertex and each of `parts` the share that the part has there; rows are vertices. */
export function shares(clouds: Cloud[], parts: number): Float32Array[] {
  const field = new Density(clouds, parts);
  return clouds.map((cloud) => {
    const out = new Float32Array((cloud.position.length / 3) * parts);
    for (let i = 0; i < cloud.position.length / 3; i++) field.read(cloud.position, 3 * i, out, i * parts);
    return out;
  });
}

/** How many vertices of each part lie in and around each cell of space. */
class Density {
  readonly #low = [Infinity, Infinity, Infinity];
  readonly #size = [0, 0, 0];
  readonly #count: Float32Array;

  constructor(
    clouds: Cloud[],
    private readonly parts: number,
  ) {
    const high = [-Infinity, -Infinity, -Infinity];
    for (const { position } of clouds)
      for (let i = 0; i < position.length; i++) {
        this.#low[i % 3] = Math.min(this.#low[i % 3]!, position[i]!);
        high[i % 3] = Math.max(high[i % 3]!, position[i]!);
      }
    for (const c of [0, 1, 2]) this.#size[c] = Math.max(1, Math.floor((high[c]! - this.#low[c]!) / CELL) + 2);
    this.#count = new Float32Array(this.#size[0]! * this.#size[1]! * this.#size[2]! * parts);
    for (const { position, part } of clouds) for (let i = 0; i < position.length; i += 3) this.#spread(position, i, (cell, w) => (this.#count[cell * parts + part]! += w));
  }

  read(position: Float32Array, at: number, out: Float32Array, row: number): void {
    let total = 0;
    this.#spread(position, at, (cell, w) => {
      for (let p = 0; p < this.parts; p++) {
        const share = w * this.#count[cell * this.parts + p]!;
        out[row + p]! += share;
        total += share;
      }
    });
    for (let p = 0; p < this.parts; p++) out[row + p]! /= total || 1;
  }

  /** The eight cells around a point with their weights. */
  #spread(position: Float32Array, at: number, visit: (cell: number, weight: number) => void): void {
    const g = [0, 1, 2].map((c) => (position[at + c]! - this.#low[c]!) / CELL);
    const base = g.map((v, c) => Math.min(this.#size[c]! - 2, Math.max(0, Math.floor(v))));
    for (let corner = 0; corner < 8; corner++) {
      let [weight, cell] = [1, 0];
      for (const c of [2, 1, 0]) {
        const bit = (corner >> c) & 1;
        const share = g[c]! - base[c]!;
        weight *= bit ? share : 1 - share;
        cell = cell * this.#size[c]! + base[c]! + bit;
      }
      if (weight > 0) visit(cell, weight);
    }
  }
}
