/** Which uncertain thing decides an outcome (API.md 5). */
export interface Bar {
  name: string;
  label: string;
  unit: string;
  low: number;
  high: number;
  at_low: number | null;
  at_high: number | null;
  share: number | null;
  lo: number | null;
  hi: number | null;
}

export interface Sensitivity {
  fork: string;
  state: 'none' | 'running' | 'done' | 'failed';
  progress: number;
  text: string | null;
  method: string;
  output: string | null;
  label: string | null;
  unit: string | null;
  over: string | null;
  middle: number | null;
  words: string | null;
  note: string | null;
  bars: Bar[];
}
