import type { Kind, Layer } from '../wire/types';

export type Rgb = readonly [number, number, number];

/** From usual over slightly weak to weak: tissue, and grey to plum for everything else (look.md 2). */
const TISSUE: readonly Rgb[] = [hex('#bba8a0'), hex('#ab8b98'), hex('#874379')];
const METAL: readonly Rgb[] = [hex('#9aa1a8'), hex('#a184a6'), hex('#874379')];

const OWN: Record<Kind, Rgb> = {
  muscle: hex('#bba8a0'),
  artery: hex('#b9a499'),
  vein: hex('#868d9c'),
  pulmonary: hex('#a2a7b1'),
  coronary: hex('#a5453d'),
  narrowing: hex('#241f1e'),
  metal: hex('#9aa1a8'),
  casing: hex('#66717c'),
  shaft: hex('#c4c9ce'),
  ground: hex('#535c65'),
  glass: hex('#c9d4dc'),
  skin: hex('#c9a58f'),
  other: hex('#b0b5ba'),
};

function hex(text: string): Rgb {
  const n = parseInt(text.slice(1), 16);
  return [(n >> 16) / 255, ((n >> 8) & 255) / 255, (n & 255) / 255];
}

/** The colour that a part has by itself, in sRGB from 0 to 1. */
export function ownColour(kind: Kind): Rgb {
  return OWN[kind];
}

/** Where a value lies on the scale of a layer, from 0 (usual) to 1 (weak). */
export function position(layer: Pick<Layer, 'from' | 'to'>, value: number): number {
  return Math.min(1, Math.max(0, (value - layer.from) / (layer.to - layer.from)));
}

/** The colour of a value on a layer; a value that is not known keeps the usual colour. */
export function valueColour(kind: Kind, layer: Pick<Layer, 'from' | 'to'>, value: number | null): Rgb {
  const stops = kind === 'muscle' || kind === 'skin' ? TISSUE : METAL;
  return value === null ? stops[0]! : along(stops, position(layer, value));
}

function along(stops: readonly Rgb[], u: number): Rgb {
  const place = u * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(place));
  return mix(stops[i]!, stops[i + 1]!, place - i);
}

export function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

/** As a style sheet writes it. */
export function css([r, g, b]: Rgb): string {
  return `rgb(${Math.round(r * 255)} ${Math.round(g * 255)} ${Math.round(b * 255)})`;
}
