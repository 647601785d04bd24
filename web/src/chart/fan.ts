import type { Fan, Fork } from '../wire/types';
import { lowerBound } from './decimate';

export interface Spread {
  p5: number;
  p50: number;
  p95: number;
}

/** What a fan says at a moment, linear between the points of its grid; `null` outside it or where it says nothing. */
export function spreadAt(grid: readonly number[], fan: Fan, t: number): Spread | null {
  const last = grid.length - 1;
  if (last < 0 || t < grid[0]! || t > grid[last]!) return null;
  const right = Math.min(last, Math.max(1, lowerBound(grid, t)));
  const left = Math.max(0, right - 1);
  const width = grid[right]! - grid[left]!;
  const share = width > 0 ? (t - grid[left]!) / width : 0;
  const at = (column: (number | null)[]) => mix(column[left], column[right], share);
  const [p5, p50, p95] = [at(fan.p5), at(fan.p50), at(fan.p95)];
  return p5 === null || p50 === null || p95 === null ? null : { p5, p50, p95 };
}

function mix(a: number | null | undefined, b: number | null | undefined, share: number): number | null {
  return a == null || b == null ? null : a + (b - a) * share;
}

/** The fan of an option and a signal, or `null`: not simulated. */
export function fanOf(fork: Fork, option: string, signal: string): Fan | null {
  return fork.fans[option]?.[signal] ?? null;
}

/** Where a fan ends: its last moment and what it says there. */
export function endOf(fork: Fork, fan: Fan): { t: number; spread: Spread } | null {
  const t = fork.grid.at(-1);
  const spread = t === undefined ? null : spreadAt(fork.grid, fan, t);
  return t === undefined || spread === null ? null : { t, spread };
}
