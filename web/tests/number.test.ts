import { describe, expect, it } from 'vitest';
import { bandOf, counted, decimals, interval, told, unitText, written } from '../src/text/number';

describe('an interval', () => {
  const value = { role: 'estimate', value: 10, sigma: 2, lo: null, hi: null };
  it('is the one that was told, or that of a standard deviation for what is estimated', () => {
    expect(bandOf({ ...value, lo: 7, hi: 15 })).toEqual({ lo: 7, hi: 15 });
    expect(bandOf(value)?.lo).toBeCloseTo(6.71, 2);
  });
  it('is not made up for what is measured', () => {
    expect(bandOf({ ...value, role: 'measured' })).toBeNull();
    expect(bandOf({ ...value, sigma: null })).toBeNull();
  });
});

describe('a unit', () => {
  it('is written as people say it', () => {
    expect(unitText('1/min')).toBe('/min');
    expect(unitText('mmol/l')).toBe('mmol/l');
    expect(unitText('degC')).toBe('°C');
    expect(unitText('K/degC')).toBe('K/degC');
  });
});

describe('numbers', () => {
  it('show digits down to a third of their standard deviation', () => {
    expect(told(21.07, { sigma: 5.5 })).toBe('21');
    expect(told(76.314, { sigma: 0.4 })).toBe('76.3');
    expect(told(0.7134, { sigma: 0.043 })).toBe('0.71');
  });
  it('never show more than their step', () => {
    expect(told(88.04, { sigma: 0.2, step: 1 })).toBe('88');
    expect(told(86.93, { sigma: 0.01, step: 0.1 })).toBe('86.9');
  });
  it('take the standard deviation from an interval where none is given', () => {
    expect(decimals(-5.8, { lo: -9.9, hi: -1.6 })).toBe(1);
    expect(decimals(107, { lo: 96, hi: 117 })).toBe(0);
  });
  it('show three digits when nothing is known of their doubt', () => {
    expect(told(0.0123456)).toBe('0.0123');
    expect(told(12345.6)).toBe('12,346');
    expect(told(0)).toBe('0');
  });
  it('have a true minus, commas and, where asked, a plus', () => {
    expect(written(-1234567.25, 1)).toBe('\u22121,234,567.3');
    expect(written(3.6, 1, true)).toBe('+3.6');
    expect(written(999, 0)).toBe('999');
  });
  it('are never minus zero', () => {
    expect(written(-0.004, 1)).toBe('0.0');
    expect(written(-0.004, 1, true)).toBe('0.0');
  });
  it('are a dash when they are no number', () => {
    expect(written(NaN, 1)).toBe('–');
    expect(written(Infinity, 0)).toBe('–');
  });
  it('have intervals in words', () => {
    expect(interval(12.2, 30.4, { step: 1 })).toBe('12 to 30');
    expect(interval(-9.9, -1.6)).toBe('\u22129.9 to \u22121.6');
  });
  it('have no unit when they are pure', () => {
    expect(unitText('1')).toBe('');
    expect(unitText('mmHg')).toBe('mmHg');
  });
  it('count with their noun', () => {
    expect(counted(1, 'twin')).toBe('1 twin');
    expect(counted(10000, 'pump')).toBe('10,000 pumps');
  });
});
