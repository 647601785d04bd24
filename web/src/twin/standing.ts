import type { Value } from '../wire/types';

export type Standing = 'good' | 'estimate' | 'stale' | 'uncertain' | 'missing' | 'cut';

/** How a value stands at a moment; the server's own words decide, age is counted on from them. */
export function standing(value: Value | null, now: number, cut: boolean): Standing {
  if (value === null || value.value === null || value.quality === 'missing') return 'missing';
  if (cut) return 'cut';
  if (isStale(value, now)) return 'stale';
  if (value.quality === 'uncertain' || value.quality === 'bad') return 'uncertain';
  return value.role === 'estimate' ? 'estimate' : 'good';
}

export function isStale(value: Value, now: number): boolean {
  return value.stale_after !== null && value.t !== null && now - value.t > value.stale_after;
}

/** What is said where there is no value: before the snapshot of a twin has come nobody knows what has arrived. */
export function unknown(loaded: boolean): string {
  return loaded ? 'nothing has arrived yet' : 'being read...';
}
