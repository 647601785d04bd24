/** One turn of a cycle: rows in time, columns as named. */
export interface Turn {
  columns: string[];
  values: ArrayLike<number>;
  /** Seconds between rows. */
  dt: number;
}

/** Plays a turn round and round; a new turn is taken up at the phase reached, so that nothing jumps. */
export class Beat {
  phase = 0;
  #turn: Turn | null = null;
  #rows = 0;
  #mean: number[] = [];
  #heard = -Infinity;
  #last = -1;

  get period(): number {
    return this.#turn ? this.#rows * this.#turn.dt : 0;
  }

  hear(turn: Turn, now: number): void {
    const width = turn.columns.length;
    this.#rows = width === 0 ? 0 : Math.floor(turn.values.length / width);
    this.#turn = this.#rows > 1 && turn.dt > 0 ? turn : null;
    this.#mean = turn.columns.map((_, c) => mean(turn.values, c, width, this.#rows));
    this.#heard = now;
  }

  stop(): void {
    this.#turn = null;
  }

  /** Too old to be shown as living: five turns and three seconds without news. */
  alive(now: number): boolean {
    return this.#turn !== null && now - this.#heard < 5 * this.period + 3;
  }

  /** Moves on to `now` (seconds of the page). */
  advance(now: number): void {
    const gone = this.#last < 0 ? 0 : Math.min(0.25, Math.max(0, now - this.#last));
    this.#last = now;
    if (this.period > 0) this.phase = (this.phase + gone / this.period) % 1;
  }

  /** How much larger than on average a body of this volume is now: cube root of volume over mean, less one. */
  swelling(column: string): number {
    const value = this.value(column);
    const usual = this.#mean[this.#turn?.columns.indexOf(column) ?? -1];
    return value === null || !usual ? 0 : Math.cbrt(value / usual) - 1;
  }

  /** All rows of a column, or nothing. */
  column(name: string): number[] {
    const turn = this.#turn;
    const c = turn?.columns.indexOf(name) ?? -1;
    return turn && c >= 0 ? Array.from({ length: this.#rows }, (_, r) => turn.values[r * turn.columns.length + c]!) : [];
  }

  /** The value of a column at the phase, linear between rows. */
  value(column: string): number | null {
    const turn = this.#turn;
    const c = turn?.columns.indexOf(column) ?? -1;
    if (!turn || c < 0) return null;
    const place = this.phase * this.#rows;
    const row = Math.floor(place) % this.#rows;
    const next = (row + 1) % this.#rows;
    const width = turn.columns.length;
    const [a, b] = [turn.values[row * width + c]!, turn.values[next * width + c]!];
    return a + (b - a) * (place - Math.floor(place));
  }
}

function mean(values: ArrayLike<number>, column: number, width: number, rows: number): number {
  let sum = 0;
  for (let r = 0; r < rows; r++) sum += values[r * width + column]!;
  return sum / rows;
}
