/** Randomness that a seed repeats. */
export interface Random {
  /** From `low` to `high`, both included. */
  int(low: number, high: number): number;
  bigint(bits: number): bigint;
  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** One of the values, each as often as its weight says. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T;
  /** In another order. */
  shuffled<T>(items: readonly T[]): T[];
  bytes(length: number): Uint8Array;
}

/** SplitMix32: small, fast, and the same on every machine. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const fraction = (): number => next() / 2 ** 32;
  const int = (low: number, high: number): number => low + Math.floor(fraction() * (high - low + 1));
  return {
    int,
    bigint: (bits) => {
      let value = 0n;
      for (let left = bits; left > 0; left -= 32) {
        value = (value << 32n) | BigInt(next());
      }
      return value & ((1n << BigInt(bits)) - 1n);
    },
    chance: (probability) => fraction() < probability,
    pick: (items) => {
      if (items.length === 0) {
        throw new RangeError('nothing to pick from');
      }
      return items[int(0, items.length - 1)] as (typeof items)[number];
    },
    weighted: (choices) => {
      let left = fraction() * choices.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, value] of choices) {
        left -= weight;
        if (left < 0) {
          return value;
        }
      }
      throw new RangeError('no choice has a weight');
    },
    shuffled: (items) => {
      const mixed = [...items];
      for (let at = mixed.length - 1; at > 0; at--) {
        const other = int(0, at);
        [mixed[at], mixed[other]] = [mixed[other], mixed[at]] as [(typeof mixed)[number], (typeof mixed)[number]];
      }
      return mixed;
    },
    bytes: (length) => {
      const drawn = new Uint8Array(length);
      for (let at = 0; at < length; at++) drawn[at] = next() & 0xff;
      return drawn;
    },
  };
}

/** Another seed for each part of a run, so that one part can be repeated alone. */
export function seedOf(seed: number, part: number): number {
  return (Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) + Math.imul(part, 0x85ebca6b)) >>> 0;
}
