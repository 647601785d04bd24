import { get, Problem } from '../wire/http';

/** Something asked from the server, and asked again when its address or what it depends on changes. */
export class Resource<T> {
  data = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** True after 400 ms without an answer: before that nobody needs to be told. */
  slow = $state(false);
  loaded = $state(false);
  #asked = '';

  /** `address` is tracked; `null` asks nothing. `again` is tracked too: what else makes the answer old. */
  constructor(address: () => string | null, again: () => unknown = () => 0) {
    $effect(() => {
      again();
      const path = address();
      if (path !== null) return this.#ask(path);
      this.#forget();
      return undefined;
    });
  }

  #forget(): void {
    this.data = null;
    this.problem = null;
    this.loaded = false;
  }

  #ask(path: string): () => void {
    if (thing(path) !== thing(this.#asked)) this.#forget();
    this.#asked = path;
    const abort = new AbortController();
    const timer = setTimeout(() => (this.slow = true), 400);
    void this.#fetch(path, abort.signal).finally(() => {
      clearTimeout(timer);
      this.slow = false;
    });
    return () => abort.abort();
  }

  async #fetch(path: string, signal: AbortSignal): Promise<void> {
    try {
      this.data = await get<T>(path, signal);
      this.problem = null;
      this.loaded = true;
    } catch (error) {
      if (signal.aborted) return;
      this.problem = error instanceof Problem ? error : new Problem(0, 'Error', String(error), null);
      if (this.problem.status === 404) this.data = null;
    }
  }
}

/** The address without its query: another moment of the same thing keeps what is shown until the answer is there. */
function thing(path: string): string {
  return path.split('?')[0] ?? path;
}
