import type { LiteralScalar, RuleStatement } from '../../grammar/ast.ts';
import type { Crowd } from './crowd.ts';

/**
 * A hash of 64 bits in two lanes, for texts that nobody forges: two multiplicative hashes of 32 bits, mixed in the end (after bryc's
 * cyrb53, public domain). A cryptographic one costs ten times as much, and ends in the same 16 digits.
 */
interface Hash {
  a: number;
  b: number;
}

function begin(hash: Hash, { a, b }: Readonly<Hash>): void {
  hash.a = a;
  hash.b = b;
}

const SEED: Readonly<Hash> = { a: 0xdeadbeef, b: 0x41c6ce57 };

function feed(hash: Hash, text: string, from = 0, to = text.length): void {
  let { a, b } = hash;
  for (let index = from; index < to; index += 1) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  hash.a = a;
  hash.b = b;
}

/** Behind a NUL, so that it does not grow together with the one before. */
function feedLiteral(hash: Hash, text: string): void {
  feed(hash, '\0');
  feed(hash, text);
}

/** Every bit of what was fed reaches every digit. */
function finish(hash: Hash): void {
  let { a, b } = hash;
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  hash.a = a;
  hash.b = b;
}

export function identityText(a: number, b: number): string {
  return (b >>> 0).toString(16).padStart(8, '0') + (a >>> 0).toString(16).padStart(8, '0');
}

/** What {@link identityText} says of each pair of words, one behind the other: 16 digits each. */
export function identityTexts(pairs: Int32Array): string {
  const bytes = Buffer.alloc(4 * pairs.length);
  for (let at = 0; at < pairs.length; at += 2) {
    bytes.writeInt32BE(pairs[at + 1] ?? 0, 4 * at);
    bytes.writeInt32BE(pairs[at] ?? 0, 4 * at + 4);
  }
  return bytes.toString('hex');
}

export const IDENTITY_DIGITS = 16;

/** What a rule says, without places, white space and comments: its words as JSON, and its literals in their order. */
export interface Saying {
  readonly words: string;
  readonly literals: readonly string[];
}

export function sayingOf({ condition, actions }: Pick<RuleStatement, 'condition' | 'actions'>): Saying {
  const literals: string[] = [];
  const words = JSON.stringify([condition, actions], (key, value: unknown) => {
    if (key === 'span') return undefined;
    if (!isLiteral(value)) return value;
    literals.push(value.text);
    if (value.to !== null) literals.push(value.to.text);
    return value.to === null ? 1 : 2;
  });
  return { words, literals };
}

function isLiteral(value: unknown): value is LiteralScalar {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'literal';
}

/** Gives each rule its identity, in file order. The last one given is in `a` and `b`. */
export interface Identities {
  /** Of a rule with this label. */
  readonly ofLabel: (text: string, from: number, to: number) => void;
  /** Of a rule of which {@link hashOfRule} or {@link hashOfPieces} has been taken. */
  readonly ofHash: (a: number, b: number) => void;
  readonly last: Readonly<Hash>;
}

/** The hash of what a rule says. */
export function hashOfRule(rule: RuleStatement): Readonly<Hash> {
  const { words, literals } = sayingOf(rule);
  const hash = { ...SEED };
  feed(hash, words);
  for (const text of literals) feedLiteral(hash, text);
  return hash;
}

/** A word of a hash, for {@link Crowd}. */
export function crowdWord(a: number, b: number): number {
  return a ^ (b >>> 9);
}

/** The state behind a rule's words, from which {@link hashOfPieces} goes on. */
export function hashOfWords(words: string): Readonly<Hash> {
  const hash = { ...SEED };
  feed(hash, words);
  return hash;
}

/**
 * The hash of what a rule says, whose words are hashed already: the places of its literals, start and end each, and more literals
 * behind them. Into two elements of `into`.
 */
export function hashOfPieces(
  { a: wordsA, b: wordsB }: Readonly<Hash>,
  text: string,
  places: ArrayLike<number>,
  count: number,
  more: readonly string[],
  into: Int32Array,
  at: number,
): void {
  let a = wordsA;
  let b = wordsB;
  for (let place = 0; place < count; place += 2) {
    a = Math.imul(a, 2654435761);
    b = Math.imul(b, 1597334677);
    const to = places[place + 1] ?? 0;
    for (let index = places[place] ?? 0; index < to; index += 1) {
      const code = text.charCodeAt(index);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
  }
  const hash: Hash = { a, b };
  for (const literal of more) feedLiteral(hash, literal);
  into[at] = hash.a;
  into[at + 1] = hash.b;
}

/**
 * An identity comes from the rule's label; or from what it says, and how many rules before it say the same. It survives a move and a
 * reformatting, so that counters can be carried over a reload.
 * @param crowd has the hashes of all rules without a label, by {@link crowdWord}; null: nobody knows them
 */
export function createIdentities(expected: number, crowd: Crowd | null): Identities {
  const seen = createCounts(crowd === null ? expected : 0);
  const hash: Hash = { ...SEED };
  const end = (): void => {
    const occurrence = crowd?.has(crowdWord(hash.a, hash.b)) === false ? 0 : seen(hash.a, hash.b);
    if (occurrence > 0) feed(hash, ` ${occurrence}`);
    finish(hash);
  };
  const ofLabel = (text: string, from: number, to: number): void => {
    begin(hash, SEED);
    feed(hash, 'label ');
    feed(hash, text, from, to);
    finish(hash);
  };
  return {
    last: hash,
    ofHash: (a, b) => {
      hash.a = a;
      hash.b = b;
      end();
    },
    ofLabel,
  };
}

/** How often a pair was asked for before: an open-addressing table, half full at most. */
function createCounts(expected: number): (a: number, b: number) => number {
  let table = new Int32Array(3 * 2 ** Math.ceil(Math.log2(2 * expected + 16)));
  let used = 0;
  const slotOf = (a: number, b: number): number => {
    const mask = table.length / 3 - 1;
    let slot = (a ^ (b >>> 7)) & mask;
    while (table[3 * slot + 2] !== 0 && (table[3 * slot] !== a || table[3 * slot + 1] !== b)) slot = (slot + 1) & mask;
    return 3 * slot;
  };
  const grow = (): void => {
    const old = table;
    table = new Int32Array(2 * old.length);
    for (let at = 0; at < old.length; at += 3) {
      if (old[at + 2] !== 0) table.set(old.subarray(at, at + 3), slotOf(old[at] ?? 0, old[at + 1] ?? 0));
    }
  };
  return (a, b) => {
    const at = slotOf(a | 0, b | 0);
    const count = table[at + 2] ?? 0;
    table[at] = a;
    table[at + 1] = b;
    table[at + 2] = count + 1;
    if (count === 0) used += 1;
    if (6 * used > table.length) grow();
    return count;
  };
}
