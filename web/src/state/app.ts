import { getContext, setContext } from 'svelte';
import type { Calendar } from '../text/time';
import type { Session } from '../wire/types';
import type { SiteClock } from './clock.svelte';
import type { Live } from './live.svelte';
import type { ThemeChoice } from './theme.svelte';

/** What every view may use: who is here, what time it is, the link and the colours. */
export interface App {
  readonly session: Session;
  readonly clock: SiteClock;
  readonly live: Live;
  readonly theme: ThemeChoice;
  readonly calendar: Calendar;
}

const KEY = Symbol('app');

export function provideApp(app: App): App {
  return setContext(KEY, app);
}

export function useApp(): App {
  return getContext<App>(KEY);
}
