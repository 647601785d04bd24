const APART = 1000; // ms between two beats

/** Beats once when something changed, and at most once a second while it goes on changing. */
export class Pulse {
  beat = $state(0);
  #timer = 0;

  /** `what` is tracked, and compared as a text. */
  constructor(what: () => string) {
    let before = '';
    $effect(() => {
      const now = what();
      if (now === before) return;
      before = now;
      this.#timer ||= window.setTimeout(() => this.#go(), APART);
    });
    $effect(() => () => clearTimeout(this.#timer));
  }

  #go(): void {
    this.#timer = 0;
    this.beat += 1;
  }
}
