/** The automaton of a program's patterns as bytes: struct pktc_patterns of `templates/include/pktc/payload_search.h`. */
import {
  FIRST_FOUND_BIT,
  FOUND_WORD_BITS,
  PATTERN_ENTRY_BYTES,
  type PatternSearch,
  rowEntries,
  tableBytes as usedBytes,
} from '../4-plan/patterns.ts';

export interface PatternTable {
  /** In the byte order of this machine, for which clang compiles. */
  readonly bytes: Uint8Array;
  /** Bytes of `table`, a power of two. */
  readonly tableBytes: number;
  /** Elements of `finds`. */
  readonly finds: number;
  /** Elements of `bounds`. */
  readonly bounds: number;
}

/** A pattern ends where this entry leads to. */
const PATTERN_END = 0x8000_0000;

/**
 * One cursor needs 2.7 ns a byte, four need 1.2, but each of the four goes on into the next one's part for as long as a pattern can
 * reach: so they are faster from about three times that on. See docs/performance.md.
 */
const FOUR_CURSORS_BYTES_MIN = 96;
const FOUR_CURSORS_OVERLAP_FACTOR = 3;

const CLASSES_AT = 28;
const BYTES = 256;
const FIND_BYTES = 16;
const ALIGNMENT = 8;

export function patternTable({ searches, automaton }: PatternSearch): PatternTable {
  const predicates = [...searches.values()];
  const lengths = predicates.flatMap(({ patterns }) => patterns.map(({ bytes }) => bytes.length));
  const overlap = longestOf(lengths) - 1;
  const depth = predicates.at(-1)?.within ?? 0;
  const bounds = boundsOf(predicates.map(({ within }) => within));
  const finds = findsOf(automaton.found);
  const tableBytes = 2 ** Math.ceil(Math.log2(usedBytes(automaton)));
  const findsAt = roundUp(CLASSES_AT + 2 * BYTES + 2 * bounds.length);
  const tableAt = findsAt + FIND_BYTES * finds.rows.length;
  const buffer = new ArrayBuffer(roundUp(tableAt + tableBytes));
  new BigUint64Array(buffer, 0, 1).set([allBits(predicates.length)]);
  new Uint32Array(buffer, 8, 5).set([
    depth,
    shortestOf(lengths),
    overlap,
    Math.max(FOUR_CURSORS_BYTES_MIN, FOUR_CURSORS_OVERLAP_FACTOR * overlap),
    automaton.classCount * PATTERN_ENTRY_BYTES,
  ]);
  new Uint16Array(buffer, CLASSES_AT, BYTES).set(automaton.classes.map((one) => one * PATTERN_ENTRY_BYTES));
  new Uint16Array(buffer, CLASSES_AT + 2 * BYTES, bounds.length).set(bounds);
  writeFinds(buffer, findsAt, finds.rows);
  writeRows(new Uint32Array(buffer, tableAt, tableBytes / PATTERN_ENTRY_BYTES), automaton, finds.first);
  return { bytes: new Uint8Array(buffer), tableBytes, finds: finds.rows.length, bounds: bounds.length };
}

function roundUp(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

function longestOf(lengths: readonly number[]): number {
  return lengths.reduce((longest, length) => Math.max(longest, length), 1);
}

function shortestOf(lengths: readonly number[]): number {
  return lengths.reduce((shortest, length) => Math.min(shortest, length), lengths[0] ?? 1);
}

/** Only of use when there is one word. */
function allBits(searches: number): bigint {
  return ((1n << BigInt(searches + FIRST_FOUND_BIT)) - 1n) & ((1n << BigInt(FOUND_WORD_BITS)) - 1n);
}

/** For a match that ends behind `end` bytes, the first search whose `within` it keeps to; searches ascend with it. */
function boundsOf(withins: readonly number[]): readonly number[] {
  const depth = withins.at(-1) ?? 0;
  const farthest = withins.filter((within) => within < depth).at(-1) ?? -1;
  const bounds: number[] = [];
  let first = 0;
  for (let end = 0; end <= farthest + 1; end++) {
    while ((withins[first] ?? depth) < end) first++;
    bounds.push(first + FIRST_FOUND_BIT);
  }
  return bounds;
}

interface FindRow {
  readonly bits: bigint;
  readonly word: number;
  readonly more: boolean;
}

/** Equal sets of marks share their rows; `first[i]` is the first row of set number i. */
function findsOf(found: readonly bigint[]): { rows: readonly FindRow[]; first: ReadonlyMap<bigint, number> } {
  const rows: FindRow[] = [{ bits: 0n, word: 0, more: false }];
  const first = new Map<bigint, number>([[0n, 0]]);
  for (const marks of found) {
    if (first.has(marks)) continue;
    first.set(marks, rows.length);
    const words = wordsOf(marks << BigInt(FIRST_FOUND_BIT));
    words.forEach((one, at) => {
      rows.push({ ...one, more: at < words.length - 1 });
    });
  }
  return { rows, first };
}

function wordsOf(marks: bigint): readonly { readonly bits: bigint; readonly word: number }[] {
  const words: { bits: bigint; word: number }[] = [];
  for (let word = 0, rest = marks; rest !== 0n; word++, rest >>= BigInt(FOUND_WORD_BITS)) {
    const bits = BigInt.asUintN(FOUND_WORD_BITS, rest);
    if (bits !== 0n) words.push({ bits, word });
  }
  return words;
}

function writeFinds(buffer: ArrayBuffer, at: number, rows: readonly FindRow[]): void {
  const halves = new BigUint64Array(buffer, at, 2 * rows.length);
  const words = new Uint32Array(buffer, at, 4 * rows.length);
  rows.forEach(({ bits, word, more }, index) => {
    halves[2 * index] = bits;
    words[4 * index + 2] = word;
    words[4 * index + 3] = more ? 1 : 0;
  });
}

function writeRows(table: Uint32Array, automaton: PatternSearch['automaton'], first: ReadonlyMap<bigint, number>): void {
  const { states, classCount, next, found } = automaton;
  const row = rowEntries(automaton);
  const leads = found.map((marks, state) => state * row * PATTERN_ENTRY_BYTES + (marks === 0n ? 0 : PATTERN_END));
  for (let state = 0; state < states; state++) {
    for (let symbol = 0; symbol < classCount; symbol++) {
      table[state * row + symbol] = leads[next[state * classCount + symbol] ?? 0] ?? 0;
    }
    table[state * row + classCount] = first.get(found[state] ?? 0n) ?? 0;
  }
}
