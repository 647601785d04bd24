import { SvelteMap } from 'svelte/reactivity';
import type { Frame } from '../wire/frames';
import { Socket, type LinkState } from '../wire/socket';
import type { Channel, Told, Topic, Watch } from '../wire/types';
import type { SiteClock } from './clock.svelte';

export interface BoundFrame {
  twin: string;
  channel: Channel;
  frame: Frame;
}

type FrameListener = (bound: BoundFrame) => void;
type ToldListener = (told: Told) => void;

/** The link to the server: its state, and who listens to what comes over it. */
export class Live {
  state = $state<LinkState>('connecting');
  fallback = $state(false);
  /** When the state last changed, in milliseconds of the page. */
  since = $state(performance.now());
  behind = $state<number | null>(null);
  rate = $state<number | null>(null);
  version = $state<string | null>(null);
  readonly progress = new SvelteMap<string, { progress: number; text: string | null }>();
  readonly counts = { frames: 0, messages: 0, values: 0, reconnects: 0 };
  seq = 0;

  readonly #changes = new SvelteMap<string, number>();
  readonly #channels = new Map<number, { twin: string; channel: Channel }>();
  readonly #frames = new Set<FrameListener>();
  readonly #tolds = new Set<ToldListener>();
  readonly #socket: Socket;

  constructor(private readonly clock: SiteClock) {
    this.#socket = new Socket({
      state: (state, fallback) => this.#changed(state, fallback),
      told: (told) => this.#hear(told),
      frame: (frame) => this.#take(frame),
    });
  }

  open(): void {
    this.#socket.open();
    document.addEventListener('visibilitychange', this.#visibility);
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#visibility);
    this.#socket.close();
  }

  watch(watch: Watch): void {
    this.#socket.watch(watch);
  }

  onFrame(listener: FrameListener): () => void {
    this.#frames.add(listener);
    return () => this.#frames.delete(listener);
  }

  onTold(listener: ToldListener): () => void {
    this.#tolds.add(listener);
    return () => this.#tolds.delete(listener);
  }

  /** Grows each time the server says that this has changed; read it where the answer depends on it. */
  changes(what: Topic, twin: string | null = null): number {
    return (this.#changes.get(key(what, twin)) ?? 0) + (this.#changes.get('all') ?? 0);
  }

  /** After an action of one's own: ask again at once. */
  touch(what: Topic, twin: string | null = null): void {
    this.#bump(key(what, twin));
  }

  readonly #visibility = () => this.#socket.pause(document.hidden);

  #changed(state: LinkState, fallback: boolean): void {
    if (state === this.state && fallback === this.fallback) return;
    const back = state === 'live' && this.state !== 'live';
    if (back && this.counts.frames > 0) this.#afterGap();
    if (state !== 'connecting' || this.state === 'live') this.since = performance.now();
    if (!(state === 'connecting' && this.state === 'disconnected')) this.state = state;
    this.fallback = fallback;
  }

  /** What changed while nobody listened is not known: ask for everything again. */
  #afterGap(): void {
    this.counts.reconnects += 1;
    this.#bump('all');
  }

  #hear(told: Told): void {
    this.counts.messages += 1;
    if (told.is === 'hello' || told.is === 'clock') this.clock.set(told.now, told.speed);
    if (told.is === 'hello') this.version = told.version;
    if (told.is === 'clock') [this.behind, this.rate] = [told.behind, told.rate];
    if (told.is === 'changed') this.#bump(key(told.what, told.twin));
    if (told.is === 'progress') this.progress.set(told.fork, told);
    if (told.is === 'channels') this.#bind(told.twin, told.channels);
    for (const listener of this.#tolds) listener(told);
  }

  #bind(twin: string, channels: Channel[]): void {
    for (const [number, bound] of this.#channels) if (bound.twin === twin) this.#channels.delete(number);
    for (const channel of channels) this.#channels.set(channel.channel, { twin, channel });
  }

  #take(frame: Frame): void {
    this.counts.frames += 1;
    this.counts.values += frame.values.length;
    this.seq = Math.max(this.seq, frame.seq);
    const bound = this.#channels.get(frame.channel);
    if (bound) for (const listener of this.#frames) listener({ ...bound, frame });
  }

  #bump(name: string): void {
    this.#changes.set(name, (this.#changes.get(name) ?? 0) + 1);
  }
}

function key(what: string, twin: string | null): string {
  return `${what} ${twin ?? ''}`;
}
