import type { Money } from '../wire/types';

export interface FallBar {
  label: string;
  kind: 'total' | 'step' | 'future';
  value: number;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Baseline of the number above it. */
  text: number;
  link: string | null;
  whisker: string | null;
}

/** A total, the steps that lead away from it, and where they end; money starts at zero. */
export function waterfall(bars: Money['bars'], width: number, height: number): { zero: number; bars: FallBar[] } {
  const levels = runs(bars);
  const top = Math.max(1, ...levels.flatMap((l) => [l.from, l.to]), ...bars.map((b) => b.hi ?? 0));
  const low = Math.min(0, ...levels.flatMap((l) => [l.from, l.to]), ...bars.map((b) => b.lo ?? 0));
  const y = (v: number) => 24 + (1 - (v - low) / (top - low)) * (height - 26);
  const pitch = width / Math.max(1, bars.length);
  const wide = Math.min(64, pitch * 0.58);
  const made = bars.map((bar, i): FallBar => {
    const { from, to } = levels[i]!;
    const x = i * pitch + (pitch - wide) / 2;
    const upper = Math.max(from, to, bar.hi ?? -Infinity);
    const link = i + 1 < bars.length ? `M${x + wide} ${y(to)}H${(i + 1) * pitch + (pitch - wide) / 2}` : null;
    return { ...bar, x, y: y(Math.max(from, to)), width: wide, height: Math.abs(y(from) - y(to)), text: y(upper) - 7, link, whisker: whisker(bar, x + wide / 2, y) };
  });
  return { zero: y(0), bars: made };
}

function runs(bars: Money['bars']): { from: number; to: number }[] {
  let level = 0;
  return bars.map((bar) => {
    const from = bar.kind === 'step' ? level : 0;
    level = bar.kind === 'step' ? level + bar.value : bar.value;
    return { from, to: level };
  });
}

function whisker(bar: Money['bars'][number], x: number, y: (v: number) => number): string | null {
  if (bar.lo === null || bar.hi === null) return null;
  return `M${x - 5} ${y(bar.hi)}h10M${x} ${y(bar.hi)}V${y(bar.lo)}M${x - 5} ${y(bar.lo)}h10`;
}
