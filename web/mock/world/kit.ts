import type { Action, Ask, Value } from '../../src/wire/types';

const BLANK: Value = {
  value: null, unit: '1', role: 'measured', quality: 'good', reason: null, t: null, arrived: null, due: null, stale_after: null,
  sigma: null, lo: null, hi: null, step: null, word: null, remark: null, aside: null, flag: null,
};

export function value(parts: Partial<Value>): Value {
  return { ...BLANK, ...parts };
}

export const REASON: Ask = {
  key: 'reason', label: 'Reason, required...', kind: 'choice', free: true, required: true,
  choices: [{ value: 'seen', label: 'Seen, patient called' }, { value: 'known', label: 'Known, expected' }, { value: 'sensor', label: 'Sensor fault' }],
};
export const UNTIL: Ask = {
  key: 'seconds', label: 'For how long', kind: 'duration', free: false, required: true,
  choices: [{ value: 3600, label: '1 hour' }, { value: 28800, label: '8 hours' }, { value: 86400, label: '1 day' }],
};
export const CODE: Ask = { key: 'code', label: 'Second factor', kind: 'code', free: false, required: true, choices: [] };

export function action(key: string, label: string, href: string, asks: Ask[] = [REASON]): Action {
  return { key, label, href, body: {}, asks };
}

/** One signal of the past: what was measured or estimated, and when. */
export interface Past {
  t: number[];
  v: number[];
  lo: number[];
  hi: number[];
}

/** The newest at or before a moment. */
export function known(past: Past, at: number): number {
  return past.t.findLastIndex((t) => t <= at);
}
