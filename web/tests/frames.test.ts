import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { control, KIND, read, readFrame, writeFrame, type Frame } from '../src/wire/frames';

interface Golden {
  name: string;
  hex: string;
  frame: { kind: number; channel: number; seq: number; t0: number; dt: number; wide: boolean; values: (number | null)[]; times: number[] | null; sigma: (number | null)[] | null; lo: (number | null)[] | null; hi: (number | null)[] | null; quality: number[] | null };
}

const golden = JSON.parse(readFileSync(new URL('golden/frames.json', import.meta.url), 'utf8')) as Golden[];

const nan = (list: (number | null)[]) => list.map((v) => v ?? NaN);
const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g)!, (b) => parseInt(b, 16)).buffer;

function frameOf({ frame: f }: Golden): Frame {
  return {
    kind: f.kind, channel: f.channel, seq: f.seq, t0: f.t0, dt: f.dt,
    values: f.wide ? Float64Array.from(nan(f.values)) : Float32Array.from(nan(f.values)),
    times: f.times && Float64Array.from(f.times), sigma: f.sigma && Float32Array.from(nan(f.sigma)),
    lo: f.lo && Float32Array.from(nan(f.lo)), hi: f.hi && Float32Array.from(nan(f.hi)), quality: f.quality && Uint8Array.from(f.quality),
  };
}

describe('frames', () => {
  it.each(golden.map((g) => [g.name, g] as const))('are read from the bytes that the server is held to: %s', (_, g) => {
    expect(readFrame(bytesOf(g.hex))).toEqual(frameOf(g));
  });
  it.each(golden.map((g) => [g.name, g] as const))('are written as the same bytes: %s', (_, g) => {
    expect(Buffer.from(writeFrame(frameOf(g))).toString('hex')).toBe(g.hex);
  });
  it('are views of the message, not copies', () => {
    const bytes = bytesOf(golden[0]!.hex);
    expect(readFrame(bytes).values.buffer).toBe(bytes);
  });
  it('that are cut short are refused', () => {
    const bytes = bytesOf(golden[0]!.hex);
    expect(() => readFrame(bytes.slice(0, bytes.byteLength - 1))).toThrow(RangeError);
  });
  it('carry control messages behind four zeros', () => {
    const bytes = control({ is: 'clock', now: 1.5, speed: 1, behind: null, rate: null });
    expect([...bytes.slice(0, 4)]).toEqual([0, 0, 0, 0]);
    expect(read(bytes.buffer)).toEqual({ told: { is: 'clock', now: 1.5, speed: 1, behind: null, rate: null } });
  });
  it('keep sequence numbers beyond 32 bits', () => {
    const frame: Frame = { kind: KIND.samples, channel: 9, seq: 2 ** 40 + 3, t0: 0, dt: 1, values: new Float32Array(1), times: null, sigma: null, lo: null, hi: null, quality: null };
    expect(readFrame(writeFrame(frame).buffer).seq).toBe(2 ** 40 + 3);
  });
});
