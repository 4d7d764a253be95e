/**
 * Many patterns as one automaton that takes a byte at a time and never goes back: Aho and Corasick, "Efficient string matching: an
 * aid to bibliographic search", 1975, with every transition filled in. Bytes that no pattern tells apart share a class.
 */
import type { BytePattern } from '../2-resolve/program.ts';

export interface Wanted {
  readonly pattern: BytePattern;
  /** What a match means: a set of bits. */
  readonly marks: bigint;
}

export interface Automaton {
  /** Of each byte, 256 of them. */
  readonly classes: Uint16Array;
  readonly classCount: number;
  /** The search begins in state 0. */
  readonly states: number;
  /** `next[state * classCount + class]` */
  readonly next: Uint32Array;
  /** Marks of every pattern that ends where a state is entered. */
  readonly found: readonly bigint[];
}

/** null: more than `cellsMax` transitions. Letters of a pattern with `nocase` are in lower case. */
export function buildAutomaton(wanted: readonly Wanted[], cellsMax: number): Automaton | null {
  const folded = machine(
    wanted.filter(({ pattern }) => pattern.nocase),
    foldCase,
    cellsMax,
  );
  const exact = machine(
    wanted.filter(({ pattern }) => !pattern.nocase),
    (byte) => byte,
    cellsMax,
  );
  return folded === null || exact === null ? null : product(folded, exact, cellsMax);
}

const BYTES = 256;

function foldCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

/** Class 0 is every byte that no pattern has. */
function classesOf(wanted: readonly Wanted[], fold: (byte: number) => number): Uint16Array {
  const used = new Set(wanted.flatMap(({ pattern }) => pattern.bytes));
  const numbers = new Map([...used].sort((a, b) => a - b).map((byte, at) => [byte, at + 1]));
  return Uint16Array.from({ length: BYTES }, (_, byte) => numbers.get(fold(byte)) ?? 0);
}

interface Trie {
  readonly children: readonly ReadonlyMap<number, number>[];
  readonly found: bigint[];
}

function trieOf(wanted: readonly Wanted[], classes: Uint16Array, statesMax: number): Trie | null {
  const children: Map<number, number>[] = [new Map()];
  const found: bigint[] = [0n];
  for (const { pattern, marks } of wanted) {
    let state = 0;
    for (const byte of pattern.bytes) {
      const symbol = classes[byte] ?? 0;
      let child = children[state]?.get(symbol);
      if (child === undefined) {
        child = children.length;
        if (child >= statesMax) return null;
        children[state]?.set(symbol, child);
        children.push(new Map());
        found.push(0n);
      }
      state = child;
    }
    found[state] = (found[state] ?? 0n) | marks;
  }
  return { children, found };
}

/** One machine for patterns that read bytes alike. */
function machine(wanted: readonly Wanted[], fold: (byte: number) => number, cellsMax: number): Automaton | null {
  const classes = classesOf(wanted, fold);
  const classCount = Math.max(...classes) + 1;
  const trie = trieOf(wanted, classes, Math.floor(cellsMax / classCount));
  if (trie === null) return null;
  const { children, found } = trie;
  const next = new Uint32Array(children.length * classCount);
  const fallback = new Uint32Array(children.length);
  // Breadth first: what a state falls back to is shorter, so its row is complete.
  const queue = [0];
  for (const state of queue) {
    const shorter = fallback[state] ?? 0;
    const row = state * classCount;
    if (state !== 0) {
      found[state] = (found[state] ?? 0n) | (found[shorter] ?? 0n);
      next.copyWithin(row, shorter * classCount, (shorter + 1) * classCount);
    }
    for (const [symbol, child] of children[state] ?? []) {
      fallback[child] = state === 0 ? 0 : (next[row + symbol] ?? 0);
      next[row + symbol] = child;
      queue.push(child);
    }
  }
  return { classes, classCount, states: children.length, next, found };
}

/**
 * Both machines side by side as one. A state of the one is the end of what has been read, and so says most about the state of
 * the other: of the pairs that could be, few more can be reached than both have states together.
 */
function product(a: Automaton, b: Automaton, cellsMax: number): Automaton | null {
  const joint = jointClasses(a, b);
  const classCount = joint.pairs.length;
  const statesMax = Math.floor(cellsMax / classCount);
  const numbers = new Map<number, number>([[0, 0]]);
  const pairs: [number, number][] = [[0, 0]];
  const next: number[] = [];
  for (const [inA, inB] of pairs) {
    for (const [classA, classB] of joint.pairs) {
      const toA = a.next[inA * a.classCount + classA] ?? 0;
      const toB = b.next[inB * b.classCount + classB] ?? 0;
      const key = toA * b.states + toB;
      let number = numbers.get(key);
      if (number === undefined) {
        number = pairs.length;
        if (number >= statesMax) return null;
        numbers.set(key, number);
        pairs.push([toA, toB]);
      }
      next.push(number);
    }
  }
  const found = pairs.map(([inA, inB]) => (a.found[inA] ?? 0n) | (b.found[inB] ?? 0n));
  return { classes: joint.classes, classCount, states: pairs.length, next: Uint32Array.from(next), found };
}

function jointClasses(a: Automaton, b: Automaton) {
  const numbers = new Map<number, number>();
  const pairs: [number, number][] = [];
  const classes = Uint16Array.from({ length: BYTES }, (_, byte) => {
    const pair: [number, number] = [a.classes[byte] ?? 0, b.classes[byte] ?? 0];
    const key = pair[0] * (BYTES + 1) + pair[1];
    const number = numbers.get(key) ?? pairs.length;
    if (number === pairs.length) {
      numbers.set(key, number);
      pairs.push(pair);
    }
    return number;
  });
  return { classes, pairs };
}
