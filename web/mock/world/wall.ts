import type { Tile, Wall } from '../../src/wire/types';
import { now } from '../clock';

const T0 = now();

export function wall(): Wall {
  const v = (label: string, unit: string, value: number, second: number | null, stale = false) => ({ label, unit, value, second, step: 1, sigma: null, stale, t: now() - 1, quality: 'good' as const });
  const tile = (code: string, pulse: number, sys: number, dia: number, spo2: number, extra: Partial<Tile> = {}): Tile => ({
    code, state: 'steady', severity: null, text: 'steady', since: now() - 1 - (code.charCodeAt(3) % 4),
    values: [v('pulse', '/min', pulse, null, extra.state === 'silent'), v('pressure', 'mmHg', sys, dia, extra.state === 'silent'), v('oxygen', '%', spo2, null, extra.state === 'silent')], ...extra,
  });
  return {
    name: 'ward-4', title: 'Heart ward 4', text: '12 beds · 1 high · 2 medium · 1 no data', now: now(), seq: 88102,
    notice: 'Simulated patients. Research software, not a medical device, not validated clinically. Do not use for emergencies or for treatment decisions.',
    tiles: [
      tile('4-01', 72, 124, 76, 97), tile('4-02', 66, 118, 70, 96),
      tile('4-03', 118, 92, 58, 89, { state: 'alarm', severity: 'high', text: 'Oxygen 89 %', since: T0 - 40 }), tile('4-04', 80, 131, 82, 98),
      tile('4-05', 74, 109, 66, 96), tile('4-06', 88, 112, 70, 94, { state: 'alarm', severity: 'medium', text: 'Weight +2.3 kg', since: T0 - 13200 }),
      { code: '4-07', state: 'free', severity: null, text: 'free', since: null, values: [] }, tile('4-08', 61, 127, 71, 97),
      tile('4-09', 104, 138, 88, 95, { state: 'alarm', severity: 'medium', text: 'Pulse above own band', since: T0 - 360 }), tile('4-10', 70, 115, 69, 96),
      tile('4-11', 76, 121, 74, 95, { state: 'silent', text: 'No data', since: T0 - 540 }), tile('4-12', 83, 119, 77, 97),
    ],
  };
}
