import type { SiteClock } from './clock.svelte';

export type Mode = 'live' | 'replay' | 'whatif';

const ASK_EVERY = 150; // ms between questions while dragging
export const REPLAY_SPEEDS = [
  { label: '1 min/s', speed: 60 },
  { label: '1 h/s', speed: 3600 },
  { label: '6 h/s', speed: 21600 },
] as const;

/** The one cursor: live, a moment of the past, or a moment of a future. It moves all views. */
export class Cursor {
  mode = $state<Mode>('live');
  /** The moment looked at, when not live. */
  at = $state(0);
  /** The moment asked from the server: follows `at` in steps, so that dragging does not flood it. */
  asked = $state(0);
  /** Seconds of history per second while it plays, else 0. */
  playing = $state(0);
  #timer = 0;
  #play = 0;

  constructor(private readonly clock: SiteClock) {
    $effect(() => {
      if (this.mode === 'whatif' && this.at <= clock.tick) this.live();
    });
    $effect(() => () => this.#stop());
  }

  /** The moment shown now. */
  get moment(): number {
    return this.mode === 'live' ? this.clock.tick : this.at;
  }

  /** The moment that ages are counted at: in a future everything that is known is as old as it is now. */
  get reference(): number {
    return this.mode === 'replay' ? this.at : this.clock.tick;
  }

  /** For addresses: `at=...` in replay, nothing otherwise. */
  get past(): number | null {
    return this.mode === 'replay' ? this.asked : null;
  }

  live(): void {
    this.#stop();
    this.mode = 'live';
  }

  /** Left of now it is replay, right of it what-if. */
  to(t: number): void {
    this.#stop();
    this.#go(t);
  }

  play(speed: number): void {
    this.#stop();
    if (this.mode !== 'replay' || speed === 0) return;
    this.playing = speed;
    let last = performance.now();
    this.#play = window.setInterval(() => {
      const now = performance.now();
      this.#go(this.at + ((now - last) / 1000) * speed);
      last = now;
    }, 100);
  }

  #go(t: number): void {
    const now = this.clock.now();
    if (this.playing && t >= now) return this.live();
    const mode = t < now ? 'replay' : 'whatif';
    this.at = t;
    if (mode !== this.mode) this.#settle();
    else this.#timer ||= window.setTimeout(() => this.#settle(), ASK_EVERY);
    this.mode = mode;
  }

  #settle(): void {
    this.#timer = 0;
    this.asked = Math.round(this.at * 1000) / 1000;
  }

  #stop(): void {
    clearInterval(this.#play);
    this.playing = 0;
  }
}
