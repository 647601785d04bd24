import type { Gap, Mark, Severity } from '../wire/types';
import type { TimeScale } from './scale';

export interface Cluster {
  x: number;
  mark: Mark;
  /** How many others stand in the same place. */
  more: number;
}

const RANK: Record<Severity, number> = { high: 3, medium: 2, low: 1 };

/** Marks that would touch become one: the highest of them, and how many more. */
export function clusters(marks: Mark[], scale: TimeScale, apart: number): Cluster[] {
  const inside = marks.filter((m) => m.t >= scale.from && m.t <= scale.to).sort((a, b) => a.t - b.t);
  const found: Cluster[] = [];
  for (const mark of inside) {
    const x = scale.x(mark.t);
    const last = found.at(-1);
    if (last && x - last.x < apart) join(last, mark, 1);
    else found.push({ x, mark, more: 0 });
    crowd(found, apart);
  }
  return found;
}

/** A count stands left of its sign and needs as much room again: without it the one before joins in. */
function crowd(found: Cluster[], apart: number): void {
  const [before, last] = [found.at(-2), found.at(-1)];
  if (!before || !last || last.more === 0 || last.x - before.x >= 1.9 * apart) return;
  found.splice(-2, 2, join({ ...before, x: last.x }, last.mark, last.more + 1));
}

function join(cluster: Cluster, mark: Mark, count: number): Cluster {
  cluster.more += count;
  if (rank(mark) >= rank(cluster.mark)) cluster.mark = mark;
  return cluster;
}

const LETTER = 6.3; // pixels, about

/** Centred texts that would begin left of a border are moved until they begin there. */
export function within<T extends { x: number; text: string }>(labels: T[], border: number): T[] {
  return labels.map((label) => ({ ...label, x: Math.max(label.x, border + (label.text.length * LETTER) / 2) }));
}

/** Whether a text that begins at `x` would run into one that is centred elsewhere. */
export function collides(x: number, text: string, others: { x: number; text: string }[]): boolean {
  const end = x + 16 + text.length * LETTER;
  return others.some((o) => o.x + (o.text.length * LETTER) / 2 > x && o.x - (o.text.length * LETTER) / 2 < end);
}

/** Raised before acknowledged, then by severity. */
function rank(mark: Mark): number {
  return (mark.state === 'raised' ? 10 : 0) + (mark.severity ? RANK[mark.severity] : 0);
}

export interface Piece {
  from: number;
  to: number;
}

/** The bar of the past in pixels: solid where there are data, broken where there are none, with the words of the gaps. */
export function gapSpans(gaps: Gap[], scale: TimeScale, now: number): { solid: Piece[]; broken: Piece[]; labels: { x: number; text: string }[] } {
  const broken = gaps
    .filter((g) => g.to > scale.from && g.from < now)
    .map((g) => ({ from: scale.x(Math.max(g.from, scale.from)), to: scale.x(Math.min(g.to, now)), text: g.text }))
    .sort((a, b) => a.from - b.from);
  const solid: Piece[] = [];
  let from = 0;
  for (const piece of broken) {
    if (piece.from > from) solid.push({ from, to: piece.from });
    from = Math.max(from, piece.to);
  }
  const end = scale.x(now);
  if (end > from) solid.push({ from, to: end });
  return { solid, broken, labels: broken.map((b) => ({ x: (b.from + b.to) / 2, text: b.text })) };
}
