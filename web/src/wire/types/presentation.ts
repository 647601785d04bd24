/** How a twin is presented (API.md 2). */

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

/** One turn of the cycle as a small moving picture: a column along time, or over another column. */
export interface Trace {
  label: string;
  y: string;
  x: string | null;
  unit: string;
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
  motion: { chambers: Chamber[]; spin: Spin[]; traces?: Trace[] };
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
