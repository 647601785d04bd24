import type { Alarms, Cards, Chart, Fan, Fork, History, Line, Marks, Orders, Refusals, Scene, State, Value, View, Scores } from '../../src/wire/types';
import { DAY, HOUR, now } from '../clock';
import { normal, random } from '../random';
import { action, CODE, known, REASON, UNTIL, value, type Past } from './kit';

/** A believable man of 62 with chronic heart failure; every number is invented. */
export const HEART = 'Heart/H-0417';
const T0 = now();
const NOTICE = 'Simulated patient. Research software, not a medical device, not validated clinically. Do not use for emergencies or for treatment decisions.';
const GAP = { from: T0 - 8.5 * DAY, to: T0 - 7.4 * DAY, text: 'no cuff' };

const past = build();

function build(): Record<string, Past> {
  const next = random(417);
  const series = (step: number, of: (d: number) => [number, number, number]): Past => {
    const out: Past = { t: [], v: [], lo: [], hi: [] };
    for (let t = T0 - 16 * DAY; t <= T0; t += step) {
      const [v, lo, hi] = of((t - T0) / DAY);
      out.t.push(t);
      out.v.push(v);
      out.lo.push(lo);
      out.hi.push(hi);
    }
    return out;
  };
  const without = (p: Past): Past => {
    const keep = p.t.map((t, i) => (t < GAP.from || t > GAP.to ? i : -1)).filter((i) => i >= 0);
    return { t: keep.map((i) => p.t[i]!), v: keep.map((i) => p.v[i]!), lo: keep.map(() => NaN), hi: keep.map(() => NaN) };
  };
  const rise = (d: number) => Math.max(0, d + 3.05);
  const filling = (d: number) => 16 + 0.3 * Math.sin(d * 1.1) + 1.65 * rise(d);
  const cuff = (mean: number, noise: number) => series(8 * HOUR, () => [mean + noise * normal(next), NaN, NaN]);
  const systolic = without(cuff(117.5, 3.2));
  systolic.v[systolic.v.length - 1] = 112;
  systolic.t[systolic.t.length - 1] = T0 - 7860;
  return {
    systolic,
    diastolic: without(cuff(71, 2.2)),
    weight: series(DAY, (d) => [Math.round((84.3 + 0.16 * normal(next) + 0.84 * rise(d + 0.15)) * 10) / 10, NaN, NaN]),
    filling: series(3 * HOUR, (d) => [filling(d), filling(d) - 8.6, filling(d) + 8.9]),
    pulse: series(10 * 60, (d) => [79 + 2.6 * rise(d) + 1.4 * normal(next), NaN, NaN]),
    spo2: series(10 * 60, () => [Math.min(99, 95.6 + 0.6 * normal(next)), NaN, NaN]),
    risk7: series(6 * HOUR, (d) => [9 + 7.2 * rise(d), Math.max(1, 5 + 5.6 * rise(d)), 14 + 9 * rise(d)]),
  };
}

const strain = (v: number, word: string, s = 1.6): Value =>
  value({ value: v, unit: '%', role: 'estimate', quality: 'estimated', sigma: s, step: 1, t: T0 - 2, word, lo: v - 2.4, hi: v + 2.4 });

const still: Record<string, Value> = {
  'strain.anterior': { ...strain(-7, 'weak'), flag: { severity: 'low', text: 'weak', since: null } },
  'strain.lateral': strain(-13, 'slightly weak'),
  'strain.apex': strain(-8, 'weak'),
  'strain.inferior': strain(-15, 'slightly weak'),
  'strain.septal': strain(-12, 'slightly weak'),
  'strain.lv': strain(-14, 'slightly weak'),
  'strain.rv': strain(-17, 'usual for him'),
  'perfusion.anterior': value({ value: 0.61, unit: 'ml/g/min', role: 'estimate', quality: 'estimated', sigma: 0.09, t: T0 - 2, word: 'low' }),
  'perfusion.lateral': value({ value: 0.84, unit: 'ml/g/min', role: 'estimate', quality: 'estimated', sigma: 0.09, t: T0 - 2 }),
  'perfusion.lv': value({ value: 0.9, unit: 'ml/g/min', role: 'estimate', quality: 'estimated', sigma: 0.09, t: T0 - 2 }),
  'perfusion.rv': value({ value: 0.95, unit: 'ml/g/min', role: 'estimate', quality: 'estimated', sigma: 0.12, t: T0 - 2 }),
  'ra.pressure': value({ value: 9, unit: 'mmHg', role: 'estimate', quality: 'estimated', sigma: 3, lo: 4, hi: 14, step: 1, t: T0 - 2 }),
  'la.pressure': value({ value: 21, unit: 'mmHg', role: 'estimate', quality: 'estimated', sigma: 5.5, lo: 12, hi: 30, step: 1, t: T0 - 2 }),
  'lv.pressure': value({ value: 112, unit: 'mmHg', role: 'estimate', quality: 'estimated', sigma: 4, step: 1, t: T0 - 2 }),
  narrowing: value({ value: 62, unit: '%', role: 'fact', step: 1, t: T0 - 42 * DAY, remark: 'scan, 12 Oct' }),
};

/** What was known at a moment; live when it is now. */
export function values(at: number): Record<string, Value> {
  const pick = (name: string) => {
    const p = past[name]!;
    const i = known(p, at);
    return { i, v: i < 0 ? null : p.v[i]!, t: i < 0 ? null : p.t[i]!, lo: i < 0 ? null : p.lo[i]!, hi: i < 0 ? null : p.hi[i]! };
  };
  const live = at >= T0 - 1;
  const wobble = live ? Math.sin(at / 7) : 0;
  const [pulse, sys, dia, spo2, weight, filling, risk] = ['pulse', 'systolic', 'diastolic', 'spo2', 'weight', 'filling', 'risk7'].map((n) => pick(n)) as ReturnType<typeof pick>[];
  const measured = (p: ReturnType<typeof pick>, unit: string, step: number, extra: Partial<Value>) =>
    value({ value: p.v, t: p.t, arrived: p.t, unit, step, sigma: step, ...extra });
  return {
    ...Object.fromEntries(Object.entries(still).map(([k, v]) => [k, k === 'narrowing' ? v : { ...v, t: at - 2 }])),
    pulse: measured(pulse!, '/min', 1, live ? { value: 88 + 0.4 * wobble, t: at - (at % 3), due: 5, stale_after: 60 } : {}),
    systolic: measured(sys!, 'mmHg', 1, { due: 8 * HOUR, stale_after: 16 * HOUR }),
    diastolic: measured(dia!, 'mmHg', 1, { value: live ? 70 : dia!.v, due: 8 * HOUR, stale_after: 16 * HOUR }),
    spo2: measured(spo2!, '%', 1, live ? { value: 94, t: T0 - 14 * 60, due: 60, stale_after: 300 } : {}),
    weight: measured(weight!, 'kg', 0.1, {
      ...(live && { value: 86.9, t: T0 - 3.66 * HOUR, aside: { value: 2.3, unit: 'kg', signed: true, text: 'in 3 days' }, flag: { severity: 'medium', text: 'above the 2 kg rule', since: T0 - 13200 } }),
    }),
    filling: value({ value: live ? 21 + 0.15 * wobble : filling!.v, unit: 'mmHg', role: 'estimate', quality: 'estimated', t: live ? at - 2 : filling!.t, sigma: 5.5, lo: live ? 12 : filling!.lo, hi: live ? 30 : filling!.hi, step: 1, remark: live ? '+5 on his own baseline' : null }),
    risk7: value({ value: live ? 31 : risk!.v, unit: '%', role: 'risk', quality: 'estimated', t: at - 2, lo: live ? 22 : risk!.lo, hi: live ? 41 : risk!.hi, step: 1, aside: { value: null, unit: null, signed: false, text: 'in 7 days' }, remark: '58 % in 30 days' }),
  };
}

export function state(at: number, seq: number): State {
  return {
    twin: HEART, at, seq, values: values(at),
    presence: { online: true, since: now() - 1, text: null, devices: [{ name: 'wrist-1', label: 'wrist', online: true, last: now() - 1 }] },
  };
}

const chart = (label: string, signal: string, low: number, high: number, extra: Partial<Chart> = {}): Chart => ({ label, signal, note: null, text: null, low, high, zero: false, limits: [], ...extra });

export const view: View = {
  twin: HEART, type: 'Heart', group: { title: 'Heart clinic', href: 'twins' }, title: 'Patient H-0417', subtitle: 'man, 62 · chronic heart failure, EF 29 %', notice: NOTICE,
  time: {
    past: 14 * DAY, future: 7 * DAY,
    ranges: [{ label: '14 days', past: 14 * DAY, future: 7 * DAY }, { label: '2 days', past: 2 * DAY, future: DAY }, { label: '6 hours', past: 6 * HOUR, future: 3 * HOUR }],
  },
  vitals: [
    { label: 'Heart rate', signals: ['pulse'], source: 'wrist', text: null },
    { label: 'Blood pressure', signals: ['systolic', 'diastolic'], source: 'cuff', text: null },
    { label: 'Oxygen saturation', signals: ['spo2'], source: 'finger', text: null },
    { label: 'Weight', signals: ['weight'], source: 'scale', text: null },
    { label: 'Filling pressure', signals: ['filling'], source: 'estimate', text: null },
    { label: 'Decompensation', signals: ['risk7'], source: 'risk', text: null },
  ],
  charts: [
    chart('Systolic pressure', 'systolic', 90, 132, { limits: [{ value: 90, kind: 'limit', label: 'limit 90' }] }),
    chart('Weight', 'weight', 82, 90),
    chart('Filling pressure', 'filling', 5, 35, { note: 'estimate of the twin, nobody measures it', text: 'above 25 with a chance of 24 %, up from 6 % a week ago', limits: [{ value: 25, kind: 'reference', label: '' }] }),
  ],
  scene: scene(),
  lab: {
    title: 'Treatment lab',
    choices: [
      { id: 'keep', label: 'Keep as is', detail: null, gate: null },
      { id: 'loop+1', label: 'Loop diuretic, one step up, 5 days', detail: null, gate: 'K⁺, eGFR 2 days old' },
      { id: 'sglt2', label: 'Add SGLT2 inhibitor', detail: null, gate: 'eGFR 57' },
      { id: 'arni', label: 'ACE inhibitor to ARNI', detail: null, gate: 'closed: 36 h after ACE inhibitor' },
    ],
  },
  words: { past: 'past', live: 'You see the patient as he is. Orders can be signed.' },
  panels: ['alerts', 'lab', 'advice', 'orders', 'refusals'],
};

function scene(): Scene {
  const by = (region: string) => ({ strain: `strain.${region}`, perfusion: `perfusion.${region}` });
  const spot = (label: string, node: string, region: string, radius = 0.3) => ({ label, node, radius, signals: by(region) });
  return {
    title: 'Heart', glb: `twins/${HEART}/scene.glb?v=1`, hint: 'drag to turn',
    camera: { position: [0.1, 0.42, 5.1], target: [0.02, 0.05, -0.05], fov: 27 },
    layers: [
      { key: 'strain', label: 'Strain', unit: '%', from: -20, to: -5, from_label: 'usual', to_label: 'weak' },
      { key: 'perfusion', label: 'Perfusion', unit: 'ml/g/min', from: 1, to: 0.5, from_label: 'usual', to_label: 'low' },
      { key: 'pressure', label: 'Pressure', unit: 'mmHg', from: 5, to: 30, from_label: 'usual', to_label: 'high' },
    ],
    parts: [
      { part: 'lv', kind: 'muscle', label: 'Left ventricle', signals: { ...by('lv'), pressure: 'filling' }, patches: [
        spot('Anterior wall', 'at_anterior', 'anterior', 0.33), spot('Lateral wall', 'at_lateral', 'lateral', 0.36), spot('Apex', 'at_apex', 'apex', 0.28), spot('Inferior wall', 'at_inferior', 'inferior', 0.4), spot('Septum', 'at_septal', 'septal', 0.14)] },
      { part: 'rv', kind: 'muscle', label: 'Right ventricle', signals: by('rv'), patches: [] },
      { part: 'ra', kind: 'muscle', label: 'Right atrium', signals: { pressure: 'ra.pressure' }, patches: [] },
      { part: 'la', kind: 'muscle', label: 'Left atrium', signals: { pressure: 'la.pressure' }, patches: [] },
      { part: 'aorta', kind: 'artery', label: 'Aorta', signals: {}, patches: [] },
      { part: 'pulmonary_trunk', kind: 'pulmonary', label: 'Pulmonary trunk', signals: {}, patches: [] },
      { part: 'caval_veins', kind: 'vein', label: 'Venae cavae', signals: {}, patches: [] },
      { part: 'pulmonary_veins', kind: 'artery', label: 'Pulmonary veins', signals: {}, patches: [] },
      { part: 'lad', kind: 'coronary', label: 'Left anterior artery', signals: {}, patches: [] },
      { part: 'lcx', kind: 'coronary', label: 'Circumflex artery', signals: {}, patches: [] },
      { part: 'rca', kind: 'coronary', label: 'Right coronary artery', signals: {}, patches: [] },
      { part: 'lad_narrowing', kind: 'narrowing', label: 'Narrowing', signals: {}, patches: [] },
      { part: 'cardiac_veins', kind: 'vein', label: 'Cardiac veins', signals: {}, patches: [] },
    ],
    callouts: [
      { label: 'Left anterior artery', node: 'at_stenosis', signal: 'narrowing', prefix: null, text: 'narrowed', side: 'right' },
      { label: 'Right atrium', node: 'at_ra', signal: 'ra.pressure', prefix: null, text: null, side: 'left' },
      { label: 'Lateral wall', node: 'at_lateral', signal: 'strain.lateral', prefix: 'strain', text: null, side: 'right' },
      { label: 'Right ventricle', node: 'at_rv', signal: 'strain.rv', prefix: 'strain', text: null, side: 'left' },
      { label: 'Anterior wall', node: 'at_anterior', signal: 'strain.anterior', prefix: 'strain', text: null, side: 'right' },
    ],
    motion: {
      chambers: [
        { node: 'in_lv', radius: 0.5, column: 'lv.volume' },
        { node: 'in_rv', radius: 0.42, column: 'rv.volume' },
        { node: 'in_ra', radius: 0.33, column: 'ra.volume' },
        { node: 'in_la', radius: 0.33, column: 'la.volume' },
      ],
      spin: [],
      traces: [
        { label: 'Pressure, one beat', y: 'lv.pressure', x: null, unit: 'mmHg' },
        { label: 'Pressure over volume', y: 'lv.pressure', x: 'lv.volume', unit: 'mmHg' },
      ],
    },
  };
}

export function history(fields: string[], from: number, to: number, seq: number): History {
  const series = fields.flatMap((field) => {
    const p = past[field];
    if (!p) return [];
    const keep = p.t.map((t, i) => (t >= from && t <= to && t <= now() ? i : -1)).filter((i) => i >= 0);
    const band = field === 'filling' || field === 'risk7';
    return [{
      field, role: band ? ('estimate' as const) : ('measured' as const), unit: values(now())[field]!.unit, raw: true,
      t: keep.map((i) => p.t[i]!), v: keep.map((i) => p.v[i]!), q: [],
      lo: band ? keep.map((i) => p.lo[i]!) : [], hi: band ? keep.map((i) => p.hi[i]!) : [],
      gaps: field === 'systolic' || field === 'diastolic' ? [GAP] : [],
    }];
  });
  return { twin: HEART, from, to, seq, series };
}

export function marks(): Marks {
  const mark = (ago: number, kind: 'alarm' | 'order', severity: 'high' | 'medium' | 'low' | null, st: string, text: string, ref: string) => ({ t: T0 - ago, kind, severity, state: st, text, ref, signal: null as string | null, short: null as string | null, from: null as number | null });
  return {
    marks: [
      mark(12 * DAY, 'alarm', 'medium', 'acknowledged', 'Pulse above his band', 'A-1'),
      mark(12.9 * DAY, 'order', null, 'verified', 'verified, 11 Nov', 'PC-0084'),
      mark(2 * DAY, 'alarm', 'low', 'shelved', 'Resting heart rate above his own band', 'A-4'),
      mark(5.46 * HOUR + 0.75 * DAY, 'alarm', 'high', 'raised', 'Oxygen saturation was 88 % for 2 minutes', 'A-6'),
      { ...mark(3.66 * HOUR, 'alarm', 'medium', 'raised', 'Weight up 2.3 kg in 3 days', 'A-7'), signal: 'weight', short: '+2.3 kg in 3 days', from: T0 - 3.15 * DAY },
    ],
    gaps: [GAP],
  };
}

const acknowledged = new Map<string, string>();

export function act(path: string, body: Record<string, unknown>): boolean {
  const id = /^alarms\/([^/]+)\//.exec(path)?.[1];
  if (id) acknowledged.set(id, String(body.reason ?? ''));
  return id !== undefined;
}

export function alarms(): Alarms {
  const acts = (id: string, shelve: boolean) => [action('ack', 'Acknowledge', `alarms/${id}/ack`), ...(shelve ? [action('shelve', 'Shelve...', `alarms/${id}/shelve`, [REASON, UNTIL])] : [])];
  const row = (id: string, severity: 'high' | 'medium' | 'low', st: 'raised' | 'acknowledged' | 'shelved', title: string, text: string, ago: number, signal: string | null, shelve = true) => {
    const why = acknowledged.get(id);
    return { id, twin: HEART, severity, state: why ? ('acknowledged' as const) : st, title, text: why ? `${text} · acknowledged by you: “${why}”` : text, t: T0 - ago, until: null, measure: null as string | null, signal, part: null, actions: st === 'raised' && !why ? acts(id, shelve) : [] };
  };
  return {
    summary: '2 need somebody · 1 acknowledged · 1 shelved',
    alarms: [
      row('A-6', 'high', 'raised', 'Oxygen saturation was 88 % for 2 minutes', 'High · limit 90 %, measured · back to 94 % at 05:16, nobody has seen it', 5.47 * HOUR, 'spo2', false),
      row('A-7', 'medium', 'raised', 'Weight up 2.3 kg in 3 days', 'Medium · rule: more than 2 kg · likely fluid (82 %), next: see future 0', 3.67 * HOUR, 'weight'),
      row('A-5', 'low', 'acknowledged', 'Oximeter silent', 'Low · acknowledged by the nurse: “probe off for breakfast”', 14 * 60, 'spo2'),
      row('A-4', 'low', 'shelved', 'Resting heart rate above his own band', 'Low · shelved until 18:00 by the cardiologist: “known, after flu”', 2 * DAY, 'pulse'),
    ],
  };
}

export function scores(): Scores {
  const input = (label: string, signal: string, points: number | null) => ({ label, signal, points, reason: points === null ? 'not measured' : null });
  return {
    at: now(),
    scores: [
      {
        title: 'NEWS2 incomplete, at least 1', complete: false, points: 1, most: 20, measure: '3 of 7 inputs', severity: null,
        text: 'Missing: respiration, temperature, consciousness, oxygen. At home an aid, not a validated score.',
        inputs: [input('pulse', 'pulse', 0), input('systolic pressure', 'systolic', 0), input('oxygen saturation', 'spo2', 1), input('respiration', 'respiration', null)],
      },
    ],
  };
}

function fan(start: number, end: number, startWidth: number, endWidth: number, bend: number, unit: string): Fan {
  const out: Fan = { unit, p5: [], p50: [], p95: [] };
  for (let i = 0; i <= 28; i++) {
    const u = i / 28;
    const eased = (1 - Math.exp(-bend * u)) / (1 - Math.exp(-bend));
    const mid = start + (end - start) * eased;
    const w = startWidth + (endWidth - startWidth) * Math.sqrt(u);
    out.p5.push(mid - w);
    out.p50.push(mid);
    out.p95.push(mid + w * 1.02);
  }
  return out;
}

let asked = 0;
export function run(): void {
  asked = now();
}

export function fork(): Fork {
  const made = T0;
  const cell = (v: number, lo: number, hi: number) => ({ value: v, lo, hi, text: null, detail: null });
  const word = (text: string, detail: string | null = null) => ({ value: null, lo: null, hi: null, text, detail });
  const row = (label: string, unit: string | null, signed: boolean, step: number | null, cells: Fork['table'] extends infer T ? (T extends { groups: { rows: { cells: infer C }[] }[] } ? C : never) : never) => ({ label, unit, signal: null, signed, step, cells });
  const running = asked > 0 && now() - asked < 6;
  return {
    id: 'F-12', twin: HEART, title: 'fork of 10:42:16 · 7 days · 200 members each, same random numbers · 0.9 s', made, until: made + 7 * DAY, members: 200, seq: 88100,
    state: running ? 'running' : 'done', progress: running ? (now() - asked) / 6 : 1, text: running ? 'simulating 4 options of 200 members' : null,
    options: [
      { key: '0', choice: 'keep', label: 'Keep as is', short: 'keep as is', first: false, gate: null },
      { key: 'A', choice: 'loop+1', label: 'Loop diuretic, one step up, 5 days', short: 'diuretic up', first: true, gate: 'free' },
      { key: 'B', choice: 'sglt2', label: 'Add SGLT2 inhibitor', short: 'SGLT2', first: false, gate: 'free' },
      { key: 'C', choice: 'arni', label: 'ACE inhibitor to ARNI', short: 'ARNI', first: false, gate: 'closed' },
    ],
    grid: Array.from({ length: 29 }, (_, i) => made + (i / 28) * 7 * DAY),
    fans: {
      '0': { systolic: fan(112, 110, 3.2, 12, 3, 'mmHg'), weight: fan(86.9, 88.8, 0.15, 1.45, 2, 'kg'), filling: fan(21, 24.6, 8.6, 11, 3, 'mmHg'), pulse: fan(88, 92, 1, 7, 2, '/min'), risk7: fan(31, 38, 9, 13, 2, '%') },
      A: { systolic: fan(112, 107, 3.2, 10.4, 2.4, 'mmHg'), weight: fan(86.9, 84.3, 0.15, 1.65, 2.2, 'kg'), filling: fan(21, 15.2, 8.6, 8.4, 2.2, 'mmHg'), pulse: fan(88, 81, 1, 5.5, 2, '/min'), risk7: fan(31, 12, 9, 6, 2, '%'), 'strain.anterior': fan(-7, -8.5, 1.5, 2.4, 2, '%'), 'strain.lateral': fan(-13, -14, 1.5, 2.4, 2, '%'), 'strain.rv': fan(-17, -18, 1.5, 2.4, 2, '%'), 'ra.pressure': fan(9, 6.5, 4, 3.6, 2, 'mmHg') },
      B: { systolic: fan(112, 111, 3.2, 11, 2, 'mmHg'), weight: fan(86.9, 86.3, 0.15, 1, 1, 'kg'), filling: fan(21, 19.6, 8.6, 9, 1, 'mmHg') },
      C: { systolic: fan(112, 101, 3.2, 10, 2, 'mmHg'), weight: fan(86.9, 88.1, 0.15, 1.6, 1, 'kg'), filling: fan(21, 18.9, 8.6, 9, 1, 'mmHg') },
    },
    chances: {},
    table: {
      note: 'median, 90 % interval',
      groups: [
        { title: 'Benefit', rows: [
          row('Filling pressure', 'mmHg', true, null, { 0: cell(3.6, -0.5, 8), A: cell(-5.8, -9.9, -1.6), B: cell(-1.4, -3.6, 0.7), C: cell(-2.1, -5.9, 1.8) }),
          row('Weight', 'kg', true, null, { 0: cell(1.9, 0.6, 3.3), A: cell(-2.6, -4.1, -1), B: cell(-0.6, -1.5, 0.2), C: cell(1.2, -0.4, 2.9) })] },
        { title: 'Risk in 7 days', rows: [
          row('Decompensation', '%', false, 1, { 0: cell(31, 22, 41), A: cell(12, 7, 19), B: cell(28, 20, 38), C: cell(26, 18, 36) }),
          row('Systolic below 90', '%', false, 1, { 0: cell(1, 0, 4), A: cell(4, 2, 8), B: cell(1, 0, 4), C: cell(11, 7, 17) })] },
        { title: 'Cost', rows: [
          row('Drugs, visits, admissions', 'EUR', false, 1, { 0: cell(1519, 1078, 2009), A: cell(692, 447, 1035), B: cell(1408, 1016, 1898), C: cell(1345, 953, 1835) }),
          row('Gate', null, false, null, { 0: word('none'), A: word('free', 'K⁺, eGFR 2 days old'), B: word('free', 'eGFR 57'), C: word('closed', '36 h after ACE inhibitor') })] },
      ],
    },
    not_modelled: 'potassium, creatinine, symptoms, whether he takes the drugs, infection',
    matters: null, sources: 'diuretic and volume: our calibration, learnt from 41 days of his weight · SGLT2: published, fitted · costs: price list 2026',
    actions: running ? [action('stop', 'Stop', 'forks/F-12/stop', [])] : [],
  };
}

const line = (label: string, parts: Partial<Line>): Line => ({ label, value: null, from: null, unit: null, lo: null, hi: null, signed: false, step: null, text: null, detail: null, ...parts });
const LINES = [
  line('Filling pressure in 7 days', { value: -5.8, unit: 'mmHg', lo: -9.9, hi: -1.6, signed: true }),
  line('Decompensation in 7 days', { value: 12, from: 31, unit: '%', lo: 7, hi: 19, step: 1 }),
];

export function advice(): Cards {
  return {
    cards: [
      {
        id: 'R-31', state: 'open', option: 'A', fork: 'F-12', rank: 'Ranked first under these assumptions', title: 'Raise the loop diuretic by one step for 5 days', text: 'Weight every morning. K⁺ and creatinine within 3 days.',
        made: T0, expires: T0 + 23.3 * HOUR,
        lines: [...LINES, line('Cards like this, so far', { text: '17 of 21', detail: 'inside their interval' }), line('Also weighed', { text: '3 options', detail: '1 closed by a gate' })],
        notes: [{ title: 'Assumptions', text: 'He takes what is prescribed. His response to the diuretic is that of the last 41 days.' }, { title: 'Risks', text: 'Low pressure on standing; potassium is not modelled.' }, { title: 'Sources', text: 'Diuretic and volume: our calibration, grade C. Costs: price list 2026.' }],
        check: { href: `twins/${HEART}/checks`, body: { advice: 'R-31' }, label: 'Check before signing...' }, actions: [{ ...action('decline', 'Not now...', `twins/${HEART}/advice/R-31/decline`), asks: [{ ...REASON, key: 'why' }] }], outcome: null,
      },
      {
        id: 'R-12', state: 'acted', option: null, fork: null, rank: 'Card of 14 Oct, acted on', title: 'What really happened', text: 'Beta-blocker, one step up. After 28 days:', verdict: 'verified', made: T0 - 40 * DAY, expires: null, lines: [], notes: [], check: null, actions: [],
        outcome: {
          text: 'Two of three inside. His ejection fraction rose more than the model expected; its score says so, and its interval for EF was widened.',
          rows: [
            { label: 'Heart rate', unit: '/min', predicted: -9, lo: -14, hi: -4, measured: -8, measured_text: null, inside: true, signed: true, step: 1 },
            { label: 'Systolic', unit: 'mmHg', predicted: -4, lo: -10, hi: 2, measured: -3, measured_text: null, inside: true, signed: true, step: 1 },
            { label: 'EF by echo', unit: '%', predicted: 2, lo: 0.2, hi: 4.1, measured: 4.6, measured_text: null, inside: false, signed: true, step: 0.1 },
          ],
        },
      },
    ],
  };
}

export function check(): object {
  return {
    id: 'K-5', title: 'Raise the loop diuretic by one step for 5 days', expires: now() + 300, affected: 'Patient H-0417 and his medication list', lines: LINES,
    checks: [{ text: "dose within the plan's limit", ok: true, detail: null }, { text: 'K⁺ and creatinine 2 days old', ok: true, detail: null }, { text: 'no change in the last 48 h', ok: true, detail: null }, { text: 'simulated on the twin first', ok: true, detail: 'fork F-12' }, { text: 'potassium after the change', ok: null, detail: 'not modelled' }],
    blocked: null, confirm: { key: 'sign', label: 'Sign as physician', href: `twins/${HEART}/commands`, body: { check: 'K-5', advice: 'R-31' }, asks: [CODE] },
  };
}

export function orders(): Orders {
  const ended = (id: string, text: string, sign: 'verified' | 'ineffective' | 'expired', why: string, ago: number) => ({
    id, title: `Plan change ${id}`, text, state: sign, made: T0 - ago, expires: null, stations: [], end: { sign, text: why, t: T0 - ago }, signatures: [], checks: [], check: null, actions: [], outcome: null,
  });
  const station = (key: string, label: string, t: number | null, text: string) => ({ key, label, t, text });
  return {
    orders: [
      {
        id: 'PC-0091', title: 'Plan change PC-0091', text: 'loop diuretic, one step up, 5 days', state: 'proposed', made: T0 - 676, expires: T0 + 4 * HOUR,
        stations: [station('proposed', 'proposed', T0 - 676, '10:31, run R-5521'), station('queued', 'queued', null, 'needs 2 signatures'), station('sent', 'sent', null, 'to his medication list'), station('acknowledged', 'acknowledged', null, 'clinic system'), station('done', 'done', null, 'patient confirms'), station('verified', 'verified', null, 'weight, in 7 days')],
        end: null,
        signatures: [{ title: 'Signature 1 of 2 · physician', person: 'cardiologist on duty', key: 'ed25519 7f3a 91c4 … c21e', t: T0 - 194, text: 'second factor', state: 'signed' }, { title: 'Signature 2 of 2 · pharmacist', person: null, key: null, t: T0 - 190, text: 'asked at 10:39, answers within 4 h', state: 'waiting' }],
        checks: [{ text: "dose within the plan's limit", ok: true, detail: null }, { text: 'K⁺ and creatinine 2 days old', ok: true, detail: null }, { text: 'no change in the last 48 h', ok: true, detail: null }, { text: 'simulated on the twin first', ok: true, detail: null }],
        check: null, actions: [], outcome: null,
      },
      ended('PC-0084', 'Beta-blocker, one step up', 'verified', 'effect inside the predicted interval', 12.4 * DAY),
      ended('PC-0079', 'Salt below 5 g a day', 'ineffective', 'weight did not follow', 21 * DAY),
      ended('PC-0075', 'Evening walk, 20 minutes', 'expired', 'nobody signed in time', 30 * DAY),
    ],
  };
}

export function refusals(): Refusals | null {
  return null;
}

/** One heartbeat: volumes of the chambers and pressures, a row every 20 ms. */
export function cycle(fields: string[], rate: number, ejection = 0.29): { values: Float32Array; dt: number } {
  const period = 60 / rate;
  const rows = Math.round(period / 0.02);
  const values = new Float32Array(rows * fields.length);
  for (let r = 0; r < rows; r++) fields.forEach((field, c) => (values[r * fields.length + c] = wave(field, r / rows, ejection)));
  return { values, dt: period / rows };
}

/** Full at phase 0, ejects until 0.36, fills in two strokes; the atria fill while the ventricles empty. */
function wave(field: string, phase: number, ejection: number): number {
  const smooth = (a: number, b: number, x: number) => {
    const t = Math.min(1, Math.max(0, (x - a) / (b - a)));
    return t * t * (3 - 2 * t);
  };
  const full = 1 - smooth(0.06, 0.36, phase) + 0.72 * smooth(0.42, 0.62, phase) + 0.28 * smooth(0.84, 0.98, phase);
  const atrium = 0.55 + 0.45 * smooth(0.06, 0.4, phase) - 0.3 * smooth(0.42, 0.6, phase) - 0.15 * smooth(0.84, 0.97, phase);
  if (field === 'lv.volume') return 220 * (1 - ejection * (1 - full) * 1.0);
  if (field === 'rv.volume') return 170 * (1 - 0.42 * (1 - full));
  if (field.endsWith('a.volume')) return 80 * atrium;
  return 7 + 5 * full + 104 * smooth(0.0, 0.09, phase) * (1 - smooth(0.3, 0.44, phase)) * (0.86 + 0.14 * Math.sin(Math.PI * Math.min(1, phase / 0.36)));
}
