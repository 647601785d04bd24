/** Lists, fleets and walls (API.md 2, 10, 11). */
import type { Quality, Severity } from './values';

export interface TwinRow {
  twin: string;
  title: string;
  subtitle: string;
  severity: Severity | null;
  text: string | null;
  online: boolean;
  since: number | null;
}

export interface TwinList {
  twins: TwinRow[];
  next: string | null;
  types: { type: string; title: string; count: number }[];
}

export interface FleetGroup {
  key: string;
  label: string;
  marks: Severity[];
  ids: string[];
  level: number[];
  mark: number[];
}

export interface Attention {
  twin: string;
  label: string;
  severity: Severity;
  text: string;
  value: number | null;
  unit: string | null;
  step: number | null;
  t: number;
}

export interface Money {
  title: string;
  text: string;
  unit: string;
  bars: { label: string; kind: 'total' | 'step' | 'future'; value: number; lo: number | null; hi: number | null }[];
  figures: { label: string; value: number | null; unit: string | null; step: number | null; text: string }[];
}

export interface FleetView {
  type: string;
  title: string;
  subtitle: string;
  one: string;
  count: number;
  at: number;
  seq: number;
  notice: string | null;
  summary: { key: Severity | 'silent' | 'usual'; label: string; count: number }[];
  scale: { text: string; steps: { label: string; count: number }[] };
  groups: FleetGroup[];
  attention: Attention[];
  more: number;
  words: { live: string };
  money: Money | null;
}

export interface Tile {
  code: string;
  state: 'steady' | 'alarm' | 'silent' | 'free';
  severity: Severity | null;
  text: string;
  since: number | null;
  values: {
    label: string;
    unit: string;
    value: number | null;
    second: number | null;
    step: number | null;
    sigma: number | null;
    stale: boolean;
    t: number | null;
    quality: Quality;
  }[];
}

export interface Wall {
  name: string;
  title: string;
  text: string;
  now: number;
  seq: number;
  notice: string | null;
  tiles: Tile[];
}
