/** Where the labels of a scene stand, beside the thing and not on it. */
export interface Anchor {
  side: 'left' | 'right';
  x: number;
  y: number;
}

export interface Placed {
  /** Top of the label. */
  top: number;
}

const HIGH = 54; // a label of three lines
const APART = 60;

/** Wide and low: then the labels stand in the upper corners, and the thing has the width. */
export function isWide(width: number, height: number): boolean {
  return width > 1.1 * height;
}

/** Labels in two columns: between the height of their anchor and an even share of the column, never over each other. */
export function place(anchors: Anchor[], height: number, wide = false): Placed[] {
  const placed: Placed[] = anchors.map(() => ({ top: 0 }));
  for (const side of ['left', 'right'] as const) {
    const order = anchors.map((a, i) => ({ a, i })).filter(({ a }) => a.side === side);
    order.sort((p, q) => p.a.y - q.a.y);
    const wanted = order.map(({ a }, n) => (wide ? n * APART : even(n, order.length, height) * 0.6 + (a.y - HIGH / 2) * 0.4));
    const tops = spread(wanted, height);
    order.forEach(({ i }, n) => (placed[i] = { top: tops[n]! }));
  }
  return placed;
}

/** Even shares of the column: one label in the middle, two and more from near the top to near the bottom. */
function even(n: number, count: number, height: number): number {
  const share = count === 1 ? 0.4 : 0.02 + (0.88 * n) / (count - 1);
  return share * (height - HIGH);
}

function spread(tops: number[], height: number): number[] {
  const out = tops.map((t) => Math.min(height - HIGH, Math.max(0, t)));
  for (let i = 1; i < out.length; i++) out[i] = Math.max(out[i]!, out[i - 1]! + APART);
  const over = (out.at(-1) ?? 0) - (height - HIGH);
  if (over > 0) for (let i = out.length - 1; i >= 0; i--) out[i] = Math.min(out[i]! - (i === out.length - 1 ? over : 0), (out[i + 1] ?? Infinity) - APART);
  return out;
}
