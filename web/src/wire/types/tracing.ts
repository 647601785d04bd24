import type { Fault } from './acting';

/** API.md 8: the way of a device's data, step by step. */
export interface TraceStep {
  key: string;
  label: string;
  state: 'ok' | 'broken' | 'unknown';
  text: string;
  hint: string | null;
  /** Seconds that it takes. */
  delay: number | null;
}

export interface Attempt {
  t: number;
  client: string;
  address: string;
  why: string;
}

export interface Heard {
  twin: string;
  device: string;
  t: number;
  topic: string;
  size: number;
  excerpt: string;
  values: { field: string; value: number | null; unit: string; t: number; quality: string; reason: string | null }[];
}

export interface DeviceTrace {
  device: string;
  at: number;
  verdict: string;
  arrives: boolean;
  steps: TraceStep[];
  account: {
    kind: string;
    disabled: boolean;
    tokens: number;
    certificates: { serial: string; expires: number; state: 'valid' | 'expired' | 'revoked' }[];
    twins: string[];
  } | null;
  connections: { protocol: string; address: string; client: string; since: number; heard: number; bytes_in: number; bytes_out: number }[];
  attempts: Attempt[];
  unnamed: Attempt[];
  twins: { twin: string; heard: number | null; messages: number; online: boolean; text: string }[];
  more: number;
  heard: Heard[];
  faults: Fault[];
}
