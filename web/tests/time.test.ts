import { describe, expect, it } from 'vitest';
import { calendar, every, span } from '../src/text/time';
import { ticks, timeScale } from '../src/time/scale';

const T = Date.UTC(2026, 10, 23, 10, 42, 16) / 1000;

describe('durations', () => {
  it('have two units at most', () => {
    expect([2.9, 14 * 60, 7860, 86400, 100800, 12 * 86400].map(span)).toEqual(['2 s', '14 min', '2 h 11 min', '1 day', '1 day 4 h', '12 days']);
  });
  it('are never negative', () => expect(span(-5)).toBe('0 s'));
  it('that come again are said shortly', () => expect(every(86400)).toBe('day'));
});

describe('a calendar', () => {
  const utc = calendar('UTC');
  it('writes moments in the zone of the site', () => {
    expect(utc.clock(T)).toBe('10:42:16');
    expect(utc.date(T)).toBe('Mon 23 Nov 2026');
    expect(calendar('Asia/Tokyo').clock(T)).toBe('19:42:16');
  });
  it('has months of three letters', () => expect(utc.short(Date.UTC(2026, 8, 3) / 1000)).toBe('3 Sep'));
  it('says the time of today and the date of other days', () => {
    expect(utc.near(T - 3600, T)).toBe('09:42');
    expect(utc.near(T - 86400, T)).toBe('22 Nov');
  });
  it('knows midnight in its zone', () => expect(calendar('Asia/Tokyo').midnight(T)).toBe(Date.UTC(2026, 10, 22, 15) / 1000));
});

describe('the scale of time', () => {
  const scale = timeScale(T, T + 1000, 500);
  it('goes to pixels and back', () => {
    expect(scale.x(T + 500)).toBe(250);
    expect(scale.t(scale.x(T + 123))).toBeCloseTo(T + 123, 6);
  });
  it('keeps ticks apart', () => {
    for (const [span, width] of [[600, 300], [86400, 400], [21 * 86400, 700], [90 * 86400, 300]] as const) {
      const s = timeScale(T, T + span, width);
      const xs = ticks(s, 60, calendar('UTC').midnight).map((tick) => s.x(tick.t));
      expect(xs.length).toBeGreaterThan(0);
      for (let i = 1; i < xs.length; i++) expect(xs[i]! - xs[i - 1]!).toBeGreaterThanOrEqual(59.9);
    }
  });
  it('keeps ticks on their dates while the window slides', () => {
    const at = (shift: number) => ticks(timeScale(T + shift, T + shift + 21 * 86400, 700), 60, calendar('UTC').midnight).map((tick) => tick.t);
    const [a, b] = [at(0), at(5000)];
    expect(b.filter((t) => t < T + 20 * 86400).every((t) => a.includes(t))).toBe(true);
  });
});
