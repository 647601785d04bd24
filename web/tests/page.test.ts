// @vitest-environment node
import { describe, expect, it, vi } from 'vitest';
import { cellAt, gridFor } from '../src/fleet/cells';
import { waterfall } from '../src/fleet/waterfall';
import { clusters, collides, gapSpans, within } from '../src/time/marks';
import { timeScale } from '../src/time/scale';
import { standing, unknown } from '../src/twin/standing';
import { watchOf } from '../src/twin/watch';
import { hueOf } from '../src/ui/hue';
import type { Mark, Value, View } from '../src/wire/types';

const VALUE: Value = {
  value: 94, unit: '%', role: 'measured', quality: 'good', reason: null, t: 1000, arrived: 1000, due: 60, stale_after: 300,
  sigma: null, lo: null, hi: null, step: 1, word: null, remark: null, aside: null, flag: null,
};

describe('how a value stands', () => {
  it('grows stale by itself', () => {
    expect(standing(VALUE, 1200, false)).toBe('good');
    expect(standing(VALUE, 1301, false)).toBe('stale');
  });
  it('is never live when the link is cut', () => expect(standing(VALUE, 1001, true)).toBe('cut'));
  it('is missing without a value, whatever its quality', () => {
    expect(standing({ ...VALUE, value: null }, 1000, false)).toBe('missing');
    expect(standing(null, 1000, false)).toBe('missing');
  });
  it('is not called missing before anybody has asked', () => expect([unknown(false), unknown(true)]).toEqual(['being read...', 'nothing has arrived yet']));
  it('is an estimate where nobody measured', () => expect(standing({ ...VALUE, role: 'estimate', quality: 'estimated' }, 1000, false)).toBe('estimate'));
});

const mark = (t: number, severity: Mark['severity'], state = 'raised'): Mark => ({ t, kind: 'alarm', severity, state, text: '', ref: `${t}`, signal: null, short: null, from: null });

describe('marks on the bar', () => {
  const scale = timeScale(0, 1000, 1000);
  it('that would touch become the highest of them and how many more', () => {
    const found = clusters([mark(500, 'medium'), mark(510, 'high'), mark(512, 'low'), mark(800, 'low')], scale, 20);
    expect(found.map((c) => [c.mark.severity, c.more])).toEqual([['high', 2], ['low', 0]]);
  });
  it('prefer what nobody has acknowledged', () => {
    const found = clusters([mark(500, 'low'), mark(505, 'high', 'acknowledged')], scale, 20);
    expect(found[0]!.mark.severity).toBe('low');
  });
  it('leave room for the count of those that were joined', () => {
    const found = clusters([mark(470, 'low'), mark(500, 'medium'), mark(510, 'high')], scale, 20);
    expect(found.map((c) => [c.mark.severity, c.more])).toEqual([['high', 2]]);
  });
  it('keep their words only where there is room', () => {
    expect(collides(100, 'verified, 11 Nov', [{ x: 210, text: 'no cuff' }])).toBe(true);
    expect(collides(100, 'verified, 11 Nov', [{ x: 300, text: 'no cuff' }])).toBe(false);
  });
  it('keep the words of a gap inside the panel', () => {
    const [near, far] = within([{ x: 2, text: 'no cuff for a day' }, { x: 300, text: 'no cuff' }], -30);
    expect(near!.x).toBeCloseTo(-30 + (17 * 6.3) / 2);
    expect(far!.x).toBe(300);
  });
  it('leave the bar broken where there are no data', () => {
    const { solid, broken } = gapSpans([{ from: 300, to: 400, text: 'no cuff' }], scale, 700);
    expect(solid).toEqual([{ from: 0, to: 300 }, { from: 400, to: 700 }]);
    expect(broken).toHaveLength(1);
  });
});

describe('the field of a fleet', () => {
  it('fits all cells', () => {
    for (const count of [1, 12, 500, 5000]) {
      const grid = gridFor(count, 101, 82);
      expect(grid.rows * grid.columns).toBeGreaterThanOrEqual(count);
      expect(grid.rows * grid.pitch).toBeLessThanOrEqual(82.5);
    }
  });
  it('finds the cell under the pointer, worst first from the left', () => {
    const grid = { columns: 3, rows: 2, pitch: 10 };
    expect(cellAt(grid, 5, 5, 15)).toBe(1);
    expect(cellAt(grid, 5, 15, 5)).toBe(2);
    expect(cellAt(grid, 5, 25, 15)).toBe(-1);
    expect(cellAt(grid, 5, -1, 5)).toBe(-1);
  });
});

describe('money', () => {
  const bars = [
    { label: 'as is', kind: 'total' as const, value: 100, lo: null, hi: null },
    { label: 'less', kind: 'step' as const, value: -40, lo: null, hi: null },
    { label: 'with', kind: 'future' as const, value: 60, lo: 50, hi: 75 },
  ];
  it('starts at zero and falls step by step', () => {
    const { zero, bars: made } = waterfall(bars, 300, 200);
    expect(made[0]!.y + made[0]!.height).toBeCloseTo(zero);
    expect(made[1]!.y).toBeCloseTo(made[0]!.y);
    expect(made[1]!.y + made[1]!.height).toBeCloseTo(made[2]!.y);
    expect(made[2]!.whisker).not.toBeNull();
  });
});

describe('hues', () => {
  it('belong to the options: 0 is grey', () => expect(['0', 'A', 'B', 'C', 'D'].map(hueOf)).toEqual(['opt-0', 'opt-a', 'opt-b', 'opt-c', 'opt-a']));
});

describe('what is watched', () => {
  it('is what is shown, and each once', () => {
    const view = {
      twin: 'A/1', vitals: [{ label: '', signals: ['a', 'b'], source: '', text: null }], charts: [{ signal: 'a' }],
      scene: { parts: [{ signals: { l: 'c' }, patches: [{ signals: { l: 'd' } }] }], callouts: [{ signal: 'a' }, { signal: null }], motion: { chambers: [{}], spin: [{ signal: 'e' }] } },
    } as unknown as View;
    expect(watchOf(view)).toEqual({ twin: 'A/1', fields: ['a', 'b', 'c', 'd', 'e'], samples: ['a'], cycle: true });
  });
});

describe('addresses and links', () => {
  it('name the views', async () => {
    const { routeOf } = await import('../src/state/route.svelte');
    expect(routeOf('#/twins/Heart/H-0417')).toEqual({ name: 'twin', twin: 'Heart/H-0417' });
    expect(routeOf('#/fleets/Pump')).toEqual({ name: 'fleet', type: 'Pump' });
    expect(routeOf('#/wall/ward%204')).toEqual({ name: 'wall', wall: 'ward 4' });
    expect(routeOf('')).toEqual({ name: 'home' });
  });
  it('wait longer each time, up to eight seconds, and not all alike', async () => {
    vi.stubGlobal('document', { baseURI: 'http://pollux.test/' });
    const { backoff } = await import('../src/wire/socket');
    expect(backoff(0, 1)).toBe(250);
    expect(backoff(3, 1)).toBe(2000);
    expect(backoff(30, 1)).toBe(8000);
    expect(backoff(30, 0)).toBe(4000);
    vi.unstubAllGlobals();
  });
});
