import { describe, expect, it } from 'vitest';
import { decimate, lowerBound } from '../src/chart/decimate';
import { fared, spreadAt } from '../src/chart/fan';
import { endLabels } from '../src/chart/labels';
import { lineOf, thinned } from '../src/chart/line';
import { rangeOf } from '../src/chart/range';
import { Ring } from '../src/chart/ring';
import type { Chart, Series } from '../src/wire/types';

const samples = (n: number, of: (i: number) => number) => ({ t: Float64Array.from({ length: n }, (_, i) => i), v: Float64Array.from({ length: n }, (_, i) => of(i)) });

describe('decimation', () => {
  it('keeps at most two samples a column, and every extreme', () => {
    const all = samples(100_000, (i) => Math.sin(i / 50) + (i === 54_321 ? 40 : 0));
    const few = decimate(all, 0, 100_000, 500);
    expect(few.t.length).toBeLessThanOrEqual(2 * 501);
    expect(few.reduced).toBe(true);
    expect(Math.max(...few.v)).toBe(Math.max(...all.v));
    expect(Math.min(...few.v)).toBe(Math.min(...all.v));
  });
  it('keeps samples in the order of time', () => {
    const { t } = decimate(samples(5000, (i) => (i * 7919) % 101), 0, 5000, 100);
    expect([...t]).toEqual([...t].sort((a, b) => a - b));
  });
  it('does not flicker while the window slides: columns lie in absolute time', () => {
    const all = samples(10_000, (i) => (i * 7919) % 997);
    const inside = (from: number) => [...decimate(all, from, from + 6000, 200).t].filter((t) => t > 2100 && t < 5900);
    expect(inside(2000)).toEqual(inside(2037));
  });
  it('keeps a gap a gap', () => {
    const few = decimate(samples(10_000, (i) => (i === 5000 ? NaN : 1)), 0, 10_000, 100);
    expect([...few.v].some(Number.isNaN)).toBe(true);
  });
  it('leaves few samples as they are', () => {
    const few = decimate(samples(10, (i) => i), 0, 10, 100);
    expect(few.reduced).toBe(false);
    expect(few.t.length).toBe(10);
  });
  it('finds the first moment that is not before another', () => expect(lowerBound([1, 3, 3, 5], 3)).toBe(1));
});

describe('a ring', () => {
  it('keeps the newest and never grows', () => {
    const ring = new Ring(4);
    for (let i = 0; i < 11; i++) ring.push(i, 10 * i);
    expect([...ring.columns().t]).toEqual([7, 8, 9, 10]);
    expect([...ring.columns().v]).toEqual([70, 80, 90, 100]);
    expect(ring.size).toBe(4);
  });
  it('refuses what is late', () => {
    const ring = new Ring(4);
    ring.push(5, 1);
    expect(ring.push(5, 2)).toBe(false);
    expect(ring.size).toBe(1);
  });
});

const series = (parts: Partial<Series>): Series => ({ field: 'x', role: 'measured', unit: '', raw: true, t: [], v: [], q: [], lo: [], hi: [], gaps: [], ...parts });

describe('a line', () => {
  it('walks on from history into what came since, and into now', () => {
    const ring = new Ring(8);
    ring.push(2, 20);
    ring.push(4, 40);
    const line = lineOf(series({ t: [1, 2, 3], v: [10, 20, 30] }), ring.columns(), { t: 5, v: 50, lo: NaN, hi: NaN });
    expect([...line.t]).toEqual([1, 2, 3, 4, 5]);
    expect([...line.v]).toEqual([10, 20, 30, 40, 50]);
  });
  it('is never joined across a gap', () => {
    const line = lineOf(series({ t: [1, 2, 8, 9], v: [1, 2, 8, 9], gaps: [{ from: 3, to: 7, text: 'no cuff' }] }), new Ring(1).columns(), null);
    expect([...line.v]).toEqual([1, 2, NaN, 8, 9]);
  });
  it('leaves out what nobody believes', () => {
    const line = lineOf(series({ t: [1, 2, 3], v: [1, 900, 3], q: [1, 3, 1] }), new Ring(1).columns(), null);
    expect([...line.v]).toEqual([1, 3]);
  });
  it('says when it shows extremes and not samples', () => {
    const many = lineOf(series({ t: [...Array(1000).keys()], v: [...Array(1000).keys()] }), new Ring(1).columns(), null);
    expect(thinned(many, 0, 1000, 50).raw).toBe(false);
    expect(thinned(many, 0, 1000, 5000).raw).toBe(true);
  });
});

const chart: Chart = { label: '', signal: 'x', note: null, text: null, low: null, high: null, zero: false, limits: [] };

describe('the vertical scale', () => {
  it('holds the line, the fans and what must be shown', () => {
    const line = lineOf(series({ t: [1, 2], v: [5, 7] }), new Ring(1).columns(), null);
    const [low, high] = rangeOf({ ...chart, low: 4 }, line, [{ unit: '', p5: [6], p50: [8], p95: [12] }], 0, 10);
    expect(low).toBeLessThan(4);
    expect(high).toBeGreaterThan(12);
    expect(low).toBeGreaterThan(0);
  });
  it('exists when nothing is known', () => expect(rangeOf(chart, null, [], 0, 1)).toEqual([0, 1]));
});

describe('a fan', () => {
  const fan = { unit: 'kg', p5: [1, 0], p50: [2, 4], p95: [3, null] };
  it('is linear between its points', () => expect(spreadAt([0, 10], { ...fan, p95: [3, 8] }, 5)).toEqual({ p5: 0.5, p50: 3, p95: 5.5 }));
  it('says nothing outside its grid or where it knows nothing', () => {
    expect(spreadAt([0, 10], fan, 11)).toBeNull();
    expect(spreadAt([0, 10], fan, 5)).toBeNull();
    expect(spreadAt([], fan, 5)).toBeNull();
  });
  it('says how what came later lies in it, and only what came later', () => {
    const wide = { unit: 'kg', p5: [0, 0], p50: [1, 1], p95: [2, 2] };
    expect(fared([1, 3, 4, 5], [9, 1, NaN, 3], [2, 10], wide, 2)).toEqual({ of: 2, inside: 1, newest: false });
    expect(fared([3, 5], [3, 1], [2, 10], wide, 2)?.newest).toBe(true);
    expect(fared([1, 2], [1, 1], [2, 10], wide, 2)).toBeNull();
  });
});

describe('labels at the ends of lines', () => {
  it('are kept apart, inside, and in order', () => {
    const placed = endLabels([{ y: 100 }, { y: 96 }, { y: 140 }], 34, 40, 160);
    const tops = placed.map((p) => p.top);
    for (let i = 1; i < tops.length; i++) expect(tops[i]! - tops[i - 1]!).toBeGreaterThanOrEqual(34);
    expect(tops[0]).toBeGreaterThanOrEqual(40);
    expect(tops.at(-1)!).toBeLessThanOrEqual(160);
  });
});
