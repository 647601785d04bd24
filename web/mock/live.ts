import { decode } from '@msgpack/msgpack';
import { control, KIND, writeFrame } from '../src/wire/frames';
import { QUALITIES, type Value, type Watch } from '../src/wire/types';
import { now, SPEED } from './clock';
import type { Socket } from './socket';
import * as heart from './world/heart';
import * as pumps from './world/pumps';

/** What the live half needs of a link, be it a WebSocket or server-sent events. */
export type Link = Pick<Socket, 'send' | 'onmessage' | 'onclose'>;

/** The live half of the mock: says hello, then what is watched. */
export function serve(socket: Link): void {
  let watch: Watch = { twins: [], fleets: [], wall: null };
  let seq = 88102;
  const say = (message: object) => socket.send(control(message));
  say({ is: 'hello', protocol: 1, now: now(), speed: SPEED, version: 'mock', resumed: false });
  socket.onmessage = (bytes) => {
    const told = decode(bytes.subarray(4)) as { is: string } & Watch;
    if (told.is === 'pause') watch = { twins: [], fleets: [], wall: null };
    if (told.is !== 'watch') return;
    watch = told;
    watch.twins.forEach((t, i) => say({ is: 'channels', twin: t.twin, channels: channels(i, t) }));
    beat();
  };
  const beat = () => watch.twins.forEach((t, i) => t.cycle && socket.send(cycleFrame(3 * i + 3, seq)));
  const timers = [
    setInterval(() => say({ is: 'clock', now: now(), speed: SPEED, behind: 0.4, rate: 41280 }), 1000),
    setInterval(() => watch.twins.forEach((t, i) => socket.send(stateFrame(t.twin, t.fields, 3 * i + 1, (seq += 1)))), 500),
    setInterval(beat, 1000),
  ];
  socket.onclose = () => timers.forEach((t) => clearInterval(t));
}

function channels(i: number, twin: Watch['twins'][number]): object[] {
  return [
    { channel: 3 * i + 1, kind: 'state', fields: twin.fields },
    { channel: 3 * i + 3, kind: 'cycle', fields: CYCLE },
  ];
}

const CYCLE = ['lv.volume', 'rv.volume', 'ra.volume', 'la.volume', 'lv.pressure'];

function stateFrame(twin: string, fields: string[], channel: number, seq: number): Uint8Array {
  const all = twin.startsWith('Pump') ? pumps.values(now()) : heart.values(now());
  const column = (of: (v: Value) => number | null) => fields.map((f) => (all[f] ? (of(all[f]) ?? NaN) : NaN));
  return writeFrame({
    kind: KIND.state, channel, seq, t0: now(), dt: 0,
    values: Float64Array.from(column((v) => (typeof v.value === 'number' ? v.value : null))), times: Float64Array.from(column((v) => v.t)), sigma: Float32Array.from(column((v) => v.sigma)),
    lo: Float32Array.from(column((v) => v.lo)), hi: Float32Array.from(column((v) => v.hi)), quality: Uint8Array.from(column((v) => QUALITIES.indexOf(v.quality))),
  });
}

function cycleFrame(channel: number, seq: number): Uint8Array {
  const { values, dt } = heart.cycle(CYCLE, 88);
  return writeFrame({ kind: KIND.cycle, channel, seq, t0: now(), dt, values, times: null, sigma: null, lo: null, hi: null, quality: null });
}
