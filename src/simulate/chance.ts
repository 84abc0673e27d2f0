import { sfc32 } from '../paper/random.ts';

/** Seeded randomness of a campaign: one stream per purpose, so that drawing from one never shifts another. */
export interface Chance {
  /** [0, 1) */
  unit(): number;
  /** Both ends included. */
  between(least: number, most: number): number;
  integer(least: number, most: number): number;
  happens(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
}

/** sfc32, seeded by an FNV-1a hash of seed and purpose. */
export function chance(seed: number, purpose: string): Chance {
  const hash = (salt: number): number => {
    let value = (0x811c9dc5 ^ salt ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
    for (let index = 0; index < purpose.length; index += 1) {
      value = Math.imul(value ^ purpose.charCodeAt(index), 0x01000193) >>> 0;
    }
    value = Math.imul(value ^ (value >>> 16), 0x85ebca6b) >>> 0;
    return (value ^ (value >>> 13)) >>> 0;
  };
  const next = sfc32(hash(1), hash(2), hash(3), 15);
  const unit = () => next() / 4_294_967_296;
  return {
    unit,
    between: (least, most) => least + unit() * (most - least),
    integer: (least, most) => least + Math.floor(unit() * (most - least + 1)),
    happens: (probability) => unit() < probability,
    pick: (from) => from[Math.floor(unit() * from.length)]!,
  };
}
