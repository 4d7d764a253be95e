/**
 * What later phases have found out of rows, a word each: of a file that has changed it is found out of the rows that are new. It depends
 * on a row's values and on what its shape means; where that has become something else, it is found out again.
 */
import type { Rows } from './rows.ts';

/** Words of one kind. 0: nobody has asked. */
export interface RowFacts {
  /** By the number of the shape: the meaning that the words were found out by. */
  by: readonly unknown[];
  words: Int32Array;
  readonly numbers: Numbers;
}

/** Numbers from 1 on for what is told apart by keys, of one meaning each. */
interface Numbers {
  count: number;
  readonly known: WeakMap<object, Map<string | number, number>>;
}

/** Where there have been more, they begin anew. */
const NUMBERS_MAX = 1 << 16;

/** The facts of a table, by what they are about. */
export type FactsOfRows = Map<string, RowFacts>;

/** @param room how many rows there may be */
export function emptyFacts(room: number, by: readonly unknown[] = [], numbers = noNumbers()): RowFacts {
  return { by, words: new Int32Array(room), numbers };
}

function noNumbers(): Numbers {
  return { count: 0, known: new WeakMap() };
}

/** Finds the word of a row whose shape means something, by where its values begin; never 0. */
export type FindWord = (values: Float64Array, at: number) => number;

/**
 * The words of all rows whose shapes have a meaning; those of the others say nothing.
 *
 * @param meanings by the number of the shape
 * @param finder makes what finds the words of a shape, once for each that is asked
 */
export function factsOf<M extends object>(
  rows: Rows,
  about: string,
  meanings: readonly (M | null | undefined)[],
  finder: (meaning: M, numberOf: (key: string | number) => number) => FindWord,
): RowFacts {
  const before = rows.facts.get(about);
  const full = before !== undefined && before.numbers.count > NUMBERS_MAX;
  const facts = before === undefined || full ? emptyFacts(rows.shape.length) : before;
  rows.facts.set(about, facts);
  const { by, words, numbers } = facts;
  const stale = Uint8Array.from({ length: rows.tree.shapes.length }, (_, shape) => (by[shape] === meanings[shape] ? 0 : 1));
  const finders: (FindWord | undefined)[] = [];
  for (let row = 0; row < rows.count; row += 1) {
    const shape = rows.shape[row] as number;
    if (words[row] !== 0 && stale[shape] === 0) continue;
    const meaning = meanings[shape];
    if (!meaning) continue;
    let find = finders[shape];
    if (find === undefined) {
      find = finder(meaning, numbering(numbers, meaning));
      finders[shape] = find;
    }
    words[row] = find(rows.values, rows.valueAt[row] as number);
  }
  facts.by = [...meanings];
  return facts;
}

function numbering(numbers: Numbers, meaning: object): (key: string | number) => number {
  const known = numbers.known.get(meaning) ?? new Map<string | number, number>();
  numbers.known.set(meaning, known);
  return (key) => {
    let number = known.get(key);
    if (number === undefined) {
      numbers.count += 1;
      number = numbers.count;
      known.set(key, number);
    }
    return number;
  };
}
