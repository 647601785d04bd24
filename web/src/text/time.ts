/** Moments and durations as people read them. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** A duration in its two largest units at most: "2 s", "14 min", "2 h 11 min", "1 day 4 h", "12 days". */
export function span(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < MINUTE) return `${Math.floor(s)} s`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)} min`;
  if (s < DAY) return two(s, HOUR, 'h', MINUTE, 'min');
  if (s < 2 * DAY) return two(s, DAY, 'day', HOUR, 'h');
  return `${Math.floor(s / DAY)} days`;
}

function two(s: number, big: number, bigName: string, small: number, smallName: string): string {
  const whole = Math.floor(s / big);
  const rest = Math.floor((s - whole * big) / small);
  return rest > 0 ? `${whole} ${bigName} ${rest} ${smallName}` : `${whole} ${bigName}`;
}

/** How often something is due: "1 min", "2 h", "day". */
export function every(seconds: number): string {
  if (seconds === DAY) return 'day';
  return span(seconds);
}

export interface Calendar {
  /** "10:42:16" */
  clock(t: number): string;
  /** "10:42" */
  minute(t: number): string;
  /** "Mon 23 Nov 2026" */
  date(t: number): string;
  /** "Fri 20 Nov" */
  day(t: number): string;
  /** "9 Nov" */
  short(t: number): string;
  /** "9" */
  dayNumber(t: number): string;
  /** "10:42" today, else "9 Nov" */
  near(t: number, now: number): string;
  /** midnight at or before t */
  midnight(t: number): number;
}

type Style = Intl.DateTimeFormatOptions;

/** Writes times in a zone; `null` is the zone of the browser. */
export function calendar(zone: string | null): Calendar {
  const base: Style = zone ? { timeZone: zone } : {};
  const make = (style: Style) => new Intl.DateTimeFormat('en-GB', { ...base, ...style });
  const clock = make({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
  const minute = make({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const parts = make({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
  const seconds = make({ hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' });
  const part = (t: number) => pieces(parts, t);
  const midnight = (t: number) => {
    const p = pieces(seconds, t);
    return Math.floor(t) - (Number(p.hour) * HOUR + Number(p.minute) * MINUTE + Number(p.second));
  };
  const short = (t: number) => `${part(t).day} ${month(part(t))}`;
  return {
    clock: (t) => clock.format(t * 1000),
    minute: (t) => minute.format(t * 1000),
    date: (t) => `${part(t).weekday} ${short(t)} ${part(t).year}`,
    day: (t) => `${part(t).weekday} ${short(t)}`,
    short,
    dayNumber: (t) => part(t).day ?? '',
    near: (t, now) => (midnight(t) === midnight(now) ? minute.format(t * 1000) : short(t)),
    midnight,
  };
}

function pieces(format: Intl.DateTimeFormat, t: number): Record<string, string> {
  return Object.fromEntries(format.formatToParts(t * 1000).map((p) => [p.type, p.value]));
}

/** Three letters for every month: en-GB writes "Sept". */
function month(p: Record<string, string>): string {
  return (p.month ?? '').slice(0, 3);
}
