import { DoubleSide, FrontSide, ShaderMaterial, Vector4, type IUniform } from 'three';
import type { Kind } from '../wire/types';
import { FRAGMENT, MASK_FRAGMENT, MASK_VERTEX, MOST_CHAMBERS, VERTEX } from './shader';

interface Finish {
  roughness: number;
  metal: number;
  coat: number;
  grain: number;
  /** How much light goes through: flesh, not metal. */
  flesh: number;
  opacity?: number;
}

const WET: Finish = { roughness: 0.58, metal: 0, coat: 0.75, grain: 1, flesh: 1 };
const VESSEL: Finish = { roughness: 0.5, metal: 0, coat: 0.7, grain: 0.35, flesh: 0.8 };
const PLAIN: Finish = { roughness: 0.55, metal: 0, coat: 0.3, grain: 0, flesh: 0 };

const FINISH: Record<Kind, Finish> = {
  muscle: WET,
  artery: VESSEL,
  pulmonary: VESSEL,
  vein: VESSEL,
  coronary: { ...VESSEL, coat: 1, grain: 0 },
  narrowing: { ...VESSEL, coat: 0.8, grain: 0, flesh: 0 },
  metal: { ...PLAIN, roughness: 0.4, metal: 0.6, coat: 0 },
  casing: { ...PLAIN, roughness: 0.5, metal: 0.12, coat: 0.5 },
  shaft: { ...PLAIN, roughness: 0.22, metal: 0.92, coat: 0 },
  ground: { ...PLAIN, roughness: 0.62, metal: 0.2, coat: 0.1 },
  glass: { ...PLAIN, roughness: 0.1, coat: 1, opacity: 0.3 },
  skin: { ...WET, coat: 0.25, grain: 0.3 },
  other: PLAIN,
};

/** What every part of one model shares: where its chambers are, and how much larger than on average they are now. */
export interface Shared {
  uChamber: IUniform<Vector4[]>;
  uSwell: IUniform<number[]>;
}

export function shared(): Shared {
  return {
    uChamber: { value: Array.from({ length: MOST_CHAMBERS }, () => new Vector4(0, 0, 0, 1)) },
    uSwell: { value: new Array<number>(MOST_CHAMBERS).fill(0) },
  };
}

/** The finish of a kind of part; its colour is painted on the vertices. */
export function materialOf(kind: Kind, thin: boolean, common: Shared): ShaderMaterial {
  const finish = FINISH[kind];
  const clear = finish.opacity !== undefined;
  return new ShaderMaterial({
    vertexColors: true,
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
    side: thin && !clear ? DoubleSide : FrontSide,
    transparent: clear,
    depthWrite: !clear,
    uniforms: {
      ...common,
      uRoughness: { value: finish.roughness },
      uMetal: { value: finish.metal },
      uCoat: { value: finish.coat },
      uGrain: { value: finish.grain },
      uFlesh: { value: finish.flesh },
      uOpacity: { value: finish.opacity ?? 1 },
    },
  });
}

export function maskMaterial(common: Shared): ShaderMaterial {
  return new ShaderMaterial({ vertexShader: MASK_VERTEX, fragmentShader: MASK_FRAGMENT, side: DoubleSide, toneMapped: false, uniforms: { ...common } });
}
