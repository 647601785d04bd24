import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { control, KIND, read, readFrame, writeFrame, type Frame } from '../src/wire/frames';

type Numbers = (number | null)[];

interface Golden {
  name: string;
  kind: number;
  channel: number;
  seq: number;
  t0: number;
  dt: number;
  wide: boolean;
  values: Numbers;
  times: Numbers | null;
  sigma: Numbers | null;
  lo: Numbers | null;
  hi: Numbers | null;
  quality: number[] | null;
  cells: number[] | null;
  bytes: string;
}

/** The bytes that the server's encoder is held to; frames with cells are for programs, the page never asks for them. */
const file = JSON.parse(readFileSync(new URL('../../tests/show/golden_frames.json', import.meta.url), 'utf8')) as { frames: Golden[] };
const golden = file.frames.filter((g) => g.cells === null);

const nan = (list: Numbers) => list.map((v) => v ?? NaN);
const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g)!, (b) => parseInt(b, 16)).buffer;

function frameOf(g: Golden): Frame {
  return {
    kind: g.kind, channel: g.channel, seq: g.seq, t0: g.t0, dt: g.dt,
    values: g.wide ? Float64Array.from(nan(g.values)) : Float32Array.from(nan(g.values)),
    times: g.times && Float64Array.from(nan(g.times)), sigma: g.sigma && Float32Array.from(nan(g.sigma)),
    lo: g.lo && Float32Array.from(nan(g.lo)), hi: g.hi && Float32Array.from(nan(g.hi)), quality: g.quality && Uint8Array.from(g.quality),
  };
}

describe('frames', () => {
  it.each(golden.map((g) => [g.name, g] as const))('are read from the bytes that the server is held to: %s', (_, g) => {
    expect(readFrame(bytesOf(g.bytes))).toEqual(frameOf(g));
  });
  it.each(golden.map((g) => [g.name, g] as const))('are written as the same bytes: %s', (_, g) => {
    expect(Buffer.from(writeFrame(frameOf(g))).toString('hex')).toBe(g.bytes);
  });
  it('are views of the message, not copies', () => {
    const bytes = bytesOf(golden[0]!.bytes);
    expect(readFrame(bytes).values.buffer).toBe(bytes);
  });
  it('that are cut short are refused', () => {
    const bytes = bytesOf(golden[0]!.bytes);
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
