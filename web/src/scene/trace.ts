export interface Span {
  low: number;
  high: number;
}

export function spanOf(values: number[]): Span | null {
  return values.length === 0 ? null : { low: Math.min(...values), high: Math.max(...values) };
}

/** Where a share of the turn lies in a small picture: along time, or as a loop over another column. */
export function place(xs: number[] | null, ys: number[], width: number, height: number): (share: number) => [number, number] {
  const pad = 5;
  const y = scale(ys, height - pad, pad);
  const x = xs ? scale(xs, pad, width - pad) : null;
  return (share) => {
    const row = share * ys.length;
    return [x ? x(between(xs!, row)) : pad + share * (width - 2 * pad), y(between(ys, row))];
  };
}

function scale(values: number[], from: number, to: number): (v: number) => number {
  const { low, high } = spanOf(values)!;
  return (v) => from + ((v - low) / (high - low || 1)) * (to - from);
}

/** Linear between rows; after the last comes the first again. */
function between(values: number[], row: number): number {
  const i = Math.floor(row) % values.length;
  const next = values[(i + 1) % values.length]!;
  return values[i]! + (next - values[i]!) * (row - Math.floor(row));
}
