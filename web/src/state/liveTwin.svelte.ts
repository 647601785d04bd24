import { get } from '../wire/http';
import { KIND, type Frame } from '../wire/frames';
import { QUALITIES, type Presence, type State, type Told, type Value } from '../wire/types';
import type { BoundFrame, Live } from './live.svelte';

const REDRAW = 200; // texts change at most five times a second

type SampleListener = (signal: string, frame: Frame) => void;
type CycleListener = (columns: string[], frame: Frame) => void;

/** The values of one twin as they are now: a snapshot, carried on by frames and notes. */
export class LiveTwin {
  /** Replaced as a whole, at most five times a second. */
  values = $state.raw<Record<string, Value>>({});
  seq = $state(0);
  /** Whether the snapshot has come: before that nobody knows what has arrived. */
  loaded = $state(false);
  presence = $state.raw<Presence | null>(null);
  failed = $state<string | null>(null);
  readonly #samples = new Set<SampleListener>();
  readonly #cycles = new Set<CycleListener>();
  #next: Record<string, Value> = {};
  #nextSeq = 0;
  #timer = 0;
  #last: { columns: string[]; frame: Frame } | null = null;

  constructor(
    readonly twin: string,
    live: Live,
  ) {
    $effect(() => {
      live.changes('presence', twin);
      void this.#load();
    });
    $effect(() => {
      const stops = [live.onFrame((b) => this.#frame(b)), live.onTold((t) => this.#told(t))];
      return () => {
        clearTimeout(this.#timer);
        for (const stop of stops) stop();
      };
    });
  }

  onSamples(listener: SampleListener): () => void {
    this.#samples.add(listener);
    return () => this.#samples.delete(listener);
  }

  /** The newest turn of the cycle is told at once. */
  onCycle(listener: CycleListener): () => void {
    this.#cycles.add(listener);
    if (this.#last) listener(this.#last.columns, this.#last.frame);
    return () => this.#cycles.delete(listener);
  }

  async #load(): Promise<void> {
    try {
      this.#adopt(await get<State>(`twins/${this.twin}`));
      this.failed = null;
    } catch (error) {
      this.failed = error instanceof Error ? error.message : String(error);
    }
  }

  #adopt(state: State): void {
    this.presence = state.presence;
    this.loaded = true;
    if (state.seq < this.#nextSeq) return;
    this.#next = { ...state.values };
    this.#nextSeq = state.seq;
    this.#publish();
  }

  #frame({ twin, channel, frame }: BoundFrame): void {
    if (twin !== this.twin) return;
    if (frame.kind === KIND.state) this.#state(channel.fields, frame);
    else if (frame.kind === KIND.samples) for (const listen of this.#samples) listen(channel.fields[0] ?? '', frame);
    else if (frame.kind === KIND.cycle) this.#cycle(channel.fields, frame);
  }

  #cycle(columns: string[], frame: Frame): void {
    this.#last = { columns, frame };
    for (const listen of this.#cycles) listen(columns, frame);
  }

  #state(fields: string[], frame: Frame): void {
    fields.forEach((field, i) => {
      const old = this.#next[field];
      if (old) this.#next[field] = { ...old, ...numbersOf(frame, i) };
    });
    this.#nextSeq = frame.seq;
    this.#schedule();
  }

  #told(told: Told): void {
    if ((told.is !== 'notes' && told.is !== 'text') || told.twin !== this.twin) return;
    for (const [field, news] of Object.entries(told.values)) {
      const old = this.#next[field];
      if (old) this.#next[field] = { ...old, ...news };
    }
    this.#nextSeq = Math.max(this.#nextSeq, told.seq);
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ||= window.setTimeout(() => this.#publish(), REDRAW);
  }

  #publish(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.values = { ...this.#next };
    this.seq = this.#nextSeq;
  }
}

/** What a frame says of one field. */
function numbersOf(frame: Frame, i: number): Partial<Value> {
  const value = number(frame.values[i]);
  return {
    value,
    ...(frame.times && { t: number(frame.times[i]) }),
    ...(frame.sigma && { sigma: number(frame.sigma[i]) }),
    ...(frame.lo && { lo: number(frame.lo[i]) }),
    ...(frame.hi && { hi: number(frame.hi[i]) }),
    ...(frame.quality && { quality: QUALITIES[frame.quality[i] ?? 0] ?? 'missing' }),
  };
}

function number(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}
