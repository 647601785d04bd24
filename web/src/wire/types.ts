/** API.md as types: what the server says, word for word. */

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

export interface Vital {
  label: string;
  signals: string[];
  source: string;
  text: string | null;
}

export interface Limit {
  value: number;
  kind: 'limit' | 'reference';
  label: string;
}

export interface Chart {
  label: string;
  signal: string;
  note: string | null;
  text: string | null;
  low: number | null;
  high: number | null;
  zero: boolean;
  limits: Limit[];
}

export interface Layer {
  key: string;
  label: string;
  unit: string;
  from: number;
  to: number;
  from_label: string;
  to_label: string;
}

export type Kind =
  | 'muscle'
  | 'artery'
  | 'vein'
  | 'pulmonary'
  | 'coronary'
  | 'narrowing'
  | 'metal'
  | 'casing'
  | 'shaft'
  | 'ground'
  | 'glass'
  | 'skin'
  | 'other';

export interface Patch {
  label: string;
  node: string;
  radius: number;
  signals: Record<string, string>;
}

export interface Part {
  part: string;
  kind: Kind;
  label: string;
  signals: Record<string, string>;
  patches: Patch[];
}

export interface Callout {
  label: string;
  node: string;
  signal: string | null;
  prefix: string | null;
  text: string | null;
  side: 'left' | 'right';
}

export interface Chamber {
  node: string;
  radius: number;
  column: string;
}

export interface Spin {
  part: string;
  axis: [number, number, number];
  signal: string;
}

export interface Scene {
  title: string;
  glb: string | null;
  hint: string | null;
  camera: { position: [number, number, number]; target: [number, number, number]; fov: number };
  layers: Layer[];
  parts: Part[];
  callouts: Callout[];
  motion: { chambers: Chamber[]; spin: Spin[] };
}

export interface Choice {
  id: string;
  label: string;
  detail: string | null;
  gate: string | null;
}

export interface Range {
  label: string;
  past: number;
  future: number;
}

export interface View {
  twin: string;
  type: string;
  group: { title: string; href: string } | null;
  title: string;
  subtitle: string;
  notice: string | null;
  time: { past: number; future: number; ranges: Range[] };
  vitals: Vital[];
  charts: Chart[];
  scene: Scene | null;
  lab: { title: string; choices: Choice[] } | null;
  words: { past: string; live: string };
  panels: string[];
}

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
  state: 'raised' | 'acknowledged' | 'shelved' | 'gone' | 'incomplete';
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
  table: Table | null;
  not_modelled: string | null;
  sources: string | null;
  actions: Action[];
}

export interface ForkList {
  forks: { id: string; title: string; made: number; state: string; kept: boolean }[];
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

export interface Refusals {
  title: string;
  since: number | null;
  text: string | null;
  stations: { key: string; label: string; state: 'ok' | 'broken' | 'unknown'; text: string }[];
  faults: Fault[];
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
