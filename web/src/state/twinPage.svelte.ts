import { getContext, setContext } from 'svelte';
import { simulatedAt } from '../chart/simulated';
import type { Fork, ForkList, Option, Orders, Scores, State, Value, View } from '../wire/types';
import type { App } from './app';
import { Cursor } from './cursor.svelte';
import { LiveTwin } from './liveTwin.svelte';
import { Resource } from './resource.svelte';
import { Pulse } from './pulse.svelte';
import { valueSource, type Source } from './source';

/** A value as it is to be shown now: live, as known then, or simulated; `value` is null when nothing is known. */
export interface Shown {
  value: Value | null;
  source: Source;
  simulated: boolean;
}

/** Everything the panels of one twin share. One selection and one cursor drive them all. */
export class TwinPage {
  readonly cursor: Cursor;
  readonly live: LiveTwin;
  readonly view: Resource<View>;
  readonly then: Resource<State>;
  readonly forks: Resource<ForkList>;
  readonly fork: Resource<Fork>;
  readonly orders: Resource<Orders>;
  readonly scores: Resource<Scores>;
  /** Options drawn in the charts, at most two. */
  drawn = $state<string[]>([]);
  /** The option that values and scene follow in what-if. */
  option = $state('A');
  /** The signal or part that was clicked last. */
  selected = $state<string | null>(null);
  /** The fork chosen by hand; the newest otherwise. */
  forkId = $state<string | null>(null);

  constructor(
    readonly app: App,
    readonly twin: string,
  ) {
    const { live } = app;
    this.cursor = new Cursor(app.clock);
    this.live = new LiveTwin(twin, live);
    this.view = new Resource(() => `twins/${twin}/view`, () => live.changes('view', twin));
    this.then = new Resource(() => this.#at(`twins/${twin}`));
    this.forks = new Resource(() => this.asOf(`twins/${twin}/forks`), () => live.changes('forks', twin));
    this.fork = new Resource(() => this.#forkAddress, () => live.changes('forks', twin));
    this.orders = new Resource(() => this.#ordersAddress, () => live.changes('commands', twin));
    const counted = new Pulse(() => this.#countedAt);
    this.scores = new Resource(() => this.#scoresAddress, () => counted.beat);
    $effect(() => this.#choose(this.fork.data));
  }

  /** An address, as of the moment of the replay if there is one. */
  asOf(path: string): string {
    return this.#at(path) ?? path;
  }

  #at(path: string): string | null {
    const past = this.cursor.past;
    return past === null ? null : `${path}?at=${past}`;
  }

  get #forkAddress(): string | null {
    const list = this.forks.data?.forks ?? [];
    const id = list.some((f) => f.id === this.forkId) ? this.forkId : (list[0]?.id ?? null);
    return id === null ? null : `forks/${id}`;
  }

  /** Where neither orders nor advice are shown, none are asked for. */
  get #ordersAddress(): string | null {
    const panels = this.view.data?.panels ?? [];
    return panels.includes('orders') || panels.includes('advice') ? this.asOf(`twins/${this.twin}/commands`) : null;
  }

  get #scoresAddress(): string | null {
    return this.view.data?.panels.includes('alerts') ? this.asOf(`twins/${this.twin}/scores`) : null;
  }

  /** The signals that scores are counted from. */
  get counted(): string[] {
    return [...new Set((this.scores.data?.scores ?? []).flatMap((s) => s.inputs.map((i) => i.signal)))].sort();
  }

  /** When each of them was told last: a score is asked for again when this changes. */
  get #countedAt(): string {
    return this.cursor.mode === 'replay' ? '' : this.counted.map((signal) => this.live.values[signal]?.t ?? 0).join();
  }

  get options(): Option[] {
    return this.fork.data?.options ?? [];
  }

  get chosen(): Option | null {
    return this.options.find((o) => o.key === this.option) ?? null;
  }

  /** Draws an option or takes it away; the third one drawn replaces the older of the two. */
  toggle(key: string): void {
    if (this.drawn.includes(key)) this.drawn = this.drawn.filter((k) => k !== key);
    else this.drawn = [...this.drawn.slice(-1), key].sort();
    if (this.drawn.includes(key)) this.option = key;
    else this.option = this.drawn.at(-1) ?? this.option;
  }

  /** Follows one option: it is drawn, beside the one that keeps things as they are. */
  follow(key: string): void {
    this.option = key;
    if (this.drawn.includes(key)) return;
    this.drawn = key === '0' ? [...this.drawn.slice(-1), key].sort() : ['0', key];
  }

  shown(signal: string): Shown {
    const mode = this.cursor.mode;
    if (mode === 'whatif') return this.#simulated(signal);
    if (mode === 'replay') return this.#past(signal);
    const value = this.live.values[signal] ?? null;
    return { value, source: valueSource(this.twin, signal, this.live.seq), simulated: false };
  }

  #past(signal: string): Shown {
    const then = this.then.data;
    const source = valueSource(this.twin, signal, then?.seq ?? 0);
    return { value: then?.values[signal] ?? null, source: { ...source, at: then?.at ?? this.cursor.at }, simulated: false };
  }

  #simulated(signal: string): Shown {
    const known = this.live.values[signal];
    if (known?.role === 'fact') return { value: known, source: valueSource(this.twin, signal, this.live.seq), simulated: false };
    const fork = this.fork.data;
    const at = this.cursor.at;
    const source = { ...valueSource(this.twin, signal, fork?.seq ?? 0), at, fork: fork?.id ?? '', option: this.option };
    return { value: fork && simulatedAt(fork, this.option, signal, at, known ?? null), source, simulated: true };
  }

  /** Starts with the first ranked option beside the one that keeps things as they are. */
  #choose(fork: Fork | null): void {
    if (!fork || fork.options.length === 0) return;
    const keys = fork.options.map((o) => o.key);
    if (this.drawn.length > 0 && this.drawn.every((k) => keys.includes(k))) return;
    const first = fork.options.find((o) => o.first) ?? fork.options.at(-1)!;
    this.option = first.key;
    this.drawn = [...new Set([keys[0]!, first.key])];
  }
}

const KEY = Symbol('twin page');

export function provideTwinPage(page: TwinPage): TwinPage {
  return setContext(KEY, page);
}

export function useTwinPage(): TwinPage {
  return getContext<TwinPage>(KEY);
}
