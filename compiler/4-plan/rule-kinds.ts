/**
 * Rules that differ in nothing but the values of their literals. A hundred thousand rules are a few dozen kinds: what does not depend on
 * the values is found out for the first rule of each.
 */
import { type OpenPredicate, rangesOf } from '../2-resolve/open-predicate.ts';
import type { Program, Rule } from '../2-resolve/program.ts';
import { rowOf } from '../2-resolve/row-rule.ts';
import type { Template } from '../2-resolve/rule-template.ts';
import { COMPARED_RANGES_MAX } from './cost.ts';

export interface RuleKind {
  /** The first one. */
  readonly rule: Rule;
  /** How many there are of it. */
  readonly count: number;
  /** null: a rule of its own. */
  readonly template: Template | null;
}

/** Rules of one kind have lists of the same lengths, all of which have 0 in them, or none, and go beyond 16 bits, or do not. */
export interface RuleKinds {
  readonly kinds: readonly RuleKind[];
  /** Place in `kinds`, a rule each. */
  readonly of: Uint32Array;
}

/** A signature is a number of one byte a predicate with literals, exact in so many. */
const SIGNED_PREDICATES_MAX = 6;
const BYTE = 256;
const WORD_MAX = 0xffff;

interface OpenKind {
  readonly rule: Rule;
  count: number;
  readonly template: Template | null;
}

export function ruleKinds(rules: readonly Rule[]): RuleKinds {
  const kinds: OpenKind[] = [];
  const of = new Uint32Array(rules.length);
  const known = new Map<Template, Map<number, number>>();
  for (let index = 0; index < rules.length; index++) {
    const rule = rules[index] as Rule;
    const place = rowOf(rule);
    const signature = place === null ? null : signatureOf(place.template, place.table.rows.values, valuesAt(place));
    if (place === null || signature === null) {
      of[index] = kinds.push({ rule, count: 1, template: null }) - 1;
      continue;
    }
    let alike = known.get(place.template);
    if (alike === undefined) {
      alike = new Map();
      known.set(place.template, alike);
    }
    const kind = alike.get(signature);
    if (kind === undefined) {
      of[index] = kinds.push({ rule, count: 1, template: place.template }) - 1;
      alike.set(signature, of[index] as number);
    } else {
      of[index] = kind;
      (kinds[kind] as OpenKind).count++;
    }
  }
  return { kinds, of };
}

/** The program with one rule of each kind. */
export function withOneOfEachKind(program: Program, { kinds }: RuleKinds): Program {
  return kinds.length === program.rules.length ? program : { ...program, rules: kinds.map(({ rule }) => rule) };
}

/** Where the values of the rule's literals begin in its table. */
export function valuesAt({ table, row }: NonNullable<ReturnType<typeof rowOf>>): number {
  return table.rows.valueAt[row] ?? 0;
}

/** null: its lists are so long that they may become tables, which equal lists share. */
function signatureOf({ open }: Template, values: Float64Array, at: number): number | null {
  if (open.length > SIGNED_PREDICATES_MAX) return null;
  let signature = 0;
  for (let index = 0; index < open.length; index++) {
    const one = open[index] as OpenPredicate;
    if (one.holes.length >= COMPARED_RANGES_MAX) return null;
    signature = BYTE * signature + byteOf(one, values, at);
  }
  return signature;
}

/** Lists are of at most `COMPARED_RANGES_MAX` ranges here. */
function byteOf(open: OpenPredicate, values: Float64Array, at: number): number {
  const [hole] = open.holes;
  if (open.way === 'is' && open.holes.length === 1 && hole !== undefined) {
    if (open.kind === 'address') return hole.kind === 'ip6' ? 1 : 16;
    return 4 + flagsOf(open, values[at + hole.value] as number, values[at + hole.value + 1] as number);
  }
  const { v4, v6, numbers } = rangesOf(open, values, at);
  if (open.kind === 'address') return 16 * v4.length + v6.length;
  return 4 * numbers.length + flagsOf(open, numbers[0]?.[0] ?? 1, numbers.at(-1)?.[1] ?? 0);
}

/** Whether 0 is among the values, and whether some of a wider field are beyond 16 bits, or may be taken to be. */
function flagsOf({ highest }: OpenPredicate, first: number, last: number): number {
  return (first === 0 ? 1 : 0) + (highest > WORD_MAX && last >= WORD_MAX ? 2 : 0);
}
