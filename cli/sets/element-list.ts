/** Elements as their words, one behind the other: a list of a million is one piece of memory, and nothing that has to be collected. */
export interface ElementList {
  readonly count: number;
  /** The words of one, in memory that the next call uses again. */
  at(index: number): Uint32Array;
}

export interface GrowingList extends ElementList {
  push(words: ArrayLike<number>): void;
}

const FEW_ELEMENTS = 64;

/** @param width words of an element */
export function createElementList(width: number): GrowingList {
  const one = new Uint32Array(width);
  let words = new Uint32Array(FEW_ELEMENTS * width);
  let count = 0;
  return {
    get count() {
      return count;
    },
    at(index) {
      for (let word = 0; word < width; word++) one[word] = words[index * width + word] as number;
      return one;
    },
    push(element) {
      const from = count++ * width;
      if (from === words.length) {
        const more = new Uint32Array(2 * words.length);
        more.set(words);
        words = more;
      }
      for (let word = 0; word < width; word++) words[from + word] = element[word] as number;
    },
  };
}
