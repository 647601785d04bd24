/** Moments to pixels and back; one for the bar and all charts below it. */
export interface TimeScale {
  readonly from: number;
  readonly to: number;
  readonly width: number;
  x(t: number): number;
  t(x: number): number;
}

export function timeScale(from: number, to: number, width: number): TimeScale {
  const perPixel = (to - from) / Math.max(1, width);
  return {
    from,
    to,
    width,
    x: (t) => (t - from) / perPixel,
    t: (x) => from + x * perPixel,
  };
}

export interface Tick {
  t: number;
  kind: 'day' | 'hour' | 'minute';
}

const STEPS = [60, 300, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600];
const DAYS = [1, 2, 4, 7, 14, 28];
const DAY = 86400;

/** Ticks at whole minutes, hours or days in the zone of `midnight`, at least `apart` pixels from each other. */
export function ticks(scale: TimeScale, apart: number, midnight: (t: number) => number): Tick[] {
  const least = apart * ((scale.to - scale.from) / Math.max(1, scale.width));
  const step = STEPS.find((s) => s >= least);
  if (step) return fine(scale, step, midnight(scale.from));
  const days = DAYS.find((d) => d * DAY >= least) ?? 28;
  return coarse(scale, days, midnight);
}

function fine(scale: TimeScale, step: number, start: number): Tick[] {
  const found: Tick[] = [];
  for (let t = start; t <= scale.to; t += step) {
    if (t < scale.from) continue;
    found.push({ t, kind: (t - start) % DAY === 0 ? 'day' : step < 3600 ? 'minute' : 'hour' });
  }
  return found;
}

/** Every so many days, counted from the epoch so that ticks stay with their dates while the window slides. */
function coarse(scale: TimeScale, days: number, midnight: (t: number) => number): Tick[] {
  const found: Tick[] = [];
  const first = Math.floor(scale.from / DAY / days) * days;
  for (let day = first; day * DAY <= scale.to + DAY; day += days) {
    const t = midnight(day * DAY + DAY / 2);
    if (t >= scale.from && t <= scale.to) found.push({ t, kind: 'day' });
  }
  return found;
}
