/** Forks and their tables (API.md 5). */
import type { Action } from './acting';

export interface Option {
  key: string;
  choice: string;
  label: string;
  short: string;
  first: boolean;
  gate: string | null;
}

export interface Fan {
  unit: string;
  p5: (number | null)[];
  p50: (number | null)[];
  p95: (number | null)[];
}

/** How many futures of an option held an event; `text` says over what span. */
export interface Chance {
  unit: string;
  value: number | null;
  lo: number;
  hi: number;
  text: string;
}

export interface Cell {
  value: number | null;
  lo: number | null;
  hi: number | null;
  text: string | null;
  detail: string | null;
}

export interface Row {
  label: string;
  unit: string | null;
  signal: string | null;
  signed: boolean;
  step: number | null;
  cells: Record<string, Cell>;
}

export interface Table {
  note: string;
  groups: { title: string; rows: Row[] }[];
}

export interface Fork {
  id: string;
  twin: string;
  title: string;
  made: number;
  until: number;
  members: number;
  seq: number;
  state: 'running' | 'done' | 'failed';
  progress: number;
  text: string | null;
  options: Option[];
  grid: number[];
  fans: Record<string, Record<string, Fan>>;
  chances: Record<string, Record<string, Chance>>;
  table: Table | null;
  not_modelled: string | null;
  sources: string | null;
  actions: Action[];
  /** The button that asks what matters most, where this person may. */
  matters: Action | null;
}

export interface ForkList {
  forks: { id: string; title: string; made: number; state: string; kept: boolean }[];
}
