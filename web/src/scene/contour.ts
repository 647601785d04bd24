/** The outline of a mask as closed paths in pixels of the mask: marching squares, then thinned. */
export function contours(mask: Uint8Array, width: number, height: number): [number, number][][] {
  const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x]! > 0;
  const next = new Map<number, number>();
  for (let y = -1; y < height; y++) for (let x = -1; x < width; x++) edges(inside, x, y, width, next);
  return rings(next, width).filter((ring) => ring.length > 24).map((ring) => thin(ring, 0.9));
}

type Inside = (x: number, y: number) => boolean;

// Edge midpoints are numbered on a grid of half pixels, so that a segment is one step from number to number.
function edges(inside: Inside, x: number, y: number, width: number, next: Map<number, number>): void {
  const code = (inside(x, y) ? 8 : 0) | (inside(x + 1, y) ? 4 : 0) | (inside(x + 1, y + 1) ? 2 : 0) | (inside(x, y + 1) ? 1 : 0);
  const [top, right, bottom, left] = [[1, 0], [2, 1], [1, 2], [0, 1]] as const;
  const id = (p: readonly [number, number]) => (2 * y + 2 + p[1]) * stride(width) + (2 * x + 2 + p[0]);
  const go = (a: readonly [number, number], b: readonly [number, number]) => next.set(id(a), id(b));
  const table: Record<number, [readonly [number, number], readonly [number, number]][]> = {
    1: [[left, bottom]], 2: [[bottom, right]], 3: [[left, right]], 4: [[right, top]],
    5: [[left, top], [right, bottom]], 6: [[bottom, top]], 7: [[left, top]], 8: [[top, left]],
    9: [[top, bottom]], 10: [[top, right], [bottom, left]], 11: [[top, right]], 12: [[right, left]],
    13: [[right, bottom]], 14: [[bottom, left]],
  };
  for (const [a, b] of table[code] ?? []) go(a, b);
}

function stride(width: number): number {
  return 2 * width + 6;
}

function rings(next: Map<number, number>, width: number): [number, number][][] {
  const found: [number, number][][] = [];
  const place = (id: number): [number, number] => [((id % stride(width)) - 2) / 2, (Math.floor(id / stride(width)) - 2) / 2];
  while (next.size > 0) {
    const start = next.keys().next().value!;
    const ring: [number, number][] = [];
    for (let id: number | undefined = start; id !== undefined && next.has(id); ) {
      ring.push(place(id));
      const to: number = next.get(id)!;
      next.delete(id);
      id = to;
    }
    found.push(ring);
  }
  return found;
}

/** Leaves out points that lie within `apart` pixels of the line between their neighbours kept. */
function thin(ring: [number, number][], apart: number): [number, number][] {
  const kept: [number, number][] = [ring[0]!];
  let from = 0;
  for (let i = 2; i < ring.length; i++) {
    if (fits(ring, from, i, apart) && i - from < 24) continue;
    kept.push(ring[i - 1]!);
    from = i - 1;
  }
  return kept;
}

function fits(ring: [number, number][], from: number, to: number, apart: number): boolean {
  const [ax, ay] = ring[from]!;
  const [dx, dy] = [ring[to]![0] - ax, ring[to]![1] - ay];
  const length = Math.hypot(dx, dy) || 1;
  for (let i = from + 1; i < to; i++) {
    const [px, py] = ring[i]!;
    if (Math.abs((px - ax) * dy - (py - ay) * dx) / length > apart) return false;
  }
  return true;
}

/** Closed paths as one SVG path, scaled. */
export function pathOf(rings: [number, number][][], scale: number): string {
  const point = ([x, y]: [number, number]) => `${(x * scale).toFixed(1)} ${(y * scale).toFixed(1)}`;
  return rings.map((ring) => `M${ring.map(point).join('L')}Z`).join('');
}
