/** Control messages of the link (API.md 9). */
import type { Value } from './values';

/** What a `changed` message may name. */
export type Topic =
  | 'alarms'
  | 'advice'
  | 'commands'
  | 'forks'
  | 'refusals'
  | 'view'
  | 'presence'
  | 'marks'
  | 'twins'
  | 'fleet'
  | 'wall';

export interface Channel {
  channel: number;
  kind: 'state' | 'samples' | 'cycle';
  fields: string[];
}

export type Told =
  | { is: 'hello'; protocol: number; now: number; speed: number; version: string | null; resumed: boolean }
  | { is: 'channels'; twin: string; channels: Channel[] }
  | { is: 'clock'; now: number; speed: number; behind: number | null; rate: number | null }
  | { is: 'notes'; twin: string; seq: number; values: Record<string, Partial<Value>> }
  | { is: 'text'; twin: string; seq: number; values: Record<string, Pick<Value, 'value' | 't' | 'quality'>> }
  | { is: 'changed'; what: Topic; twin: string | null }
  | { is: 'progress'; fork: string; progress: number; text: string | null }
  | { is: 'problem'; title: string; detail: string; hint: string | null };

export interface Watch {
  twins: { twin: string; fields: string[]; samples: string[]; cycle: boolean }[];
  fleets: string[];
  wall: string | null;
}
