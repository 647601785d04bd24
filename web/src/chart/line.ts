import { QUALITIES, type Gap, type Role, type Series } from '../wire/types';
import { decimate, lowerBound } from './decimate';
import type { Columns } from './ring';

/** One signal ready to be drawn: NaN where the line must not pass. */
export interface Line extends Columns {
  role: Role;
  gaps: Gap[];
  /** The samples themselves, not extremes. */
  raw: boolean;
}

export interface Tail {
  t: number;
  v: number;
  lo: number;
  hi: number;
}

/** History, then what came since, then the value of now; gaps stay gaps. */
export function lineOf(series: Series, since: Columns, tail: Tail | null): Line {
  const old = believed(series, { t: Float64Array.from(series.t), v: numbers(series.v), lo: padded(series.lo, series.t), hi: padded(series.hi, series.t) });
  const joined = withTail(join(old, since), tail);
  return { ...parted(joined, series.gaps), role: series.role, gaps: series.gaps, raw: series.raw };
}

/** Without the samples that nobody believes: they are listed where they were set aside, and are no course of anything. */
function believed(series: Series, columns: Columns): Columns {
  if (!series.raw || !series.q.includes(BAD)) return columns;
  const keep = (c: Float64Array) => c.filter((_, i) => series.q[i] !== BAD);
  return { t: keep(columns.t), v: keep(columns.v), lo: keep(columns.lo), hi: keep(columns.hi) };
}

const BAD = QUALITIES.indexOf('bad');

function numbers(values: (number | null)[]): Float64Array {
  return Float64Array.from(values, (v) => v ?? NaN);
}

function padded(values: (number | null)[], t: number[]): Float64Array {
  return values.length === t.length ? numbers(values) : new Float64Array(t.length).fill(NaN);
}

function join(old: Columns, since: Columns): Columns {
  const last = old.t.at(-1) ?? -Infinity;
  const from = lowerBound(since.t, last + 1e-6);
  const both = (a: Float64Array, b: Float64Array) => {
    const out = new Float64Array(a.length + b.length - from);
    out.set(a);
    out.set(b.subarray(from), a.length);
    return out;
  };
  return { t: both(old.t, since.t), v: both(old.v, since.v), lo: both(old.lo, since.lo), hi: both(old.hi, since.hi) };
}

function withTail(columns: Columns, tail: Tail | null): Columns {
  const last = columns.t.at(-1) ?? -Infinity;
  if (tail === null || tail.t <= last) return columns;
  const plus = (a: Float64Array, v: number) => Float64Array.of(...a, v);
  return { t: plus(columns.t, tail.t), v: plus(columns.v, tail.v), lo: plus(columns.lo, tail.lo), hi: plus(columns.hi, tail.hi) };
}

/** Puts a NaN into every gap that lies between two samples. */
export function parted(columns: Columns, gaps: Gap[]): Columns {
  const cuts = gaps.map((gap) => (gap.from + gap.to) / 2).filter((t) => between(columns.t, t));
  if (cuts.length === 0) return columns;
  const order = [...columns.t.keys()].map((i) => ({ t: columns.t[i]!, i }));
  const all = [...order, ...cuts.map((t) => ({ t, i: -1 }))].sort((a, b) => a.t - b.t);
  const take = (c: Float64Array) => Float64Array.from(all, ({ i }) => (i < 0 ? NaN : c[i]!));
  return { t: Float64Array.from(all, ({ t }) => t), v: take(columns.v), lo: take(columns.lo), hi: take(columns.hi) };
}

function between(times: Float64Array, t: number): boolean {
  const at = lowerBound(times, t);
  return at > 0 && at < times.length;
}

/** At most two samples a pixel column; a band keeps all its points, it comes decimated from the server. */
export function thinned(line: Line, from: number, to: number, columns: number): Line {
  if (line.role === 'estimate') return line;
  const { t, v, reduced } = decimate(line, from, to, columns);
  const none = new Float64Array(t.length).fill(NaN);
  return { ...line, t, v, lo: none, hi: none, raw: line.raw && !reduced };
}
