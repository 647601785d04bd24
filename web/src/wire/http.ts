/** Asking the server: JSON in, JSON or a problem out. */

const BASE = new URL('api/v1/', document.baseURI);

/** A refusal in the words of the server (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly hint: string | null,
  ) {
    super(detail);
  }
}

export function address(path: string): URL {
  return new URL(path, BASE);
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await ask('GET', path, undefined, signal);
  return (await answer.json()) as T;
}

export async function getBytes(path: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  const answer = await ask('GET', path, undefined, signal);
  return answer.arrayBuffer();
}

/** Sends and returns what came back; `null` where nothing did. */
export async function send<T>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<T | null> {
  const answer = await ask(method, path, body);
  const text = await answer.text();
  return text ? (JSON.parse(text) as T) : null;
}

const listeners = new Set<() => void>();

/** Calls back whenever the server no longer knows who is asking. */
export function onSignedOut(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const answer = await fetched(method, path, body, signal);
  if (answer.ok) return answer;
  if (answer.status === 401 && path !== 'session') for (const tell of listeners) tell();
  throw await problemOf(answer);
}

async function fetched(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const init: RequestInit = { method, credentials: 'same-origin', headers: { Accept: 'application/json' } };
  if (signal) init.signal = signal;
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
  }
  try {
    return await fetch(address(path), init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, 'No answer', 'The server does not answer.', 'Check the link; the page tries again by itself.');
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  const said = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const text = (key: string) => (typeof said[key] === 'string' ? (said[key] as string) : null);
  const title = text('title') ?? answer.statusText;
  return new Problem(answer.status, title, text('detail') ?? (title || `Status ${answer.status}`), text('hint'));
}
