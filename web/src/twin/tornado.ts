/** Where the bars of a tornado stand, in per cent of its width. */
import type { Bar } from '../wire/types';
import { decimals } from '../text/number';

export interface Scale {
  from: number;
  to: number;
  digits: number;
}

/** The stretch that holds every bar and the middle, and the digits that tell bars apart. */
export function scaleOf(bars: Bar[], middle: number): Scale {
  const ends = bars.flatMap((bar) => [bar.at_low ?? middle, bar.at_high ?? middle]);
  const [from, to] = [Math.min(middle, ...ends), Math.max(middle, ...ends)];
  return { from, to, digits: from === to ? decimals(to) : Math.min(6, decimals(to, { lo: from, hi: to }) + 1) };
}

export function placeOf(value: number, scale: Scale): number {
  return scale.to === scale.from ? 50 : (100 * (value - scale.from)) / (scale.to - scale.from);
}

/** From the middle to one end, wherever that lies. */
export function stretch(end: number, middle: number, scale: Scale): { left: number; width: number } {
  const [a, b] = [placeOf(Math.min(end, middle), scale), placeOf(Math.max(end, middle), scale)];
  return { left: a, width: b - a };
}
