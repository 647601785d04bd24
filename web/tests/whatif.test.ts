// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { simulatedAt } from '../src/chart/simulated';
import { expiryOf } from '../src/twin/expiry';
import type { Fork, Order } from '../src/wire/types';

const fork = {
  grid: [0, 10],
  fans: { A: { strain: { unit: '%', p5: [-8, -9], p50: [-7, -8], p95: [-6, -7] } } },
  chances: { A: { failure: { unit: '%', value: 2, lo: 0, hi: 9, text: 'in 7 days' } } },
} as unknown as Fork;

describe('what an option says', () => {
  it('is the median of its futures at the moment, with their interval', () =>
    expect(simulatedAt(fork, 'A', 'strain', 5, null)).toMatchObject({ value: -7.5, lo: -8.5, hi: -6.5, quality: 'simulated' }));
  it('is how often an event came over the run, whatever the moment', () =>
    expect(simulatedAt(fork, 'A', 'failure', 3, null)).toMatchObject({ value: 2, lo: 0, hi: 9, remark: 'in 7 days' }));
  it('is nothing of what was not recorded, and beyond the run', () => {
    expect(simulatedAt(fork, 'A', 'potassium', 5, null)).toBeNull();
    expect(simulatedAt(fork, 'B', 'strain', 5, null)).toBeNull();
    expect(simulatedAt(fork, 'A', 'strain', 11, null)).toBeNull();
  });
});

const order = (...reached: string[]) =>
  ({ expires: 100, end: null, stations: ['proposed', 'sent', 'done', 'verified'].map((key) => ({ key, label: key, text: null, t: reached.includes(key) ? 1 : null })) }) as unknown as Order;

describe('an order', () => {
  it('says by when it must be sent, and then done', () => {
    expect(expiryOf(order('proposed'), 40)).toContain('if it is not sent');
    expect(expiryOf(order('proposed', 'sent'), 40)).toContain('if it is not done');
    expect(expiryOf(order('proposed'), 101)).toBe('expired');
  });
  it('cannot expire once it is done', () => expect(expiryOf(order('proposed', 'sent', 'done'), 101)).toBeNull());
});
