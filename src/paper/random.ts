/** Seeded randomness: sfc32 over 32-bit integers, so that a seed replays a run on any machine. */
export interface RandomStream {
  /** The next 32 bits, as an unsigned integer. */
  next(): number;
  /** Whether an event of that probability (0 to 1) happens; always draws once. */
  chance(probability: number): boolean;
}

/** A 32-bit hash of a text under a seed (FNV-1a, finished with murmur's mixer). */
export function hashText(seed: number, text: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return mix(hash);
}

/** Mixes 32 bits thoroughly: neighbouring inputs give unrelated outputs. */
export function mix(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The generator sfc32 after so many draws: the first ones still depend visibly on the seed. */
export function sfc32(a: number, b: number, c: number, discarded: number): () => number {
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < discarded; round++) next();
  return next;
}

/** One stream per purpose, so that drawing from one never shifts another. */
export function randomStream(seed: number, purpose: string): RandomStream {
  const a = hashText(seed, purpose);
  const b = hashText(seed ^ 0x9e3779b9, purpose);
  const next = sfc32(a, b, mix(a ^ b), 12);
  return { next, chance: (probability) => next() < probability * 4_294_967_296 };
}
