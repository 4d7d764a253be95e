/** Which numbers have been met more than once: a table of bits, so that a hundred thousand of them stay in the processor's caches. */
export interface Crowd {
  readonly add: (number: number) => void;
  /** False: it has been met once at most. True: more than once, or another number has its bit. */
  readonly has: (number: number) => boolean;
}

/** Bits to a number: about one in so many has another's. */
const BITS = 16;

/** @param expected how many numbers there will be */
export function createCrowd(expected: number): Crowd {
  const size = 2 ** Math.ceil(Math.log2(BITS * expected + 32));
  const once = new Uint32Array(size / 32);
  const again = new Uint32Array(size / 32);
  return {
    add: (number) => {
      const bit = number & (size - 1);
      const word = once[bit >>> 5] as number;
      const mask = 1 << (bit & 31);
      if ((word & mask) === 0) once[bit >>> 5] = word | mask;
      else again[bit >>> 5] = (again[bit >>> 5] as number) | mask;
    },
    has: (number) => {
      const bit = number & (size - 1);
      return ((again[bit >>> 5] as number) & (1 << (bit & 31))) !== 0;
    },
  };
}
