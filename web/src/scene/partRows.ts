import type { Kind, Layer, Scene, Value } from '../wire/types';
import { ownColour, valueColour, type Rgb } from './colour';
import type { PartColours } from './stage';

/** One line of the list of parts: a part or a patch of it. */
export interface PartRow {
  key: string;
  part: string;
  label: string;
  signal: string | null;
  kind: Kind;
  nested: boolean;
}

type Known = (signal: string) => Value | null;

export function rowsOf(scene: Scene, layer: string): PartRow[] {
  return scene.parts.flatMap((part) => [
    { key: part.part, part: part.part, label: part.label, signal: part.signals[layer] ?? null, kind: part.kind, nested: false },
    ...part.patches.map((patch) => ({
      key: `${part.part} ${patch.label}`,
      part: part.part,
      label: patch.label,
      signal: patch.signals[layer] ?? null,
      kind: part.kind,
      nested: true,
    })),
  ]);
}

/** The colours of all parts for one layer, from the values that are shown. */
export function coloursOf(scene: Scene, layer: Layer | null, known: Known): Map<string, PartColours> {
  return new Map(scene.parts.map((part) => [part.part, partColours(part, layer, known)]));
}

function partColours(part: Scene['parts'][number], layer: Layer | null, known: Known): PartColours {
  return {
    whole: colourOf(part.kind, layer, layer ? part.signals[layer.key] : undefined, known) ?? ownColour(part.kind),
    patches: part.patches.map((patch) => colourOf(part.kind, layer, layer ? patch.signals[layer.key] : undefined, known)),
  };
}

export function colourOf(kind: Kind, layer: Layer | null, signal: string | null | undefined, known: Known): Rgb | null {
  if (!layer || !signal) return null;
  const value = known(signal)?.value;
  return valueColour(kind, layer, typeof value === 'number' ? value : null);
}
