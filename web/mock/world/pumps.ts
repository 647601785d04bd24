import type { Fan, FleetView, Fork, History, Marks, Refusals, Scene, State, Value, View } from '../../src/wire/types';
import { DAY, HOUR, now } from '../clock';
import { normal, random } from '../random';
import { action, known, value, type Past } from './kit';

/** Ten thousand pumps, of which P-7 can be looked at. */
const T0 = now();

export function fleet(): FleetView {
  const next = random(31);
  const attention = ATTENTION.map(([label, severity, text, v]) => ({ twin: `Pump/${label}`, label, severity, text, value: v, unit: 'k EUR', step: 0.1, t: T0 - HOUR }));
  const groups = Array.from({ length: 20 }, (_, g) => group(g, next));
  return {
    type: 'Pump', title: 'Pumps', subtitle: '10,000 twins · 20 lines · type Pump 3.2', one: 'pump', count: 10000, at: now(), seq: 90112, notice: null,
    summary: [
      { key: 'high', label: 'act now', count: 3 }, { key: 'medium', label: 'act this day', count: 6 }, { key: 'low', label: 'look this week', count: 28 },
      { key: 'silent', label: 'silent', count: 58 }, { key: 'usual', label: 'as usual', count: 9905 },
    ],
    scale: { text: 'seal fails within 30 days', steps: [{ label: 'below 1 %', count: 8751 }, { label: '1 to 5 %', count: 1040 }, { label: '5 to 20 %', count: 116 }, { label: 'above 20 %', count: 35 }] },
    groups, attention, more: 26, words: { live: 'You see the fleet as it is. Orders can be sent.' },
    money: {
      title: 'Money', text: 'this fleet, 30 days, if the advice is followed · thousand EUR', unit: 'k EUR',
      bars: [
        { label: 'loss as is', kind: 'total', value: 1834, lo: 1540, hi: 2150 }, { label: 'slow down, 41', kind: 'step', value: -812, lo: null, hi: null }, { label: 'new seals, 63', kind: 'step', value: -496, lo: null, hi: null },
        { label: 'lost output', kind: 'step', value: 171, lo: null, hi: null }, { label: 'seals and crews', kind: 'step', value: 91, lo: null, hi: null }, { label: 'loss with advice', kind: 'future', value: 788, lo: 610, hi: 980 },
      ],
      figures: [
        { label: 'Better by', value: 1046, unit: 'k EUR', step: 1, text: '720 to 1,390' }, { label: 'Advice kept so far', value: 212, unit: 'of 241', step: 1, text: 'inside its interval' },
        { label: 'Really saved, Oct', value: 884, unit: 'k EUR', step: 1, text: 'predicted 930, 640 to 1,210' }, { label: 'Pollux, a month', value: 6.1, unit: 'k EUR', step: 0.1, text: 'machine and storage' },
      ],
    },
  };
}

const ATTENTION: [string, 'high' | 'medium' | 'low', string, number][] = [
  ['P-1032', 'high', 'Seal leaks: temperature 12 K over model', 50], ['P-1188', 'high', 'Seal fails in 3 to 6 days', 47.2], ['P-6705', 'high', 'Limit of 92 °C passed for 40 s', 28.4],
  ['P-7', 'medium', 'Wears fast since 11 Nov', 30], ['P-6731', 'medium', 'Model misses by 3 sigma for 2 days', 21.9], ['P-3340', 'medium', 'Bearing band at 118 Hz grows', 20.5],
  ['P-8811', 'medium', '31 pumps: text instead of number', 18], ['P-4902', 'medium', 'Speed order ineffective', 9.6], ['P-0214', 'medium', 'Two thermometers differ by 4 K', 6.2],
  ['P-5127', 'low', 'Seal due in 5 to 9 weeks', 5.8], ['P-7760', 'low', 'Vibration drifts upward', 4.4],
];
const MARKS: Record<number, ('high' | 'medium')[]> = { 0: ['medium', 'medium'], 2: ['high', 'high'], 6: ['medium'], 9: ['medium'], 13: ['high', 'medium'], 17: ['medium'] };

function group(g: number, next: () => number): FleetView['groups'][number] {
  const bad = g === 2 ? 34 : g === 13 ? 16 : 3 + Math.floor(5 * next());
  const some = g === 2 ? 250 : g === 13 ? 140 : 20 + Math.floor(50 * next());
  const silent = g === 17 ? 31 : Math.floor(3 * next());
  const level = Array.from({ length: 500 }, (_, i) => (i >= 500 - silent ? -1 : i < bad / 3 ? 3 : i < bad ? 2 : i < bad + some ? 1 : 0));
  const ids = level.map((_, i) => (g === 0 && i === 0 ? 'P-7' : `P-${1000 + g * 500 + i}`));
  return { key: `line-${g + 1}`, label: `line ${g + 1}`, marks: MARKS[g] ?? [], ids, level, mark: level.map(() => 0) };
}

const past = build();

function build(): Record<string, Past> {
  const next = random(7);
  const make = (step: number, of: (d: number) => [number, number, number]): Past => {
    const p: Past = { t: [], v: [], lo: [], hi: [] };
    for (let t = T0 - 31 * DAY; t <= T0; t += step) {
      const [v, lo, hi] = of((t - T0) / DAY);
      p.t.push(t);
      p.v.push(v);
      p.lo.push(lo);
      p.hi.push(hi);
    }
    return p;
  };
  let temp = 75;
  const wear = (d: number) => (d < -12 ? 0.44 + 0.005 * (d + 31) : 0.535 + 0.0146 * (d + 12));
  return {
    temp: make(2 * HOUR, () => [(temp = 75.6 + 0.86 * (temp - 75.6) + 0.5 * normal(next)), NaN, NaN]),
    wear: make(6 * HOUR, (d) => [wear(d), wear(d) - 0.07, wear(d) + 0.07]),
  };
}

export function values(at: number): Record<string, Value> {
  const pick = (n: string) => {
    const p = past[n]!;
    const i = known(p, at);
    return i < 0 ? { v: null, t: null, lo: null, hi: null } : { v: p.v[i]!, t: p.t[i]!, lo: p.lo[i]!, hi: p.hi[i]! };
  };
  const [temp, wear] = [pick('temp'), pick('wear')];
  const live = at >= T0 - 1;
  return {
    temp: value({ value: live ? 76.3 + 0.2 * Math.sin(at) : temp.v, unit: '°C', t: live ? at - 0.4 : temp.t, sigma: 0.4, due: 1, stale_after: 10 }),
    speed: value({ value: 2800, unit: 'rpm', role: 'set', step: 10, t: at - 0.4, remark: 'limits 600 to 3,000' }),
    wear: value({ value: wear.v, unit: '1', role: 'estimate', quality: 'estimated', t: wear.t, sigma: 0.043, lo: wear.lo, hi: wear.hi }),
  };
}

export function state(twin: string, at: number, seq: number): State {
  return { twin, at, seq, values: values(at), presence: { online: true, since: now(), text: null, devices: [] } };
}

export function view(twin: string): View {
  const id = twin.split('/')[1]!;
  return {
    twin, type: 'Pump', group: { title: 'Pumps', href: 'fleets/Pump' }, title: id, subtitle: 'line 1, cooling water · Pump 3.2 · seal fitted 14 Mar', notice: null,
    time: { past: 30 * DAY, future: 30 * DAY, ranges: [{ label: '30 days', past: 30 * DAY, future: 30 * DAY }, { label: '2 days', past: 2 * DAY, future: DAY }] },
    vitals: [
      { label: 'Temperature', signals: ['temp'], source: 'sensor', text: null }, { label: 'Speed', signals: ['speed'], source: 'set', text: null }, { label: 'Wear', signals: ['wear'], source: 'estimate', text: null },
    ],
    charts: [
      { label: 'Temperature', signal: 'temp', note: null, text: null, low: 56, high: 86, zero: false, limits: [] },
      { label: 'Seal wear', signal: 'wear', note: 'estimate, 1 is failure', text: null, low: 0.35, high: 1.2, zero: false, limits: [{ value: 1, kind: 'limit', label: '' }] },
    ],
    scene: scene(), lab: { title: 'What if the speed were, for 30 days', choices: [] }, words: { past: 'past', live: 'You see the pump as it is.' }, panels: ['alerts', 'lab', 'advice', 'orders', 'refusals'],
  };
}

function scene(): Scene {
  const part = (name: string, kind: Scene['parts'][number]['kind'], label: string, signals: Record<string, string> = {}) => ({ part: name, kind, label, signals, patches: [] });
  return {
    title: 'Pump', glb: 'twins/Pump/P-7/scene.glb?v=1', hint: 'drag to turn', camera: { position: [2.6, 1.9, 5.0], target: [0, 0.05, 0], fov: 25 },
    layers: [{ key: 'wear', label: 'Wear', unit: '1', from: 0.2, to: 1, from_label: 'new', to_label: 'worn' }],
    parts: [part('base', 'ground', 'Base plate'), part('motor', 'casing', 'Motor'), part('fins', 'casing', 'Cooling fins'), part('box', 'casing', 'Terminal box'), part('shaft', 'shaft', 'Shaft'), part('seal', 'metal', 'Seal', { wear: 'wear' }), part('casing', 'metal', 'Casing'), part('pipes', 'metal', 'Pipes'), part('feet', 'ground', 'Feet')],
    callouts: [
      { label: 'Motor', node: 'at_motor', signal: 'speed', prefix: null, text: null, side: 'left' },
      { label: 'Seal', node: 'at_seal', signal: 'wear', prefix: 'wear', text: null, side: 'right' },
    ],
    motion: { chambers: [], spin: [{ part: 'shaft', axis: [1, 0, 0], signal: 'speed' }] },
  };
}

export function history(twin: string, fields: string[], from: number, to: number): History {
  const series = fields.flatMap((field) => {
    const p = past[field];
    if (!p) return [];
    const keep = p.t.map((t, i) => (t >= from && t <= to ? i : -1)).filter((i) => i >= 0);
    const band = field === 'wear';
    return [{ field, role: band ? ('estimate' as const) : ('measured' as const), unit: band ? '1' : '°C', raw: !band, t: keep.map((i) => p.t[i]!), v: keep.map((i) => p.v[i]!), q: [], lo: band ? keep.map((i) => p.lo[i]!) : [], hi: band ? keep.map((i) => p.hi[i]!) : [], gaps: [] }];
  });
  return { twin, from, to, seq: 90112, series };
}

export function marks(): Marks {
  return { marks: [{ t: T0 - 12 * DAY, kind: 'alarm', severity: 'medium', state: 'raised', text: 'Wears fast', ref: 'A-90', signal: null, short: null, from: null }], gaps: [] };
}

function fan(start: number, end: number, w0: number, w1: number, bend: number, unit: string): Fan {
  const out: Fan = { unit, p5: [], p50: [], p95: [] };
  for (let i = 0; i <= 30; i++) {
    const u = i / 30;
    const mid = start + (end - start) * (bend === 0 ? u : 1 - Math.exp(-bend * u));
    const w = w0 + (w1 - w0) * u;
    out.p5.push(mid - w);
    out.p50.push(mid);
    out.p95.push(mid + w);
  }
  return out;
}

export function fork(twin: string): Fork {
  const rows = (label: string, unit: string, signed: boolean, cells: [number, number?, number?][]) => ({
    label, unit, signal: null, signed, step: 1, cells: Object.fromEntries(cells.map(([v, lo, hi], i) => [['0', 'A', 'B', 'C'][i]!, { value: v, lo: lo ?? null, hi: hi ?? null, text: null, detail: null }])),
  });
  const option = (key: string, label: string, first = false) => ({ key, choice: label, label, short: label, first, gate: null });
  return {
    id: 'F-77', twin, title: '30 days · 200 members each', made: T0, until: T0 + 30 * DAY, members: 200, seq: 90100, state: 'done', progress: 1, text: null,
    options: [option('0', '2,800 rpm, as now'), option('A', '2,400 rpm', true), option('B', '2,600 rpm'), option('C', '3,000 rpm')],
    grid: Array.from({ length: 31 }, (_, i) => T0 + i * DAY),
    fans: { '0': { temp: fan(76, 77, 1, 2.4, 0, '°C'), wear: fan(0.71, 1.03, 0.07, 0.2, 0, '1') }, A: { temp: fan(76, 62, 1, 1.8, 16, '°C'), wear: fan(0.71, 0.79, 0.07, 0.12, 0, '1') } },
    chances: {},
    table: {
      note: 'median, 90 % interval',
      groups: [{ title: '', rows: [
        rows('Seal fails', '%', false, [[60], [1], [16], [92]]), rows('Gain', 'EUR', false, [[33600], [28800], [31200], [36000]]), rows('Expected loss', 'EUR', false, [[30000], [500], [8000], [46000]]),
        rows('Net', 'EUR', true, [[3600, -16400, 33600], [28300, 26900, 28800], [23200, -18800, 31200], [-10000, -14000, 36000]])] }],
    },
    not_modelled: null, sources: null, matters: null, actions: [],
  };
}

export function refusals(twin: string): Refusals | null {
  if (twin !== 'Pump/P-8811') return null;
  const station = (key: string, label: string, st: 'ok' | 'broken' | 'unknown', text: string) => ({ key, label, state: st, text });
  return {
    title: 'P-8811', since: T0 - 4.5 * HOUR, text: '58 pumps silent, 3 causes',
    stations: [station('device', 'Device', 'ok', 'connected, certificate good to 2 Mar'), station('received', 'Received', 'ok', '1,284 messages since 06:12'), station('decoded', 'Decoded', 'broken', '0 of 1,284'), station('believed', 'Believed', 'unknown', 'nothing to check'), station('twin', 'Twin', 'unknown', 'last value 06:12:04')],
    faults: [{
      severity: 'medium', title: 'The temperature arrives as text with a decimal comma', text: 'Since its update at 06:12 the device sends "76,3". 31 pumps of line 18 do the same. The messages are kept and can be read again.', hint: null,
      topic: 'plant/18/P-8811/telemetry', meta: 'seq 88,102  boot 7', t: T0, excerpt: { before: '{"t": "2026-11-23T10:42:11Z", "temp": ', mark: '"76,3"', after: ', "speed": 2810}' }, count: 1284,
      actions: [{ ...action('try', 'Try “decimal comma” on the 1,284 kept messages', 'twins/Pump/P-8811/refusals/try', []), tone: 'main' }, action('other', 'Other causes', 'twins/Pump/P-8811/refusals/other', [])],
    }],
  };
}
