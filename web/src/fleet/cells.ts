/** Cells of a block: columns from the left, worst first, so that a block reads like a gauge. */
export interface Grid {
  columns: number;
  rows: number;
  /** Side of a cell with its gap, in pixels. */
  pitch: number;
}

/** The largest cells with which all fit. */
export function gridFor(count: number, width: number, height: number): Grid {
  for (let pitch = 26; pitch > 2; pitch -= 0.25) {
    const rows = Math.max(1, Math.floor(height / pitch));
    const columns = Math.ceil(count / rows);
    if (columns * pitch <= width + 0.5) return { columns, rows, pitch };
  }
  const rows = Math.max(1, Math.floor(height / 2));
  return { columns: Math.ceil(count / rows), rows, pitch: 2 };
}

/** The cell under a place, or -1. */
export function cellAt(grid: Grid, count: number, x: number, y: number): number {
  const [column, row] = [Math.floor(x / grid.pitch), Math.floor(y / grid.pitch)];
  if (column < 0 || row < 0 || row >= grid.rows || column >= grid.columns) return -1;
  const index = column * grid.rows + row;
  return index < count ? index : -1;
}
