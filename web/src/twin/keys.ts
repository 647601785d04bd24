import type { TwinPage } from '../state/twinPage.svelte';
import type { Keys } from '../shell/keys';

const DAY = 86400;

/** The keys of a page about one twin. */
export function twinKeys(page: TwinPage, neighbours: () => string[], help: () => void): Keys {
  const { cursor } = page;
  const range = () => page.view.data?.time.past ?? DAY;
  const step = (event: KeyboardEvent) => (event.shiftKey ? DAY : range() / 168);
  const now = () => page.app.clock.now();
  return {
    ArrowLeft: (event) => cursor.to(cursor.moment - step(event)),
    ArrowRight: (event) => forward(page, step(event)),
    l: () => cursor.live(),
    r: () => cursor.mode !== 'replay' && cursor.to(now() - range() / 14),
    w: () => page.fork.data && cursor.mode !== 'whatif' && cursor.to(now() + (page.fork.data.until - now()) * (3 / 7)),
    a: () => nextAlert(),
    j: () => go(page.twin, neighbours(), 1),
    k: () => go(page.twin, neighbours(), -1),
    '/': () => (location.hash = '#/twins'),
    '?': help,
  };
}

/** Never further than the fork says something. */
function forward(page: TwinPage, step: number): void {
  const to = page.cursor.moment + step;
  const now = page.app.clock.now();
  if (to < now || page.fork.data) page.cursor.to(Math.min(to, page.fork.data?.until ?? now));
}

function nextAlert(): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[id^="alarm-"]')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = rows[(at + 1) % Math.max(1, rows.length)];
  next?.focus();
  next?.scrollIntoView({ block: 'center' });
}

function go(twin: string, names: string[], by: number): void {
  const at = names.indexOf(twin);
  const next = at < 0 ? undefined : names[at + by];
  if (next) location.hash = `#/twins/${next}`;
}
