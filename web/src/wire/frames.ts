import { decode, encode } from '@msgpack/msgpack';
import type { Told } from './types';

/** Kinds of messages on the wire (API.md 9). */
export const KIND = { control: 0, state: 1, samples: 2, cycle: 4 } as const;

/** Bits of the flags byte. */
export const FLAG = { f64: 1, times: 2, sigma: 4, interval: 8, quality: 16 } as const;

const HEADER = 32;

/** One binary message; the arrays are views of the message, not copies, where alignment allows. */
export interface Frame {
  kind: number;
  channel: number;
  seq: number;
  t0: number;
  dt: number;
  values: Float32Array | Float64Array;
  times: Float64Array | null;
  sigma: Float32Array | null;
  lo: Float32Array | null;
  hi: Float32Array | null;
  quality: Uint8Array | null;
}

export type Message = { told: Told } | { frame: Frame };

/** What one message of the socket says; throws RangeError when it is cut short. */
export function read(buffer: ArrayBuffer): Message {
  const kind = new DataView(buffer).getUint8(0);
  if (kind === KIND.control) return { told: decode(new Uint8Array(buffer, 4)) as Told };
  return { frame: readFrame(buffer) };
}

/** A control message as bytes: four zeros, then MessagePack. */
export function control(message: object): Uint8Array<ArrayBuffer> {
  const body = encode(message);
  const bytes = new Uint8Array(4 + body.length);
  bytes.set(body, 4);
  return bytes;
}

/** Reads the header and takes views of the columns behind it. */
export function readFrame(buffer: ArrayBuffer): Frame {
  const view = new DataView(buffer);
  const flags = view.getUint8(1);
  const n = view.getUint32(4, true);
  const take = columns(buffer, HEADER);
  return {
    kind: view.getUint8(0),
    channel: view.getUint16(2, true),
    seq: Number(view.getBigUint64(8, true)),
    t0: view.getFloat64(16, true),
    dt: view.getFloat64(24, true),
    values: flags & FLAG.f64 ? take(Float64Array, n) : take(Float32Array, n),
    times: flags & FLAG.times ? take(Float64Array, n) : null,
    sigma: flags & FLAG.sigma ? take(Float32Array, n) : null,
    lo: flags & FLAG.interval ? take(Float32Array, n) : null,
    hi: flags & FLAG.interval ? take(Float32Array, n) : null,
    quality: flags & FLAG.quality ? take(Uint8Array, n) : null,
  };
}

interface ArrayType<T> {
  new (buffer: ArrayBuffer, offset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

/** Takes one column after the other, each aligned up to its own element size. */
function columns(buffer: ArrayBuffer, start: number) {
  let offset = start;
  return <T>(type: ArrayType<T>, n: number): T => {
    const size = type.BYTES_PER_ELEMENT;
    offset = Math.ceil(offset / size) * size;
    const column = new type(buffer, offset, n);
    offset += n * size;
    return column;
  };
}

/** The opposite of readFrame; the mock and the tests speak with it. */
export function writeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const wide = frame.values instanceof Float64Array;
  const parts = [frame.values, frame.times, frame.sigma, frame.lo, frame.hi, frame.quality];
  const bytes = new Uint8Array(length(parts));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, frame.kind);
  view.setUint8(1, flagsOf(frame, wide));
  view.setUint16(2, frame.channel, true);
  view.setUint32(4, frame.values.length, true);
  view.setBigUint64(8, BigInt(frame.seq), true);
  view.setFloat64(16, frame.t0, true);
  view.setFloat64(24, frame.dt, true);
  let offset = HEADER;
  for (const part of parts) {
    if (!part) continue;
    offset = Math.ceil(offset / part.BYTES_PER_ELEMENT) * part.BYTES_PER_ELEMENT;
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), offset);
    offset += part.byteLength;
  }
  return bytes;
}

type Column = Float64Array | Float32Array | Uint8Array | null;

function length(parts: Column[]): number {
  let end = HEADER;
  for (const part of parts) {
    if (!part) continue;
    end = Math.ceil(end / part.BYTES_PER_ELEMENT) * part.BYTES_PER_ELEMENT + part.byteLength;
  }
  return end;
}

function flagsOf(frame: Frame, wide: boolean): number {
  const bits: [boolean, number][] = [
    [wide, FLAG.f64],
    [frame.times !== null, FLAG.times],
    [frame.sigma !== null, FLAG.sigma],
    [frame.lo !== null, FLAG.interval],
    [frame.quality !== null, FLAG.quality],
  ];
  return bits.reduce((flags, [on, bit]) => (on ? flags | bit : flags), 0);
}
