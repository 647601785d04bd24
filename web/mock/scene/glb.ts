/** Writes a binary glTF: meshes with normals and shades, and named places. */
export interface GlbMesh {
  name: string;
  position: Float32Array;
  normal: Float32Array;
  colour: Float32Array | null;
  index: Uint32Array;
}

export interface GlbPlace {
  name: string;
  at: [number, number, number];
}

export function writeGlb(meshes: GlbMesh[], places: GlbPlace[]): Uint8Array {
  const body = new Body();
  const made = meshes.map((mesh) => ({
    primitives: [
      {
        attributes: {
          POSITION: body.add(mesh.position, 'VEC3', 5126, 34962, bounds(mesh.position)),
          NORMAL: body.add(mesh.normal, 'VEC3', 5126, 34962),
          ...(mesh.colour && { COLOR_0: body.add(mesh.colour, 'VEC3', 5126, 34962) }),
        },
        indices: body.add(mesh.index, 'SCALAR', 5125, 34963),
        material: 0,
      },
    ],
  }));
  const nodes = [...meshes.map((m, i) => ({ name: m.name, mesh: i })), ...places.map((p) => ({ name: p.name, translation: p.at }))];
  return body.file({
    asset: { version: '2.0', generator: 'Pollux mock' },
    scene: 0,
    scenes: [{ nodes: nodes.map((_, i) => i) }],
    nodes,
    meshes: made,
    materials: [{ pbrMetallicRoughness: { baseColorFactor: [0.7, 0.7, 0.7, 1] } }],
  });
}

type Numbers = Float32Array | Uint32Array;

class Body {
  readonly #views: object[] = [];
  readonly #accessors: object[] = [];
  readonly #parts: Buffer[] = [];
  #length = 0;

  add(data: Numbers, type: 'VEC3' | 'SCALAR', componentType: number, target: number, limits: object = {}): number {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    this.#views.push({ buffer: 0, byteOffset: this.#length, byteLength: bytes.length, target });
    this.#parts.push(bytes);
    this.#length += bytes.length;
    this.#accessors.push({ bufferView: this.#views.length - 1, componentType, count: data.length / (type === 'VEC3' ? 3 : 1), type, ...limits });
    return this.#accessors.length - 1;
  }

  file(json: object): Uint8Array {
    const full = { ...json, buffers: [{ byteLength: this.#length }], bufferViews: this.#views, accessors: this.#accessors };
    const text = Buffer.from(JSON.stringify(full));
    const head = Buffer.concat([text, Buffer.alloc((4 - (text.length % 4)) % 4, 0x20)]);
    const data = Buffer.concat(this.#parts);
    const out = Buffer.alloc(12 + 8 + head.length + 8);
    out.write('glTF', 0);
    out.writeUInt32LE(2, 4);
    out.writeUInt32LE(out.length + data.length, 8);
    out.writeUInt32LE(head.length, 12);
    out.write('JSON', 16);
    head.copy(out, 20);
    out.writeUInt32LE(data.length, 20 + head.length);
    out.write('BIN\0', 24 + head.length);
    return Buffer.concat([out, data]);
  }
}

function bounds(position: Float32Array): object {
  const min = [Infinity, Infinity, Infinity];
  const max = [-Infinity, -Infinity, -Infinity];
  position.forEach((v, i) => {
    min[i % 3] = Math.min(min[i % 3]!, v);
    max[i % 3] = Math.max(max[i % 3]!, v);
  });
  return { min, max };
}
