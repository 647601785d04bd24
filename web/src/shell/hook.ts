import { drawn } from '../chart/counts';
import type { SiteClock } from '../state/clock.svelte';
import type { Cursor } from '../state/cursor.svelte';
import type { Live } from '../state/live.svelte';

interface SceneProbe {
  parts(): Record<string, { x: number; y: number; visible: boolean; colour: string }>;
  beat(): { period: number; phase: number };
  draws(): number;
  ready(): boolean;
}

interface Hook {
  live: Live | null;
  clock: SiteClock | null;
  cursor: Cursor | null;
  scene: SceneProbe | null;
}

/** What the parts of the page hand to the test hook. */
export const hook: Hook = { live: null, clock: null, cursor: null, scene: null };

/** `window.__pollux`: read-only and small, for tests (API.md 12). */
export function install(version: string): void {
  const probe = {
    get version() {
      return version;
    },
    get sceneReady() {
      return hook.scene?.ready() ?? false;
    },
    get sceneState() {
      return hook.scene === null ? 'none' : hook.scene.ready() ? 'ready' : 'loading';
    },
    get link() {
      return hook.live?.state ?? 'none';
    },
    get mode() {
      return hook.cursor?.mode ?? 'live';
    },
    get cursor() {
      return hook.cursor?.moment ?? null;
    },
    get now() {
      return hook.clock?.now() ?? null;
    },
    get seq() {
      return hook.live?.seq ?? 0;
    },
    get counts() {
      return { ...hook.live?.counts, draws: hook.scene?.draws() ?? 0, charts: drawn.draws, points: drawn.points };
    },
    get parts() {
      return hook.scene?.parts() ?? {};
    },
    get beat() {
      return hook.scene?.beat() ?? { period: 0, phase: 0 };
    },
  };
  Object.defineProperty(window, '__pollux', { value: Object.freeze(probe), writable: false });
}
