/** What a condition asks, without its places: as a number, for finding rules that may be equal, and to the letter. */
import { factsOf } from '../1-parse/row-facts.ts';
import { type OpenPredicate, rangesOf } from '../2-resolve/open-predicate.ts';
import type { Expression, Predicate, Rule } from '../2-resolve/program.ts';
import { type RuleRun, type RuleTable, rowOf } from '../2-resolve/row-rule.ts';
import type { Template, TemplateNode } from '../2-resolve/rule-template.ts';
import type { AnyRanges } from '../2-resolve/wide-ranges.ts';

/** Values that are written out; longer lists have a number in their place, so that ten rules with one list do not write it ten times. */
const WRITTEN_OUT = 64;

/** Of ranges or numbers, not of parts of a condition. */
function isLongList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > WRITTEN_OUT && (Array.isArray(value[0]) || typeof value[0] !== 'object');
}

/** A function that gives a condition without its places. */
export function createMeaning(): (rule: Rule) => string {
  const numbers = new Map<unknown, number>();
  const contents = new Map<string, number>();
  const numberOf = (list: readonly unknown[]): number => {
    const content = numbers.has(list) ? '' : list.join();
    const number = numbers.get(list) ?? contents.get(content) ?? contents.size;
    numbers.set(list, number);
    if (content !== '') contents.set(content, number);
    return number;
  };
  return (rule) =>
    JSON.stringify(rule.condition, (key, value: unknown) => {
      if (key === 'span') return undefined;
      if (isLongList(value)) return `list ${numberOf(value)}`;
      return typeof value === 'bigint' ? `${value}` : value;
    });
}

function textOf(predicate: Predicate): string {
  return JSON.stringify(predicate, (key, value: unknown) => {
    if (key === 'span') return undefined;
    return typeof value === 'bigint' ? `${value}` : value;
  });
}

/** Whether both are rows of one shape, with the same literals. */
export function areTwins(one: Rule, other: Rule): boolean {
  const [a, b] = [rowOf(one), rowOf(other)];
  if (a === null || b === null || a.template !== b.template) return false;
  const [from, to] = [a.table.rows, b.table.rows];
  const [at, there] = [from.valueAt[a.row] ?? 0, to.valueAt[b.row] ?? 0];
  for (let index = 0; index < a.template.shape.values; index += 1) {
    if (from.values[at + index] !== to.values[there + index]) return false;
  }
  return true;
}

function mixed(hash: number, value: number): number {
  const mixing = Math.imul(hash ^ value, 0x9e3779b1);
  return mixing ^ (mixing >>> 15);
}

/** Of an integer below 2^53. */
function mixedNumber(hash: number, value: number): number {
  return mixed(mixed(hash, value | 0), Math.floor(value / 2 ** 32));
}

function mixedText(hash: number, text: string): number {
  let result = hash;
  for (let index = 0; index < text.length; index += 1) result = mixed(result, text.charCodeAt(index));
  return result;
}

function mixedRanges(hash: number, ranges: AnyRanges): number {
  let result = mixed(hash, ranges.length);
  if (ranges.words !== undefined) return mixedWords(result, ranges.words);
  for (const [first, last] of ranges) result = mixedValue(mixedValue(result, first), last);
  return result;
}

function mixedValue(hash: number, value: number | bigint): number {
  if (typeof value === 'number') return mixedNumber(hash, value);
  let result = hash;
  for (let rest = value, word = 0; word < 4; word += 1, rest >>= 32n) result = mixed(result, Number(BigInt.asIntN(32, rest)));
  return result;
}

/** What {@link mixedValue} makes of addresses of four words, the highest first. */
function mixedWords(hash: number, words: Uint32Array): number {
  let result = hash;
  for (let at = 0; at < words.length; at += 4) {
    for (let word = at + 3; word >= at; word -= 1) result = mixed(result, (words[word] ?? 0) | 0);
  }
  return result;
}

/** What {@link mixedValue} makes of the first and the last address of a prefix: four words, the highest first, and a length. */
function mixedPrefix(hash: number, values: Float64Array, at: number): number {
  const length = values[at + 4] ?? 0;
  let result = hash;
  for (let word = 3; word >= 0; word -= 1) result = mixed(result, (values[at + word] ?? 0) | 0);
  for (let word = 3; word >= 0; word -= 1) {
    const host = Math.min(32, Math.max(0, 32 * (word + 1) - length));
    result = mixed(result, (values[at + word] ?? 0) | (host === 32 ? -1 : (1 << host) - 1));
  }
  return result;
}

const KINDS = { and: 11, or: 12, not: 13, inner: 14, leaf: 15 } as const;

/** The number of a rule of a template, by its values and where they begin. */
type OfValues = (values: Float64Array, at: number) => number;

/** Numbers of what many rules share. */
interface Shared {
  readonly ofText: (text: string) => number;
  readonly ofRanges: (hash: number, ranges: AnyRanges) => number;
}

const TEXTS_MAX = 4096;

function createShared(): Shared {
  const texts = new Map<string, number>();
  /** Long lists, a file of addresses say. */
  const lists = new Map<AnyRanges, number>();
  return {
    ofText: (text) => {
      const known = texts.get(text) ?? mixedText(KINDS.leaf, text);
      if (texts.size < TEXTS_MAX) texts.set(text, known);
      return known;
    },
    ofRanges: (hash, ranges) => {
      if (ranges.length <= WRITTEN_OUT) return mixedRanges(hash, ranges);
      const known = lists.get(ranges) ?? mixedRanges(0, ranges);
      lists.set(ranges, known);
      return mixed(hash, known);
    },
  };
}

function numberOf(shared: Shared, expression: Expression): number {
  const { ofText, ofRanges } = shared;
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.of.reduce((hash: number, part) => mixed(hash, numberOf(shared, part)), KINDS[expression.kind]);
    case 'not':
    case 'inner':
      return mixed(KINDS[expression.kind], numberOf(shared, expression.of));
    case 'in':
      return ofRanges(ofText(expression.field), expression.ranges);
    case 'address':
      return ofRanges(ofRanges(ofText(expression.field), expression.v4), expression.v6);
    default:
      return ofText(textOf(expression));
  }
}

/** What {@link numberOf} says of the conditions that come of a template. */
function ofNode(shared: Shared, node: TemplateNode): OfValues {
  if (node.kind === 'open') return ofOpen(shared, node.open);
  if (node.kind === 'fixed') {
    const known = numberOf(shared, node.predicate);
    return () => known;
  }
  if (node.kind === 'not') {
    const inner = ofNode(shared, node.of);
    return (values, at) => mixed(KINDS.not, inner(values, at));
  }
  const start = KINDS[node.kind];
  const parts = node.of.map((part) => ofNode(shared, part));
  return (values, at) => {
    let hash: number = start;
    for (let index = 0; index < parts.length; index += 1) hash = mixed(hash, parts[index]?.(values, at) ?? 0);
    return hash;
  };
}

function ofOpen({ ofText, ofRanges }: Shared, open: OpenPredicate): OfValues {
  const start = ofText(open.field);
  const [hole] = open.holes;
  const single = open.way === 'is' && open.holes.length === 1;
  if (single && hole?.kind === 'ip6') {
    const before = mixed(mixed(start, 0), 1);
    return (values, at) => mixedPrefix(before, values, at + hole.value);
  }
  if (single && hole !== undefined) {
    const { value } = hole;
    const one: OfValues = (values, at) =>
      mixedNumber(mixedNumber(mixed(start, 1), values[at + value] ?? 0), values[at + value + 1] ?? 0);
    return open.kind === 'in' ? one : (values, at) => mixed(one(values, at), 0);
  }
  return (values, at) => {
    const { v4, v6, numbers } = rangesOf(open, values, at);
    return open.kind === 'in' ? ofRanges(start, numbers) : ofRanges(ofRanges(start, v4), v6);
  };
}

/** Of each rule a number, equal for equal conditions, and most often different for others. */
export function numbersOf(rules: readonly Rule[], runs: readonly RuleRun[]): Int32Array {
  const shared = createShared();
  const numbers = new Int32Array(rules.length);
  const known = new Map<RuleTable, Int32Array>();
  for (const { first, end, table, row } of runs) {
    if (table === null) {
      numbers[first] = notZero(numberOf(shared, (rules[first] as Rule).condition));
      continue;
    }
    const words = known.get(table) ?? wordsOf(table, shared);
    known.set(table, words);
    numbers.set(words.subarray(row, row + end - first), first);
  }
  return numbers;
}

function wordsOf({ rows, templates }: RuleTable, shared: Shared): Int32Array {
  return factsOf<Template>(rows, 'meaning', templates, ({ condition }) => {
    const find = ofNode(shared, condition);
    return (values, at) => notZero(find(values, at));
  }).words;
}

function notZero(number: number): number {
  return number | 0 || 1;
}
