import type uPlot from 'uplot';
import type { Fan, Gap, Limit } from '../wire/types';
import { hueOf } from '../ui/hue';
import type { Line } from './line';
import type { Palette } from './palette';

/** Moments and values to canvas pixels of one plot. */
export interface Pen {
  ctx: CanvasRenderingContext2D;
  x(t: number): number;
  y(v: number): number;
  /** Device pixels per CSS pixel. */
  dpr: number;
  box: { left: number; top: number; width: number; height: number };
  colours: Palette;
}

export function penOf(u: uPlot, colours: Palette): Pen {
  return {
    ctx: u.ctx,
    x: (t) => u.valToPos(t, 'x', true),
    y: (v) => u.valToPos(v, 'y', true),
    dpr: devicePixelRatio,
    box: u.bbox,
    colours,
  };
}

/** Draws within the plot only, and leaves no state behind. */
export function clipped(pen: Pen, draw: () => void): void {
  const { ctx, box } = pen;
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left, box.top, box.width, box.height);
  ctx.clip();
  draw();
  ctx.restore();
}

/** Nothing was measured here: a hatched stretch, and no line. */
export function paintGap(pen: Pen, gap: Gap): void {
  const [left, right] = [pen.x(gap.from), pen.x(gap.to)];
  const { top, height } = pen.box;
  pen.ctx.save();
  pen.ctx.beginPath();
  pen.ctx.rect(left, top, right - left, height);
  hatch(pen, pen.colours.line2, 7, 0.6);
  pen.ctx.restore();
}

/** A limit is solid, a reference for an estimate dotted. */
export function paintLimit(pen: Pen, limit: Limit): void {
  const { ctx, box, colours, dpr } = pen;
  const y = Math.round(pen.y(limit.value)) + 0.5;
  ctx.save();
  ctx.strokeStyle = colours.ink3;
  ctx.lineWidth = dpr;
  if (limit.kind === 'reference') ctx.setLineDash([1.5 * dpr, 2.5 * dpr]);
  ctx.beginPath();
  ctx.moveTo(box.left, y);
  ctx.lineTo(box.left + box.width, y);
  ctx.stroke();
  ctx.restore();
}

/** The words of a limit, above its line; a halo keeps them readable on a line. */
export function labelLimit(pen: Pen, limit: Limit): void {
  const { ctx, box, colours, dpr } = pen;
  ctx.save();
  ctx.font = scaledFont(colours.font, dpr);
  ctx.textBaseline = 'bottom';
  ctx.textAlign = 'left';
  ctx.lineWidth = 3 * dpr;
  ctx.strokeStyle = colours.panel;
  ctx.fillStyle = colours.ink2;
  const [x, y] = [box.left + 6 * dpr, pen.y(limit.value) - 3 * dpr];
  ctx.strokeText(limit.label, x, y);
  ctx.fillText(limit.label, x, y);
  ctx.restore();
}

export function scaledFont(font: string, dpr: number): string {
  return font.replace(/^([\d.]+)px/, (_, size: string) => `${Number(size) * dpr}px`);
}

/** The grey 90 % band of an estimate, with thin edges. */
export function paintBand(pen: Pen, line: Line): void {
  const { ctx, colours, dpr } = pen;
  const grid = Array.from(line.t);
  const shape = bandPath(pen, grid, Array.from(line.lo), Array.from(line.hi));
  ctx.save();
  ctx.globalAlpha = 0.15;
  ctx.fillStyle = colours.ink3;
  ctx.fill(shape);
  ctx.restore();
  ctx.save();
  ctx.strokeStyle = colours.ink3;
  ctx.lineWidth = 0.9 * dpr;
  ctx.stroke(linePath(pen, grid, Array.from(line.lo)));
  ctx.stroke(linePath(pen, grid, Array.from(line.hi)));
  ctx.restore();
}

/** A future: option 0 hatched and dotted, the others in their hue with a dashed median. */
export function paintFan(pen: Pen, grid: number[], fan: Fan, key: string): void {
  const { ctx, dpr } = pen;
  const hue = pen.colours.hue[hueOf(key)];
  const asIs = key === '0';
  const shape = bandPath(pen, grid, fan.p5, fan.p95);
  ctx.save();
  if (asIs) hatch(pen, hue, 6, 0.5, shape);
  else fillSoft(ctx, hue, shape);
  ctx.strokeStyle = hue;
  ctx.lineWidth = (asIs ? 1 : 1.1) * dpr;
  if (asIs) ctx.setLineDash([1.5 * dpr, 3 * dpr]);
  ctx.stroke(linePath(pen, grid, fan.p5));
  ctx.stroke(linePath(pen, grid, fan.p95));
  ctx.lineWidth = (asIs ? 2.2 : 2.4) * dpr;
  ctx.setLineDash(asIs ? [2 * dpr, 4 * dpr] : [8 * dpr, 4.5 * dpr]);
  ctx.stroke(linePath(pen, grid, fan.p50));
  ctx.restore();
}

function fillSoft(ctx: CanvasRenderingContext2D, hue: string, shape: Path2D): void {
  ctx.save();
  ctx.globalAlpha = 0.17;
  ctx.fillStyle = hue;
  ctx.fill(shape);
  ctx.restore();
}

/** The newest measurement: a larger dot with a rim, so that it shows on a fan. */
export function paintNewest(pen: Pen, t: number, v: number): void {
  const { ctx, colours, dpr } = pen;
  ctx.save();
  ctx.beginPath();
  ctx.arc(pen.x(t), pen.y(v), 3.1 * dpr, 0, 2 * Math.PI);
  ctx.fillStyle = colours.ink;
  ctx.fill();
  ctx.restore();
}

type Numbers = ArrayLike<number | null>;

function linePath(pen: Pen, grid: number[], values: Numbers): Path2D {
  const path = new Path2D();
  let down = false;
  grid.forEach((t, i) => {
    const v = values[i];
    if (v == null || Number.isNaN(v)) down = false;
    else {
      if (down) path.lineTo(pen.x(t), pen.y(v));
      else path.moveTo(pen.x(t), pen.y(v));
      down = true;
    }
  });
  return path;
}

function bandPath(pen: Pen, grid: number[], lo: Numbers, hi: Numbers): Path2D {
  const path = new Path2D();
  const known = grid.map((_, i) => i).filter((i) => isNumber(lo[i]) && isNumber(hi[i]));
  known.forEach((i, n) => path[n === 0 ? 'moveTo' : 'lineTo'](pen.x(grid[i]!), pen.y(hi[i]!)));
  for (const i of known.reverse()) path.lineTo(pen.x(grid[i]!), pen.y(lo[i]!));
  path.closePath();
  return path;
}

function isNumber(v: number | null | undefined): v is number {
  return v != null && !Number.isNaN(v);
}

/** Slanting lines inside the current path, or the one given. */
function hatch(pen: Pen, colour: string, apart: number, width: number, shape?: Path2D): void {
  const { ctx, box, dpr } = pen;
  ctx.save();
  if (shape) ctx.clip(shape);
  else ctx.clip();
  ctx.strokeStyle = colour;
  ctx.globalAlpha = 0.75;
  ctx.lineWidth = width * dpr;
  ctx.setLineDash([]);
  ctx.beginPath();
  const step = apart * dpr;
  for (let x = box.left - box.height; x < box.left + box.width; x += step) {
    ctx.moveTo(x, box.top + box.height);
    ctx.lineTo(x + box.height, box.top);
  }
  ctx.stroke();
  ctx.restore();
}
