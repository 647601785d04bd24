/** Alarms, advice, orders and refusals (API.md 4, 6, 7, 8). */
import type { Severity } from './values';

export interface Ask {
  key: string;
  label: string;
  kind: 'choice' | 'text' | 'duration' | 'code';
  choices: { value: string | number; label: string }[];
  free: boolean;
  required: boolean;
}

export interface Action {
  key: string;
  label: string;
  href: string;
  body: Record<string, unknown>;
  asks: Ask[];
  method?: 'POST' | 'DELETE';
  tone?: 'main' | 'plain';
}

export interface Alarm {
  id: string;
  twin: string;
  severity: Severity;
  state: 'raised' | 'acknowledged' | 'shelved' | 'gone';
  title: string;
  text: string;
  t: number;
  until: number | null;
  measure: string | null;
  signal: string | null;
  part: string | null;
  actions: Action[];
}

export interface Alarms {
  summary: string;
  alarms: Alarm[];
}

export interface ScoreInput {
  label: string;
  signal: string;
  points: number | null;
  reason: string | null;
}

export interface Score {
  title: string;
  text: string;
  complete: boolean;
  points: number;
  most: number;
  measure: string;
  severity: Severity | null;
  inputs: ScoreInput[];
}

export interface Scores {
  at: number;
  scores: Score[];
}

export interface Line {
  label: string;
  value: number | null;
  from: number | null;
  unit: string | null;
  lo: number | null;
  hi: number | null;
  signed: boolean;
  step: number | null;
  text: string | null;
  detail: string | null;
}

export interface OutcomeRow {
  label: string;
  unit: string;
  predicted: number;
  lo: number;
  hi: number;
  measured: number | null;
  measured_text: string | null;
  inside: boolean | null;
  signed: boolean;
  step: number | null;
}

export interface Outcome {
  text: string | null;
  rows: OutcomeRow[];
}

export interface CheckDoor {
  href: string;
  body: Record<string, unknown>;
  label: string;
}

export interface Card {
  id: string;
  state: 'open' | 'acted' | 'declined' | 'expired';
  option: string | null;
  fork: string | null;
  rank: string;
  title: string;
  text: string;
  verdict?: string | null;
  made: number;
  expires: number | null;
  lines: Line[];
  notes: { title: string; text: string }[];
  check: CheckDoor | null;
  actions: Action[];
  outcome: Outcome | null;
}

export interface Cards {
  cards: Card[];
}

export interface CheckItem {
  text: string;
  ok: boolean | null;
  detail: string | null;
}

export interface Check {
  id: string;
  title: string;
  expires: number;
  affected: string;
  lines: Line[];
  checks: CheckItem[];
  blocked: string | null;
  confirm: Action | null;
}

export interface Station {
  key: string;
  label: string;
  t: number | null;
  text: string | null;
}

export interface Signature {
  title: string;
  person: string | null;
  key: string | null;
  t: number | null;
  text: string | null;
  state: 'signed' | 'waiting' | 'refused';
}

export type EndSign = 'verified' | 'ineffective' | 'expired' | 'failed' | 'rejected' | 'cancelled';

export interface Order {
  id: string;
  title: string;
  text: string;
  state: string;
  made: number;
  expires: number | null;
  stations: Station[];
  end: { sign: EndSign; text: string; t: number | null } | null;
  signatures: Signature[];
  checks: CheckItem[];
  check: CheckDoor | null;
  actions: Action[];
  outcome: Outcome | null;
}

export interface Orders {
  orders: Order[];
}

export interface Fault {
  severity: Severity;
  title: string;
  text: string;
  hint: string | null;
  topic: string | null;
  meta: string | null;
  t: number;
  excerpt: { before: string; mark: string; after: string } | null;
  count: number;
  actions: Action[];
}

export interface Lost {
  summary: string;
  faults: Fault[];
}

export interface Refusals {
  title: string;
  since: number | null;
  text: string | null;
  stations: { key: string; label: string; state: 'ok' | 'broken' | 'unknown'; text: string }[];
  faults: Fault[];
}
