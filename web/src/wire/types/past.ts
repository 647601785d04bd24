/** History and marks (API.md 3). */
import type { Role, Severity } from './values';

export interface Gap {
  from: number;
  to: number;
  text: string;
}

export interface Series {
  field: string;
  role: Role;
  unit: string;
  raw: boolean;
  t: number[];
  v: (number | null)[];
  q: number[];
  lo: (number | null)[];
  hi: (number | null)[];
  gaps: Gap[];
}

export interface History {
  twin: string;
  from: number;
  to: number;
  seq: number;
  series: Series[];
}

export interface Mark {
  t: number;
  kind: 'alarm' | 'order' | 'note';
  severity: Severity | null;
  state: string;
  text: string;
  ref: string;
  signal: string | null;
  short: string | null;
  from: number | null;
}

export interface Marks {
  marks: Mark[];
  gaps: Gap[];
}
