/** Everything that the rules of a program look for in payloads, as one search. */
import type { BytePattern, Predicate, Program } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { rulePredicates } from './long-lists.ts';
import { type Automaton, buildAutomaton } from './pattern-automaton.ts';

/** Different searches of one program: each is a bit that is kept for the packet. */
export const SEARCHES_MAX = 1024;

/** The automaton's table in bytes, before it is filled up to a power of two: 1,000 patterns of 15 bytes need 4 MiB. */
export const PATTERN_TABLE_BYTES_MAX = 16 << 20;

export const PATTERN_ENTRY_BYTES = 4;

/** What has been found in a payload is kept in words of 64 bits. */
export const FOUND_WORD_BITS = 64;

/** The bit of the first search: bit 0 says that the payload has been searched. */
export const FIRST_FOUND_BIT = 1;

export type ContainsPredicate = Extract<Predicate, { kind: 'contains' }>;

export interface PatternSearch {
  /** By `searchKey`, from 0 on, and ascending with `within`. */
  readonly searches: ReadonlyMap<string, ContainsPredicate>;
  /** Marks are bits of searches, the first is 1. */
  readonly automaton: Automaton;
}

export interface PlannedPatterns {
  /** null: no rule searches, or there is a problem. */
  readonly search: PatternSearch | null;
  readonly problem: Diagnostic | null;
}

/** Two predicates with the same key are true for the same payloads. */
export function searchKey({ patterns, within }: ContainsPredicate): string {
  const texts = patterns.map(({ bytes, nocase }) => `${nocase ? 'i' : ''}${bytes.join('.')}`);
  return `${within} ${[...new Set(texts)].sort().join(' ')}`;
}

export function planPatterns(program: Program): PlannedPatterns {
  const asked = program.rules.flatMap(rulePredicates).filter((one) => one.kind === 'contains');
  if (asked.length === 0) return { search: null, problem: null };
  asked.sort((a, b) => a.within - b.within);
  const searches = new Map(asked.map((predicate) => [searchKey(predicate), predicate]));
  if (searches.size > SEARCHES_MAX) {
    const help = 'write rules with the same actions as one rule with a list: `payload contains { "a", "b" }`';
    return { search: null, problem: diagnostic('PKT4020', { searches: searches.size, limit: SEARCHES_MAX }, null, { help }) };
  }
  const automaton = buildAutomaton(wantedBy([...searches.values()]), PATTERN_TABLE_BYTES_MAX / PATTERN_ENTRY_BYTES);
  if (automaton !== null && tableBytes(automaton) <= PATTERN_TABLE_BYTES_MAX) {
    return { search: { searches, automaton }, problem: null };
  }
  const help = 'search for a shorter piece that is as rare, write the same `nocase` for all patterns, or split the file';
  const limits = { patterns: patternCount(searches), mebibytes: PATTERN_TABLE_BYTES_MAX >> 20 };
  return { search: null, problem: diagnostic('PKT4021', limits, null, { help }) };
}

/** Words for what has been found in a payload; 0: no rule searches. */
export function foundWords(search: PatternSearch | null): number {
  return search === null ? 0 : Math.ceil((search.searches.size + FIRST_FOUND_BIT) / FOUND_WORD_BITS);
}

/** What a search costs the verifier, and each word of what it finds: instructions, an estimate from above. */
const SEARCH_INSTRUCTIONS = 4000;
const FOUND_WORD_INSTRUCTIONS = 2500;

/** Instructions of the search. They depend neither on the patterns nor on how far it looks. */
export function searchCost(search: PatternSearch | null): number {
  return search === null ? 0 : SEARCH_INSTRUCTIONS + FOUND_WORD_INSTRUCTIONS * foundWords(search);
}

/** Each row has one more entry: what has been found in that state. */
export function rowEntries({ classCount }: Automaton): number {
  return classCount + 1;
}

export function tableBytes(automaton: Automaton): number {
  return automaton.states * rowEntries(automaton) * PATTERN_ENTRY_BYTES;
}

function wantedBy(searches: readonly ContainsPredicate[]) {
  return searches.flatMap(({ patterns }, at) => patterns.map((pattern) => ({ pattern, marks: 1n << BigInt(at) })));
}

function patternCount(searches: ReadonlyMap<string, ContainsPredicate>): number {
  const texts = ({ bytes, nocase }: BytePattern) => `${nocase}${bytes.join()}`;
  return new Set([...searches.values()].flatMap(({ patterns }) => patterns.map(texts))).size;
}
