/** A number from 0 to below `bound`, evenly; the same seed gives the same numbers on every machine. */
export type Random = (bound: number) => number;

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state, good enough to draw packets with. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}
