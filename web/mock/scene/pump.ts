import { ball, cone, cut, gradient, join, surface, type Field, type V3 } from './geometry';
import { writeGlb, type GlbMesh } from './glb';

/** A small centrifugal pump with its motor; the shaft runs along x. */
export function pumpGlb(): Uint8Array {
  const meshes = [
    mesh('base', box([0, -0.72, 0], [1.25, 0.06, 0.46], 0.02), 0.03),
    mesh('motor', join(0.05, disc(-1.05, -0.2, 0.44), disc(-1.16, -1.02, 0.38), disc(-0.24, -0.14, 0.36)), 0.022),
    mesh('fins', fins(), 0.0145),
    mesh('box', box([-0.62, 0.5, 0], [0.17, 0.12, 0.15], 0.03), 0.02),
    mesh('feet', join(0.03, box([-0.62, -0.55, 0], [0.3, 0.14, 0.3], 0.03), box([0.5, -0.5, 0], [0.14, 0.2, 0.16], 0.03), box([0.06, -0.5, 0], [0.09, 0.2, 0.12], 0.02)), 0.024),
    mesh('shaft', cone([-0.2, 0, 0], [0.36, 0, 0], 0.055, 0.055), 0.014),
    mesh('seal', ring(0.24, 0.16, 0.07), 0.014),
    mesh('casing', casing(), 0.022),
    mesh('pipes', pipes(), 0.02),
  ];
  return writeGlb(meshes, [{ name: 'at_motor', at: [-0.5, 0.3, 0.34] }, { name: 'at_seal', at: [0.24, 0.12, 0.2] }]);
}

function disc(x0: number, x1: number, r: number): Field {
  return (x, y, z) => Math.max(Math.hypot(y, z) - r, x0 - x, x - x1);
}

function box(c: V3, half: V3, round: number): Field {
  return (x, y, z) => {
    const q = [Math.abs(x - c[0]) - half[0] + round, Math.abs(y - c[1]) - half[1] + round, Math.abs(z - c[2]) - half[2] + round] as const;
    return Math.hypot(Math.max(0, q[0]), Math.max(0, q[1]), Math.max(0, q[2])) + Math.min(0, Math.max(...q)) - round;
  };
}

function ring(x0: number, r: number, thick: number): Field {
  return (x, y, z) => Math.hypot(Math.hypot(y, z) - r, (x - x0) * 0.8) - thick;
}

/** Ribs along the motor. */
function fins(): Field {
  return (x, y, z) => {
    const r = Math.hypot(y, z);
    const a = Math.atan2(z, y) * 22;
    return Math.max(r - 0.485, 0.42 - r, -0.98 - x, x + 0.27, (Math.cos(a) - 0.35) * -0.02);
  };
}

function casing(): Field {
  const volute = ball([0.6, 0, 0], [0.27, 0.44, 0.44]);
  const neck = cone([0.6, 0.2, 0.1], [0.6, 0.56, 0.1], 0.2, 0.16);
  const nose = cone([0.2, 0, 0], [0.5, 0, 0], 0.19, 0.26);
  return cut(join(0.09, volute, neck, nose), cone([0.1, 0, 0], [0.3, 0, 0], 0.1, 0.1));
}

function pipes(): Field {
  const up = (y0: number, y1: number, r: number): Field => (x, y, z) => Math.max(Math.hypot(x - 0.6, z - 0.1) - r, y0 - y, y - y1);
  const out = disc(0.8, 1.08, 0.18);
  const whole = join(0.02, up(0.5, 0.72, 0.15), up(0.72, 0.8, 0.27), out, disc(1.06, 1.14, 0.3));
  return cut(cut(whole, up(0.4, 1, 0.1)), disc(0.9, 1.4, 0.12));
}

function mesh(name: string, field: Field, cell: number): GlbMesh {
  const s = surface(field, [-1.4, -0.9, -0.75], [1.4, 1, 0.75], cell);
  const normal = new Float32Array(s.position.length);
  for (let i = 0; i < s.position.length; i += 3) normal.set(gradient(field, s.position.slice(i, i + 3) as V3, cell * 0.4), i);
  return { name, position: Float32Array.from(s.position), normal, colour: null, index: Uint32Array.from(s.index) };
}
