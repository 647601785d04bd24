import type { Fork, Value } from '../wire/types';
import { fanOf, spreadAt } from './fan';

/**
 * What an option says of a signal at a moment: the median of its futures with their interval, or for a chance how many
 * of them held its event over the whole run; `null`: not simulated.
 */
export function simulatedAt(fork: Fork, option: string, signal: string, t: number, now: Value | null): Value | null {
  const known = { role: now?.role ?? ('estimate' as const), step: now?.step ?? null };
  const fan = fanOf(fork, option, signal);
  const spread = fan && spreadAt(fork.grid, fan, t);
  if (fan && spread) return { ...BLANK, ...known, value: spread.p50, lo: spread.p5, hi: spread.p95, unit: fan.unit, t };
  // Runs that were kept before chances were told have none.
  const chance = fork.chances?.[option]?.[signal];
  if (!chance) return null;
  const { value, lo, hi, unit, text } = chance;
  return { ...BLANK, ...known, value, lo, hi, unit, t, remark: text };
}

const BLANK: Value = {
  value: null,
  unit: '',
  role: 'estimate',
  quality: 'simulated',
  reason: null,
  t: null,
  arrived: null,
  due: null,
  stale_after: null,
  sigma: null,
  lo: null,
  hi: null,
  step: null,
  word: null,
  remark: null,
  aside: null,
  flag: null,
};
