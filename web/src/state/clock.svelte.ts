/** The clock of the site, carried on between the messages that set it. */
export class SiteClock {
  #base = 0;
  #set = performance.now();
  speed = $state(1);
  /** Now, renewed a few times a second: for texts and ages. */
  tick = $state(0);
  readonly #timer: number;

  constructor() {
    this.#timer = window.setInterval(() => this.#beat(), 250);
  }

  set(now: number, speed: number): void {
    this.#base = now;
    this.#set = performance.now();
    this.speed = speed;
    if (this.tick === 0) this.tick = now;
  }

  now(): number {
    return this.#base + ((performance.now() - this.#set) / 1000) * this.speed;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** At the speed of a wall clock a second is soon enough. */
  #beat(): void {
    const now = this.now();
    if (this.speed > 1 || Math.floor(now) !== Math.floor(this.tick)) this.tick = now;
  }
}
