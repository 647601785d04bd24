import { random } from '../random';
import { add, ball, beyond, cone, curve, front, gradient, settle, soft, sub, surface, times, tube, type Field, type V3 } from './geometry';
import { writeGlb, type GlbMesh, type GlbPlace } from './glb';
import { sweep } from './sweep';

/** A heart from the front: +x is his left, +y up, +z towards the viewer; about two units tall. */

const lv = cone([0.17, -0.03, -0.14], [0.33, -0.8, 0.12], 0.47, 0.19);
const rv = cone([-0.22, -0.08, 0.12], [0.17, -0.72, 0.2], 0.42, 0.16, 0.86);
const conus = cone([-0.16, -0.04, 0.26], [-0.1, 0.22, 0.27], 0.29, 0.185);
const ra = ball([-0.52, 0.0, -0.1], [0.27, 0.4, 0.35]);
const raEar = ball([-0.36, 0.2, 0.14], [0.2, 0.13, 0.15]);
const la = ball([0.14, 0.2, -0.44], [0.46, 0.28, 0.26]);
const laEar = cone([0.36, 0.2, -0.16], [0.44, 0.11, 0.13], 0.16, 0.1);

const CHAMBERS: { name: string; field: Field }[] = [
  { name: 'lv', field: lv },
  { name: 'rv', field: (x, y, z) => soft(rv(x, y, z), conus(x, y, z), 0.16) },
  { name: 'ra', field: (x, y, z) => soft(ra(x, y, z), raEar(x, y, z), 0.12) },
  { name: 'la', field: (x, y, z) => soft(la(x, y, z), laEar(x, y, z), 0.14) },
];

// The furrows in which the coronaries run: between the ventricles, and between ventricles and atria.
const FURROWS: V3[][] = [
  [[0.05, 0.2, 0.3], [0.07, -0.1, 0.37], [0.11, -0.36, 0.4], [0.2, -0.66, 0.37], [0.31, -0.98, 0.22]],
  [[-0.3, 0.2, 0.32], [-0.44, 0.02, 0.26], [-0.5, -0.2, 0.16], [-0.44, -0.42, 0.0], [-0.3, -0.5, -0.25]],
  [[0.22, 0.14, 0.24], [0.46, 0.04, 0.12], [0.58, -0.02, -0.12]],
];
const furrow = FURROWS.map((points) => tube(points, [0.001]));
const furrowAt: Field = (x, y, z) => Math.min(...furrow.map((f) => f(x, y, z)));

const lump = waves();

function body(x: number, y: number, z: number): number {
  const [a, b, c, d] = [CHAMBERS[0]!.field(x, y, z), CHAMBERS[1]!.field(x, y, z), CHAMBERS[2]!.field(x, y, z), CHAMBERS[3]!.field(x, y, z)];
  const ventricles = soft(a, b, 0.13);
  const whole = soft(soft(ventricles, c, 0.07), d, 0.07);
  if (Math.abs(whole) > 0.12) return whole;
  const near = furrowAt(x, y, z);
  return whole + 0.026 * Math.exp(-((near / 0.065) ** 2)) + 0.011 * lump(x, y, z);
}

/** Gentle unevenness. */
function waves(): Field {
  const next = random(7);
  const w = Array.from({ length: 9 }, () => [6 + 8 * next(), 6 + 8 * next(), 6 + 8 * next(), 6.3 * next()] as const);
  return (x, y, z) => w.reduce((sum, [a, b, c, p]) => sum + Math.sin(a * x + b * y * 0.6 + c * z + p), 0) / 6;
}

export function heartGlb(): Uint8Array {
  const meshes = [...walls(), ...vessels(), ...coronaries()];
  return writeGlb(meshes, places());
}

/** One surface, cut into the chambers it belongs to, so that no seam shows. */
function walls(): GlbMesh[] {
  const s = surface(body, [-0.95, -1.12, -0.85], [0.85, 0.6, 0.75], 0.034);
  const count = s.position.length / 3;
  const [normal, colour] = [new Float32Array(3 * count), new Float32Array(3 * count)];
  const owner = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const p = settle(body, s.position.slice(3 * i, 3 * i + 3) as V3, 2);
    s.position.splice(3 * i, 3, ...p);
    normal.set(gradient(body, p), 3 * i);
    colour.set(shade(p), 3 * i);
    const d = CHAMBERS.map((c) => c.field(...p));
    owner[i] = d.indexOf(Math.min(...d));
  }
  return CHAMBERS.map(({ name }, k) => piece(name, s.position, normal, colour, s.index, (t) => owner[s.index[t]!] === k));
}

/** Yellowish fat in the furrows, a little unevenness elsewhere. */
function shade(p: V3): V3 {
  const fat = 0.75 * Math.exp(-((furrowAt(...p) / 0.075) ** 2));
  const tone = 1 + 0.035 * lump(p[0] * 1.7, p[1] * 1.7, p[2] * 1.7);
  return [tone * (1 + 0.22 * fat), tone * (1 + 0.16 * fat), tone * (1 - 0.16 * fat)];
}

function piece(name: string, position: number[], normal: Float32Array, colour: Float32Array, index: number[], mine: (t: number) => boolean): GlbMesh {
  const number = new Map<number, number>();
  const out = { p: [] as number[], n: [] as number[], c: [] as number[], i: [] as number[] };
  for (let t = 0; t < index.length; t += 3) {
    if (!mine(t)) continue;
    for (const v of index.slice(t, t + 3)) {
      if (!number.has(v)) {
        number.set(v, number.size);
        for (let k = 0; k < 3; k++) {
          out.p.push(position[3 * v + k]!);
          out.n.push(normal[3 * v + k]!);
          out.c.push(colour[3 * v + k]!);
        }
      }
      out.i.push(number.get(v)!);
    }
  }
  return { name, position: Float32Array.from(out.p), normal: Float32Array.from(out.n), colour: Float32Array.from(out.c), index: Uint32Array.from(out.i) };
}

interface Vessel {
  points: V3[];
  radii: number[];
  /** Which ends are cut open. */
  open: ('start' | 'end')[];
}

const AORTA: Vessel[] = [
  { points: [[-0.03, 0.05, 0.03], [-0.13, 0.34, 0.08], [-0.19, 0.58, 0.02], [-0.05, 0.79, -0.08], [0.18, 0.75, -0.23], [0.29, 0.5, -0.36], [0.29, 0.1, -0.5], [0.26, -0.3, -0.56]], radii: [0.16, 0.178, 0.175, 0.165, 0.155, 0.145, 0.13, 0.12], open: ['end'] },
  { points: [[-0.13, 0.74, -0.05], [-0.2, 0.93, -0.03], [-0.25, 1.1, 0.0]], radii: [0.085, 0.072, 0.07], open: ['end'] },
  { points: [[0.01, 0.82, -0.1], [0.02, 0.98, -0.1], [0.02, 1.14, -0.09]], radii: [0.075, 0.058, 0.056], open: ['end'] },
  { points: [[0.14, 0.78, -0.18], [0.2, 0.95, -0.18], [0.25, 1.09, -0.17]], radii: [0.078, 0.062, 0.06], open: ['end'] },
];
const PULMONARY: Vessel[] = [
  { points: [[-0.11, 0.08, 0.27], [-0.06, 0.34, 0.29], [0.07, 0.5, 0.19], [0.3, 0.575, 0.03], [0.63, 0.62, -0.06]], radii: [0.19, 0.17, 0.162, 0.14, 0.122], open: ['end'] },
  { points: [[0.06, 0.47, 0.06], [-0.18, 0.46, -0.16], [-0.45, 0.44, -0.26], [-0.7, 0.42, -0.26]], radii: [0.12, 0.112, 0.105, 0.1], open: ['end'] },
];
const VEINS: Vessel[] = [
  { points: [[-0.45, 0.94, -0.08], [-0.44, 0.55, -0.08], [-0.46, 0.1, -0.12]], radii: [0.115, 0.112, 0.135], open: ['start'] },
  { points: [[-0.42, -0.2, -0.16], [-0.4, -0.6, -0.2], [-0.4, -0.94, -0.2]], radii: [0.14, 0.118, 0.118], open: ['end'] },
];
const LUNG_VEINS: Vessel[] = [
  { points: [[0.36, 0.25, -0.42], [0.6, 0.3, -0.36], [0.8, 0.32, -0.3]], radii: [0.12, 0.085, 0.08], open: ['end'] },
  { points: [[0.36, 0.1, -0.44], [0.6, 0.1, -0.38], [0.8, 0.08, -0.32]], radii: [0.12, 0.082, 0.078], open: ['end'] },
  { points: [[-0.2, 0.2, -0.5], [-0.55, 0.24, -0.48], [-0.78, 0.25, -0.44]], radii: [0.1, 0.08, 0.075], open: ['end'] },
];

function vessels(): GlbMesh[] {
  return [
    vesselMesh('aorta', AORTA, 0.05),
    vesselMesh('pulmonary_trunk', PULMONARY, 0.05),
    vesselMesh('caval_veins', VEINS, 0.03),
    vesselMesh('pulmonary_veins', LUNG_VEINS, 0.04),
  ];
}

function vesselMesh(name: string, list: Vessel[], seam: number): GlbMesh {
  const outer = list.map((v) => tube(v.points, v.radii));
  const hollows = list.flatMap((v) => v.open.map((end) => hollow(v, end)));
  const field: Field = (x, y, z) => {
    const whole = outer.reduce((d, f) => soft(d, f(x, y, z), seam), 1e3);
    return hollows.reduce((d, h) => Math.max(d, h(x, y, z)), whole);
  };
  const all = list.flatMap((v) => v.points);
  const low = [0, 1, 2].map((i) => Math.min(...all.map((p) => p[i]!)) - 0.25) as V3;
  const high = [0, 1, 2].map((i) => Math.max(...all.map((p) => p[i]!)) + 0.25) as V3;
  const s = surface(field, low, high, 0.0235);
  const normal = new Float32Array(s.position.length);
  for (let i = 0; i < s.position.length; i += 3) normal.set(gradient(field, s.position.slice(i, i + 3) as V3, 0.006), i);
  return { name, position: Float32Array.from(s.position), normal, colour: null, index: Uint32Array.from(s.index) };
}

/** Cuts a vessel off square at an end and hollows it a little way. */
function hollow(v: Vessel, end: 'start' | 'end'): Field {
  const [tip, before, r] = end === 'end' ? [v.points.at(-1)!, v.points.at(-2)!, v.radii.at(-1)!] : [v.points[0]!, v.points[1]!, v.radii[0]!];
  const away = sub(tip, before);
  const inner = cone(add(tip, times(away, 0.3)), sub(tip, times(away, 0.5)), r - 0.026, r - 0.05);
  const plane = beyond(tip, away);
  const near = ball(tip, [2.4 * r, 2.4 * r, 2.4 * r]);
  return (x, y, z) => Math.max(-inner(x, y, z), near(x, y, z) < 0 ? -plane(x, y, z) : -1e3);
}

interface Artery {
  name: string;
  guide: [number, number][];
  radius: [number, number];
}

// Guides in x and y; the path lies where they meet the surface from the front.
const ARTERIES: Artery[] = [
  { name: 'lad', guide: [[0.12, 0.19], [0.06, 0.08], [0.05, -0.12], [0.09, -0.32], [0.15, -0.52], [0.22, -0.72], [0.29, -0.9], [0.32, -0.985]], radius: [0.034, 0.014] },
  { name: 'lad', guide: [[0.055, -0.14], [0.14, -0.24], [0.25, -0.34], [0.35, -0.45], [0.4, -0.56]], radius: [0.024, 0.011] },
  { name: 'lad', guide: [[0.12, -0.42], [0.2, -0.5], [0.29, -0.6], [0.37, -0.72]], radius: [0.02, 0.009] },
  { name: 'lad', guide: [[0.08, -0.28], [0.02, -0.35], [-0.05, -0.4]], radius: [0.015, 0.008] },
  { name: 'lad', guide: [[0.14, -0.49], [0.08, -0.56], [0.02, -0.6]], radius: [0.014, 0.007] },
  { name: 'lcx', guide: [[0.12, 0.19], [0.26, 0.1], [0.38, 0.03], [0.5, -0.04], [0.56, -0.14], [0.575, -0.3]], radius: [0.03, 0.014] },
  { name: 'rca', guide: [[-0.27, 0.18], [-0.36, 0.11], [-0.43, -0.02], [-0.47, -0.18], [-0.48, -0.34], [-0.43, -0.47]], radius: [0.034, 0.02] },
  { name: 'rca', guide: [[-0.435, -0.03], [-0.36, -0.1], [-0.28, -0.14]], radius: [0.017, 0.008] },
  { name: 'rca', guide: [[-0.475, -0.24], [-0.36, -0.33], [-0.24, -0.43], [-0.12, -0.56], [-0.03, -0.68]], radius: [0.022, 0.009] },
  { name: 'rca', guide: [[-0.47, -0.38], [-0.36, -0.46], [-0.27, -0.56], [-0.2, -0.66]], radius: [0.018, 0.008] },
];
const VEIN_GUIDES: [number, number][][] = [
  [[0.1, 0.06], [0.12, -0.12], [0.16, -0.32], [0.22, -0.5], [0.29, -0.7], [0.34, -0.84]],
  [[0.36, 0.0], [0.45, -0.18], [0.47, -0.36]],
];
const STENOSIS: [number, number] = [0.052, -0.1];

function coronaries(): GlbMesh[] {
  const made = ARTERIES.map((a) => ({ name: a.name, ...onSurface(a.guide, a.radius) }));
  const narrow = onSurface([[0.057, -0.075], STENOSIS, [0.052, -0.128]], [0.037, 0.036]);
  const veins = VEIN_GUIDES.map((g) => onSurface(g, [0.019, 0.01]));
  const named = ['lad', 'lcx', 'rca'].map((name) => sweep(name, made.filter((m) => m.name === name), 12));
  return [...named, sweep('lad_narrowing', [narrow], 14), sweep('cardiac_veins', veins, 10)];
}

function onSurface(guide: [number, number][], [r0, r1]: [number, number]): { path: V3[]; radius: number[] } {
  const found = guide.map(([x, y]) => front(body, x, y)).filter((p) => p !== null);
  const radii = found.map((_, i) => r0 + ((r1 - r0) * i) / Math.max(1, found.length - 1));
  const { path, radius } = curve(found, radii, 7);
  return { path: path.map((p, i) => lifted(p, 0.35 * radius[i]!)), radius };
}

function lifted(p: V3, by: number): V3 {
  const q = settle(body, p, 4);
  return add(q, times(gradient(body, q), by));
}

function places(): GlbPlace[] {
  const seen = (name: string, x: number, y: number): GlbPlace => ({ name, at: front(body, x, y) ?? [x, y, 0] });
  const near = (name: string, p: V3): GlbPlace => ({ name, at: settle(body, p, 10) });
  return [
    seen('at_anterior', 0.25, -0.46),
    near('at_lateral', [0.66, -0.26, 0.0]),
    near('at_apex', [0.36, -1.1, 0.2]),
    near('at_inferior', [0.2, -0.5, -0.7]),
    seen('at_septal', 0.06, -0.5),
    seen('at_rv', -0.2, -0.38),
    near('at_ra', [-0.7, 0.0, 0.3]),
    seen('at_stenosis', ...STENOSIS),
    { name: 'in_lv', at: [0.22, -0.3, -0.05] },
    { name: 'in_rv', at: [-0.1, -0.28, 0.14] },
    { name: 'in_ra', at: [-0.52, 0.0, -0.1] },
    { name: 'in_la', at: [0.14, 0.2, -0.44] },
  ];
}
