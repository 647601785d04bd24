interface End {
  y: number;
}

/** Places labels at the ends of their lines, kept apart and inside, in the order of their lines. */
export function endLabels<T extends End>(ends: T[], apart: number, top: number, bottom: number): (T & { top: number })[] {
  const placed = [...ends].sort((a, b) => a.y - b.y).map((end) => ({ ...end, top: end.y }));
  for (let i = 1; i < placed.length; i++) placed[i]!.top = Math.max(placed[i]!.top, placed[i - 1]!.top + apart);
  const over = (placed.at(-1)?.top ?? 0) - (bottom - apart / 2);
  if (over > 0) for (const label of placed) label.top -= over;
  const under = top - (placed[0]?.top ?? top);
  if (under > 0) for (const label of placed) label.top += under;
  return placed;
}
