import type { Chart, Fan } from '../wire/types';
import type { Line } from './line';

/** What the vertical scale of a chart spans: the line, its band, the fans and what must be shown at least. Zero is not forced unless asked. */
export function rangeOf(chart: Chart, line: Line | null, fans: Fan[], from: number, to: number): [number, number] {
  const span = new Span();
  if (chart.low !== null) span.add(chart.low);
  if (chart.high !== null) span.add(chart.high);
  if (chart.zero) span.add(0);
  if (line) addLine(span, line, from, to);
  for (const fan of fans) {
    for (const v of fan.p5) span.add(v);
    for (const v of fan.p95) span.add(v);
  }
  return span.padded();
}

function addLine(span: Span, line: Line, from: number, to: number): void {
  for (let i = 0; i < line.t.length; i++) {
    if (line.t[i]! < from || line.t[i]! > to) continue;
    span.add(line.v[i]!);
    span.add(line.lo[i]!);
    span.add(line.hi[i]!);
  }
}

class Span {
  #low = Infinity;
  #high = -Infinity;

  add(v: number | null): void {
    if (v === null || Number.isNaN(v)) return;
    this.#low = Math.min(this.#low, v);
    this.#high = Math.max(this.#high, v);
  }

  padded(): [number, number] {
    if (this.#low > this.#high) return [0, 1];
    const pad = (this.#high - this.#low || Math.abs(this.#high) || 1) * 0.06;
    return [this.#low - pad, this.#high + pad];
  }
}
