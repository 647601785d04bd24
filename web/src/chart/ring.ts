/** Samples of one signal in columns; `lo` and `hi` are NaN where there is no interval. */
export interface Columns {
  t: Float64Array;
  v: Float64Array;
  lo: Float64Array;
  hi: Float64Array;
}

/** The newest samples of one signal in buffers of fixed size: they never grow with time. */
export class Ring {
  readonly #columns: Columns;
  #head = 0;
  #size = 0;

  constructor(readonly capacity: number) {
    const column = () => new Float64Array(capacity);
    this.#columns = { t: column(), v: column(), lo: column(), hi: column() };
  }

  get size(): number {
    return this.#size;
  }

  get newest(): number {
    if (this.#size === 0) return -Infinity;
    return this.#columns.t[(this.#head + this.capacity - 1) % this.capacity]!;
  }

  /** Samples not newer than the newest are late: the next history has them in their place. */
  push(t: number, v: number, lo = NaN, hi = NaN): boolean {
    if (t <= this.newest) return false;
    const { t: ts, v: vs, lo: los, hi: his } = this.#columns;
    [ts[this.#head], vs[this.#head], los[this.#head], his[this.#head]] = [t, v, lo, hi];
    this.#head = (this.#head + 1) % this.capacity;
    this.#size = Math.min(this.#size + 1, this.capacity);
    return true;
  }

  clear(): void {
    this.#head = 0;
    this.#size = 0;
  }

  /** A copy in the order of time. */
  columns(): Columns {
    const { t, v, lo, hi } = this.#columns;
    return { t: this.#ordered(t), v: this.#ordered(v), lo: this.#ordered(lo), hi: this.#ordered(hi) };
  }

  #ordered(column: Float64Array): Float64Array {
    const first = (this.#head + this.capacity - this.#size) % this.capacity;
    const out = new Float64Array(this.#size);
    const straight = Math.min(this.#size, this.capacity - first);
    out.set(column.subarray(first, first + straight));
    out.set(column.subarray(0, this.#size - straight), straight);
    return out;
  }
}
