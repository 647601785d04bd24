import { address } from './http';
import { control, read, type Frame } from './frames';
import type { Told, Watch } from './types';

export type LinkState = 'connecting' | 'live' | 'disconnected' | 'signed-out';

export interface Listener {
  state(state: LinkState, fallback: boolean): void;
  told(message: Told): void;
  frame(frame: Frame, bytes: number): void;
}

const FIRST_WAIT = 250;
const LONGEST_WAIT = 8000;
const TRIES_BEFORE_FALLBACK = 3;

/** Waits before the n-th new try: doubled up to 8 s, with jitter so that a thousand pages do not come at once. */
export function backoff(tries: number, chance: number): number {
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tries) * (0.5 + chance / 2);
}

/**
 * One link for all views: a WebSocket or, where that is blocked, server-sent events.
 * It resumes by sequence number and says again what is watched.
 */
export class Socket {
  #socket: WebSocket | null = null;
  #events: EventSource | null = null;
  #watch: Watch = { twins: [], fleets: [], wall: null };
  #seq = 0;
  #tries = 0;
  #worked = false;
  #closed = false;
  #paused = false;
  #timer = 0;

  constructor(private readonly listener: Listener) {}

  open(): void {
    this.#closed = false;
    this.listener.state('connecting', this.#fallback);
    if (this.#fallback) this.#openEvents();
    else this.#openSocket();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#drop();
  }

  watch(watch: Watch): void {
    this.#watch = watch;
    if (this.#paused) return;
    if (this.#events) this.#reopenEvents();
    else this.#say({ is: 'watch', ...watch });
  }

  /** A hidden tab asks for nothing. */
  pause(paused: boolean): void {
    this.#paused = paused;
    if (this.#events && paused) this.#dropEvents();
    else if (paused) this.#say({ is: 'pause' });
    else if (this.#fallback) this.#openEvents();
    else this.#say({ is: 'watch', ...this.#watch });
  }

  get #fallback(): boolean {
    return !this.#worked && this.#tries >= TRIES_BEFORE_FALLBACK;
  }

  #openSocket(): void {
    const url = address('live');
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = (event) => this.#hear(event.data as ArrayBuffer);
    socket.onclose = (event) => this.#lost(event.code);
    this.#socket = socket;
  }

  #openEvents(): void {
    const url = address('live/events');
    url.searchParams.set('watch', base64url(JSON.stringify(this.#watch)));
    const events = new EventSource(url);
    events.onmessage = (event) => this.#hear(fromBase64(event.data as string));
    events.onerror = () => this.#lost(0);
    this.#events = events;
  }

  #reopenEvents(): void {
    this.#dropEvents();
    this.#openEvents();
  }

  #hear(buffer: ArrayBuffer): void {
    const message = read(buffer);
    if ('frame' in message) {
      this.#seq = Math.max(this.#seq, message.frame.seq);
      this.listener.frame(message.frame, buffer.byteLength);
      return;
    }
    if (message.told.is === 'hello') this.#greet();
    this.listener.told(message.told);
  }

  #greet(): void {
    this.#worked ||= this.#socket !== null;
    this.#tries = 0;
    this.#say({ is: 'resume', seq: this.#seq });
    if (!this.#paused) this.#say({ is: 'watch', ...this.#watch });
    this.listener.state('live', this.#events !== null);
  }

  #lost(code: number): void {
    this.#drop();
    if (this.#closed) return;
    if (code === 4401) return this.listener.state('signed-out', false);
    this.listener.state('disconnected', this.#fallback);
    this.#timer = window.setTimeout(() => this.open(), backoff(this.#tries, Math.random()));
    this.#tries += 1;
  }

  #drop(): void {
    if (this.#socket) {
      this.#socket.onclose = null;
      this.#socket.onmessage = null;
      this.#socket.close();
      this.#socket = null;
    }
    this.#dropEvents();
  }

  #dropEvents(): void {
    this.#events?.close();
    this.#events = null;
  }

  #say(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(control(message));
  }
}

function base64url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64(text: string): ArrayBuffer {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
}
