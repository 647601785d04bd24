import { describe, expect, it } from 'vitest';
import { placeOf, scaleOf, stretch } from '../src/twin/tornado';
import type { Bar } from '../src/wire/types';

const bar = (at_low: number | null, at_high: number | null): Bar => ({
  name: 'a', label: 'a', unit: '1', low: 0, high: 1, at_low, at_high, share: null, lo: null, hi: null,
});

describe('where the bars of a tornado stand', () => {
  it('spans every end and the middle, also of bars that fall', () => {
    const scale = scaleOf([bar(10, 30), bar(24, 18)], 20);
    expect([scale.from, scale.to]).toEqual([10, 30]);
    expect(placeOf(20, scale)).toBe(50);
    expect(stretch(30, 20, scale)).toEqual({ left: 50, width: 50 });
    expect(stretch(18, 20, scale)).toEqual({ left: 40, width: 10 });
  });

  it('draws nothing of what failed, and stands in the middle when nothing moves', () => {
    const scale = scaleOf([bar(null, null)], 5);
    expect(stretch(5, 5, scale)).toEqual({ left: 50, width: 0 });
    expect(scale.digits).toBe(2);
  });
});
