/** Every number on the page is written here, and nowhere else. */

const MINUS = '\u2212';
const NINETY = 3.29; // a normal 90 % interval is this many standard deviations wide

export interface Doubt {
  sigma?: number | null;
  lo?: number | null;
  hi?: number | null;
  step?: number | null;
}

/** How many decimals a value with this doubt deserves: down to a third of its standard deviation, never below its step. */
export function decimals(value: number, doubt: Doubt = {}): number {
  const spread = sigmaOf(doubt);
  const third = spread === null ? 0 : spread / 3;
  const fine = Math.max(third, doubt.step ?? 0);
  if (fine > 0) return clamp(-Math.floor(Math.log10(fine) + 1e-9));
  if (value === 0 || !Number.isFinite(value)) return 0;
  return clamp(2 - Math.floor(Math.log10(Math.abs(value))));
}

function sigmaOf(doubt: Doubt): number | null {
  if (doubt.sigma != null && doubt.sigma > 0) return doubt.sigma;
  if (doubt.lo != null && doubt.hi != null && doubt.hi > doubt.lo) return (doubt.hi - doubt.lo) / NINETY;
  return null;
}

function clamp(digits: number): number {
  return Math.min(6, Math.max(0, digits));
}

/** A number with a true minus, thousands in commas and, where asked, its plus. */
export function written(value: number, digits: number, signed = false): string {
  if (!Number.isFinite(value)) return '–';
  const text = Math.abs(value).toFixed(digits);
  const [whole = '0', part] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const sign = Number(text) === 0 ? '' : value < 0 ? MINUS : signed ? '+' : '';
  return sign + (part ? `${grouped}.${part}` : grouped);
}

/** A value with the digits that its doubt allows. */
export function told(value: number, doubt: Doubt = {}, signed = false): string {
  return written(value, decimals(value, doubt), signed);
}

/** An interval in words, "12 to 30", with the digits of its value. */
export function interval(lo: number, hi: number, doubt: Doubt = {}): string {
  const digits = decimals(hi, { ...doubt, lo, hi });
  return `${written(lo, digits)} to ${written(hi, digits)}`;
}

/** A unit as written behind its number; nothing for pure numbers, "/min" for "1/min" and "°C" for "degC". */
export function unitText(unit: string | null | undefined): string {
  return !unit || unit === '1' ? '' : unit.replace(/^1\//, '/').replace(/^deg(?=[CF]$)/, '°');
}

/** Half of a normal 90 % interval in standard deviations. */
const HALF = 1.6449;

/** The 90 % interval of a value that is estimated or foreseen, told as such or by its standard deviation. */
export function bandOf(value: { role: string; value: unknown; sigma: number | null; lo: number | null; hi: number | null }): { lo: number; hi: number } | null {
  if (value.lo !== null && value.hi !== null) return { lo: value.lo, hi: value.hi };
  if (value.role !== 'estimate' || value.sigma === null || typeof value.value !== 'number') return null;
  return { lo: value.value - HALF * value.sigma, hi: value.value + HALF * value.sigma };
}

/** A count with its noun: "1 twin", "12 twins". */
export function counted(n: number, one: string): string {
  return `${written(n, 0)} ${n === 1 ? one : one + 's'}`;
}
