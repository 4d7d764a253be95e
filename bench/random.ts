import { type Random, seededRandom } from '../cli/bench/seeded-random.ts';

export type { Random };
export { seededRandom };

/** One of them. */
export function oneOf<T>(of: readonly [T, ...T[]], random: Random): T {
  return of[random(of.length)] ?? of[0];
}

/** One of them, `[weight, value]`, as often as its weight says. */
export function weighted<T>(of: readonly (readonly [number, T])[], random: Random): T {
  const total = of.reduce((sum, [weight]) => sum + weight, 0);
  let at = random(total);
  for (const [weight, value] of of) {
    at -= weight;
    if (at < 0) return value;
  }
  throw new Error('nothing to choose from');
}

/** A random address of so many bits. */
export function randomBits(bits: number, random: Random): bigint {
  let value = 0n;
  for (let have = 0; have < bits; have += 32) value = (value << 32n) | BigInt(random(2 ** 32));
  return value & ((1n << BigInt(bits)) - 1n);
}
