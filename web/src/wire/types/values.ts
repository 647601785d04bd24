/** Who is here, and the values of a twin (API.md 1 and 2). */

export type Quality = 'missing' | 'good' | 'uncertain' | 'bad' | 'estimated' | 'simulated';

export type Severity = 'high' | 'medium' | 'low';

export type Role = 'measured' | 'estimate' | 'risk' | 'set' | 'parameter' | 'fact';

/** Codes of quality in frames, in their order. */
export const QUALITIES: readonly Quality[] = ['missing', 'good', 'uncertain', 'bad', 'estimated', 'simulated'];

export interface Session {
  person: string;
  rights_text: string;
  tenant: string;
  mode: 'observe' | 'act';
  view: 'full' | 'wall';
  home: string;
  panels: string[];
  notice: string | null;
  now: number;
  speed: number;
  zone: string | null;
  version: string;
}

export interface Aside {
  value: number | null;
  unit: string | null;
  signed: boolean;
  text: string | null;
}

export interface Flag {
  severity: Severity;
  text: string;
  since: number | null;
}

export interface Value {
  value: number | string | boolean | null;
  unit: string;
  role: Role;
  quality: Quality;
  reason: string | null;
  t: number | null;
  arrived: number | null;
  due: number | null;
  stale_after: number | null;
  sigma: number | null;
  lo: number | null;
  hi: number | null;
  step: number | null;
  word: string | null;
  remark: string | null;
  aside: Aside | null;
  flag: Flag | null;
}

export interface Presence {
  online: boolean;
  since: number | null;
  text: string | null;
  devices: { name: string; label: string; online: boolean; last: number | null }[];
}

export interface State {
  twin: string;
  at: number;
  seq: number;
  values: Record<string, Value>;
  presence: Presence;
}
