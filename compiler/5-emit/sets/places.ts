/** Open addressing: where the entries of a hash table go. */

/** `PKTC_SET_PROBES`: an entry is less than so many places behind its own. */
export const PROBES = 64;

export interface Places {
  /** 32 - log2 of the table's length, without the `PROBES` places behind it. */
  readonly shift: number;
  /** Of the multiplicative hash, odd. */
  readonly factor: number;
  /** Entry at each place; -1: free. */
  readonly entries: Int32Array;
}

/** Of how many places one is taken, at first. */
const ROOM = 2;

/** The golden ratio of 2^32 (Knuth, The Art of Computer Programming, volume 3, section 6.4). */
const FIRST_FACTOR = 0x9e3779b1;
const FACTORS_A_SIZE = 4;

/** @param hash 32 bits, of which the highest choose the place */
export function placesFor(count: number, hash: (entry: number, factor: number) => number): Places {
  let factor = FIRST_FACTOR;
  for (let bits = Math.max(1, Math.ceil(Math.log2(ROOM * count))); ; bits++) {
    for (let attempt = 0; attempt < FACTORS_A_SIZE; attempt++) {
      const entries = filled(count, bits, (entry) => hash(entry, factor));
      if (entries !== null) return { shift: 32 - bits, factor, entries };
      factor = ((Math.imul(factor, FIRST_FACTOR) ^ (factor >>> 15)) | 1) >>> 0;
    }
  }
}

/** null: an entry would be too far from its place. */
function filled(count: number, bits: number, hash: (entry: number) => number): Int32Array | null {
  const entries = new Int32Array(2 ** bits + PROBES).fill(-1);
  for (let entry = 0; entry < count; entry++) {
    const own = hash(entry) >>> (32 - bits);
    let place = own;
    while (entries[place] !== -1) place++;
    if (place >= own + PROBES || place >= entries.length) return null;
    entries[place] = entry;
  }
  return entries;
}
