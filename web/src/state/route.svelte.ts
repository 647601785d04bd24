export type Route =
  | { name: 'home' }
  | { name: 'twins' }
  | { name: 'twin'; twin: string }
  | { name: 'fleet'; type: string }
  | { name: 'wall'; wall: string }
  | { name: 'lost' }
  | { name: 'trace'; device: string };

/** The view that a hash names; everything unknown is home. */
export function routeOf(hash: string): Route {
  const [kind, ...rest] = hash.replace(/^#?\/?/, '').split('/').map(decodeURIComponent);
  if (kind === 'twins' && rest.length >= 2) return { name: 'twin', twin: rest.join('/') };
  if (kind === 'twins') return { name: 'twins' };
  if (kind === 'fleets' && rest[0]) return { name: 'fleet', type: rest[0] };
  if (kind === 'refusals') return { name: 'lost' };
  if (kind === 'trace') return { name: 'trace', device: rest[0] ?? '' };
  if (kind === 'wall') return { name: 'wall', wall: rest[0] ?? '' };
  return { name: 'home' };
}

/** Where the address bar says we are. */
export class Router {
  route = $state.raw<Route>(routeOf(location.hash));

  constructor() {
    const follow = () => (this.route = routeOf(location.hash));
    $effect(() => {
      window.addEventListener('hashchange', follow);
      return () => window.removeEventListener('hashchange', follow);
    });
  }

  /** First opened without a place: go where the session is at home, without a step in the history. */
  replace(href: string): void {
    history.replaceState(null, '', `#/${href}`);
    this.route = routeOf(location.hash);
  }
}
