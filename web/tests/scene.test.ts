import { describe, expect, it } from 'vitest';
import { Beat } from '../src/scene/beat';
import { shares } from '../src/scene/blend';
import { place } from '../src/scene/callouts';
import { css, ownColour, position, valueColour } from '../src/scene/colour';
import { place as at } from '../src/scene/trace';
import { contours, pathOf } from '../src/scene/contour';
import { bakeOcclusion, type Body } from '../src/scene/occlusion';

const layer = { from: -20, to: -5 };

describe('colours of parts', () => {
  it('run from usual to weak, also where less is worse', () => {
    expect(position(layer, -20)).toBe(0);
    expect(position(layer, -12.5)).toBe(0.5);
    expect(position(layer, 3)).toBe(1);
    expect(css(valueColour('muscle', layer, -20))).toBe('rgb(187 168 160)');
    expect(css(valueColour('muscle', layer, -5))).toBe('rgb(135 67 121)');
  });
  it('stay usual while the value is not known', () => expect(valueColour('muscle', layer, null)).toEqual(valueColour('muscle', layer, -20)));
  it('of metal start grey', () => expect(valueColour('metal', { from: 0, to: 1 }, 0)).toEqual(ownColour('metal')));
});

describe('a beat', () => {
  const turn = { columns: ['v', 'p'], values: [8, 1, 1, 2, 8, 3, 27, 4], dt: 0.25 };
  it('plays its turn round', () => {
    const beat = new Beat();
    beat.hear(turn, 0);
    beat.advance(0.1);
    beat.advance(0.225);
    expect(beat.phase).toBeCloseTo(0.125);
    expect(beat.value('p')).toBeCloseTo(1.5);
    for (let t = 0.225; t < 1.3; t += 0.1) beat.advance(t);
    expect(beat.phase).toBeLessThan(1);
  });
  it('swells by the cube root of volume over its mean', () => {
    const beat = new Beat();
    beat.hear(turn, 0);
    expect(beat.swelling('v')).toBeCloseTo(Math.cbrt(8 / 11) - 1);
    expect(beat.swelling('unknown')).toBe(0);
  });
  it('is dead when nothing was heard for long', () => {
    const beat = new Beat();
    beat.hear(turn, 0);
    expect(beat.alive(7.9)).toBe(true);
    expect(beat.alive(8.1)).toBe(false);
    expect(new Beat().alive(0)).toBe(false);
  });
  it('keeps its phase when a new turn is heard', () => {
    const beat = new Beat();
    beat.hear(turn, 0);
    beat.advance(0);
    beat.advance(0.2);
    const before = beat.phase;
    beat.hear({ ...turn, dt: 0.3 }, 0.2);
    expect(beat.phase).toBe(before);
  });
});

describe('a trace', () => {
  it('runs along time, and as a loop comes back to where it began', () => {
    const along = at(null, [0, 10], 100, 50);
    expect(along(0)).toEqual([5, 45]);
    expect(along(0.5)).toEqual([50, 5]);
    const loop = at([0, 4], [0, 10], 100, 50);
    expect(loop(0.5)).toEqual([95, 5]);
    expect(loop(1)).toEqual(loop(0));
  });
});

describe('labels of a scene', () => {
  it('never lie over each other or outside', () => {
    const placed = place(Array.from({ length: 5 }, () => ({ side: 'right' as const, x: 10, y: 200 })), 400).map((p) => p.top);
    const tops = [...placed].sort((a, b) => a - b);
    for (let i = 1; i < tops.length; i++) expect(tops[i]! - tops[i - 1]!).toBeGreaterThanOrEqual(54);
    expect(tops[0]).toBeGreaterThanOrEqual(0);
    expect(tops.at(-1)!).toBeLessThanOrEqual(400 - 54);
  });
});

describe('an outline', () => {
  it('goes once round a body and is closed', () => {
    const mask = new Uint8Array(40 * 30);
    for (let y = 8; y < 22; y++) for (let x = 5; x < 30; x++) mask[y * 40 + x] = 255;
    const rings = contours(mask, 40, 30);
    expect(rings).toHaveLength(1);
    const xs = rings[0]!.map(([x]) => x);
    expect(Math.min(...xs)).toBeCloseTo(4.5);
    expect(Math.max(...xs)).toBeCloseTo(29.5);
    expect(pathOf(rings, 2)).toMatch(/^M.*Z$/);
  });
  it('of nothing is nothing', () => expect(contours(new Uint8Array(100), 10, 10)).toEqual([]));
});

function plate(y: number, half: number, up: 1 | -1): Body {
  const n = 12;
  const position: number[] = [];
  for (let j = 0; j <= n; j++) for (let i = 0; i <= n; i++) position.push((i / n - 0.5) * 2 * half, y, (j / n - 0.5) * 2 * half);
  const index = Array.from({ length: n * n }, (_, k) => Math.floor(k / n) * (n + 1) + (k % n)).flatMap((a) => [a, a + n + 1, a + 1, a + 1, a + n + 1, a + n + 2]);
  const count = position.length / 3;
  return { position: Float32Array.from(position), normal: Float32Array.from({ length: 3 * count }, (_, i) => (i % 3 === 1 ? up : 0)), index, open: new Float32Array(4 * count) };
}

describe('occlusion', () => {
  const bake = (bodies: Body[]) => [...bakeOcclusion(bodies, [0, 0, 0], 2)];
  const middle = (body: Body) => body.open[4 * 84]!;
  it('leaves a free plate open', () => {
    const floor = plate(0, 1, 1);
    bake([floor]);
    expect(middle(floor)).toBeGreaterThan(0.95);
  });
  it('darkens what lies under something', () => {
    const floor = plate(-0.15, 1, 1);
    bake([floor, plate(0.15, 1, -1)]);
    expect(middle(floor)).toBeLessThan(0.35);
  });
});

describe('shares of parts', () => {
  const cloud = (x0: number, part: number) => ({ part, position: Float32Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? x0 + i / 300 : 0)) });
  it('add up to one, and far from a border a place is wholly its own', () => {
    const [a] = shares([cloud(0, 0), cloud(1, 1)], 2);
    for (let i = 0; i < 100; i++) expect(a![2 * i]! + a![2 * i + 1]!).toBeCloseTo(1);
    expect(a![0]).toBeCloseTo(1);
    expect(a![2 * 99]).toBeLessThan(0.9);
  });
});
