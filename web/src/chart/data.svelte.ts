import { useApp } from '../state/app';
import { Resource } from '../state/resource.svelte';
import type { TwinPage } from '../state/twinPage.svelte';
import type { Frame } from '../wire/frames';
import type { History, Marks, Series } from '../wire/types';
import { lineOf, thinned, type Line, type Tail } from './line';
import { Ring } from './ring';

const KEPT = 4096; // samples a signal between two questions for history
const REDRAW = 250;

export interface Window {
  from: number;
  to: number;
  /** Pixels that the window is wide. */
  columns: number;
}

/** The lines of the charts: asked as a picture of the width needed, carried on with the samples that arrive. */
export class ChartData {
  /** Grows when there is something new to draw. */
  version = $state(0);
  readonly history: Resource<History>;
  readonly marks: Resource<Marks>;
  readonly #rings = new Map<string, Ring>();
  #timer = 0;

  constructor(
    private readonly page: TwinPage,
    signals: () => string[],
    asked: () => Window | null,
  ) {
    const { live } = useApp();
    const twin = page.twin;
    const query = () => address(asked(), signals());
    this.history = new Resource(() => {
      const text = query();
      return text === null ? null : `twins/${twin}/history?${text}`;
    }, () => live.changes('view', twin));
    this.marks = new Resource(() => {
      const window = asked();
      return window === null ? null : `twins/${twin}/marks?from=${window.from}&to=${window.to}`;
    }, () => [live.changes('marks', twin), live.changes('alarms', twin)]);
    $effect(() => page.live.onSamples((signal, frame) => this.#take(signal, frame)));
    $effect(() => () => clearTimeout(this.#timer));
  }

  /** The line of a signal for this window, or `null` while nothing is known. */
  line(signal: string, from: number, to: number, columns: number): Line | null {
    const series = this.history.data?.series.find((s) => s.field === signal);
    const line = lineOf(series ?? nothing(signal), this.#ring(signal).columns(), this.#tail(signal));
    return line.t.length === 0 ? null : thinned(line, from, to, columns);
  }

  #tail(signal: string): Tail | null {
    const now = this.page.live.values[signal];
    if (!now || typeof now.value !== 'number' || now.t === null) return null;
    return { t: now.t, v: now.value, lo: now.lo ?? NaN, hi: now.hi ?? NaN };
  }

  #take(signal: string, frame: Frame): void {
    const ring = this.#ring(signal);
    frame.values.forEach((v, i) => {
      const t = frame.times?.[i] ?? frame.t0 + i * frame.dt;
      ring.push(t, v, frame.lo?.[i], frame.hi?.[i]);
    });
    this.#timer ||= window.setTimeout(() => {
      this.#timer = 0;
      this.version += 1;
    }, REDRAW);
  }

  #ring(signal: string): Ring {
    const ring = this.#rings.get(signal) ?? new Ring(KEPT);
    this.#rings.set(signal, ring);
    return ring;
  }
}

function address(window: Window | null, signals: string[]): string | null {
  if (window === null || signals.length === 0) return null;
  const fields = signals.map(encodeURIComponent).join(',');
  return `fields=${fields}&from=${window.from}&to=${window.to}&points=${window.columns}`;
}

function nothing(field: string): Series {
  return { field, role: 'measured', unit: '', raw: true, t: [], v: [], q: [], lo: [], hi: [], gaps: [] };
}
