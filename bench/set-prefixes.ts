/** Prefixes for measurements of sets: seeded, all different, of the lengths and about as clustered as in tables of routes. */
import type { Random } from '../test/packets/random.ts';

export type Family = 4 | 6;

export interface Prefixes {
  readonly family: Family;
  readonly count: number;
  /** `stride` words of 32 bits each, the highest first. */
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  readonly stride: 1 | 4;
}

type Weights = readonly (readonly [weight: number, length: number])[];

const LENGTHS4: Weights = [
  [2, 16],
  [3, 19],
  [5, 20],
  [5, 21],
  [11, 22],
  [9, 23],
  [45, 24],
  [20, 32],
];
const LENGTHS6: Weights = [
  [14, 32],
  [5, 36],
  [8, 40],
  [6, 44],
  [42, 48],
  [6, 56],
  [10, 64],
  [9, 128],
];
const TOPS6 = [0x2001, 0x2400, 0x2600, 0x2800, 0x2a00, 0x2c00] as const;
const POOL4 = 30_000;
const SITES6_MIN = 2_000;
const PREFIXES_A_SITE6 = 25;

export function makePrefixes(family: Family, count: number, random: Random): Prefixes {
  const stride = family === 4 ? 1 : 4;
  const words = new Uint32Array(stride * count);
  const lengths = new Uint8Array(count);
  const draw = family === 4 ? drawing4(random) : drawing6(count, random);
  const seen = new Set<string>();
  while (seen.size < count) {
    const [address, length] = draw();
    const masked = address.map((word, at) => (word & maskOf(length - 32 * at)) >>> 0);
    const key = `${masked.join()}/${length}`;
    if (seen.has(key)) continue;
    words.set(masked, stride * seen.size);
    lengths[seen.size] = length;
    seen.add(key);
  }
  return { family, count, words, lengths, stride };
}

/** Of the first `bits` of 32. */
export function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffff_ffff : ~(0xffff_ffff >>> bits) >>> 0;
}

type Draw = () => readonly [address: readonly number[], length: number];

const WORD = 0xffff_ffff;

function drawing4(random: Random): Draw {
  const pool = Array.from({ length: POOL4 }, () => random.int(0x100, 0xdfff) * 0x10000);
  return () => {
    const length = random.weighted(LENGTHS4);
    return [[length === 16 ? random.int(0, 0xdeff) * 0x10000 : random.pick(pool) + random.int(0, 0xffff)], length];
  };
}

function drawing6(count: number, random: Random): Draw {
  const site = () => (random.pick(TOPS6) + random.int(0, 15)) * 0x10000 + random.int(0, 0xffff);
  const pool = Array.from({ length: Math.max(SITES6_MIN, Math.ceil(count / PREFIXES_A_SITE6)) }, site);
  return () => {
    const length = random.weighted(LENGTHS6);
    const top = length === 32 ? site() : random.pick(pool);
    return [[top, random.int(0, WORD), random.int(0, WORD), random.int(0, WORD)], length];
  };
}
