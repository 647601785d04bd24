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

/** How samples that came after a fork was made lie in its fan: how many of them inside, and whether the newest is. */
export interface Fared {
  of: number;
  inside: number;
  newest: boolean;
}

/** The samples (t, v) later than `made` against the 90 % band of a fan; `null` when none lies in its reach. */
export function fared(t: ArrayLike<number>, v: ArrayLike<number>, grid: number[], fan: Fan, made: number): Fared | null {
  const found: Fared = { of: 0, inside: 0, newest: false };
  for (let i = 0; i < t.length; i++) {
    if (t[i]! <= made || Number.isNaN(v[i]!)) continue;
    const spread = spreadAt(grid, fan, t[i]!);
    if (!spread) continue;
    found.newest = v[i]! >= spread.p5 && v[i]! <= spread.p95;
    found.of += 1;
    if (found.newest) found.inside += 1;
  }
  return found.of > 0 ? found : null;
}
