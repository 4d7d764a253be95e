/** Lists of option kinds and extension header types: each has a bit, and the walk over a packet says which lists its kinds are in. */
import type { Predicate, Program } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { rulePredicates } from './long-lists.ts';

/** Bits of `pktc_kind_bits` in `templates/include/pktc/kinds.h`. */
export const KIND_LISTS_MAX = 64;

/** Every list once, in the order of the rules: the index is the bit. Fields share them, each has a set of its own. */
export function kindLists(program: Program): readonly (readonly number[])[] {
  const different = new Map<string, readonly number[]>();
  for (const { kinds } of kindPredicates(program)) different.set(kinds.join(), kinds);
  return [...different.values()];
}

/** Bit of the list of a predicate. */
export function kindListBit(lists: readonly (readonly number[])[], kinds: readonly number[]): bigint {
  const text = kinds.join();
  return 1n << BigInt(lists.findIndex((list) => list.join() === text));
}

/** PKT4025 when there are more of them than bits. */
export function kindListProblem(program: Program): Diagnostic | null {
  const lists = kindLists(program);
  const excess = lists[KIND_LISTS_MAX]?.join();
  if (excess === undefined) return null;
  for (const rule of program.rules) {
    const guilty = rulePredicates(rule)
      .filter(isKinds)
      .find(({ kinds }) => kinds.join() === excess);
    if (guilty === undefined) continue;
    const place = { source: rule.source, span: guilty.span, text: `number ${KIND_LISTS_MAX + 1}` };
    const help = 'write rules with the same actions as one rule with a list: `tcp.option { md5, ao }`';
    return diagnostic('PKT4025', { lists: lists.length, limit: KIND_LISTS_MAX }, place, { help });
  }
  return null;
}

type KindsPredicate = Extract<Predicate, { kind: 'kinds' }>;

function isKinds(predicate: Predicate): predicate is KindsPredicate {
  return predicate.kind === 'kinds';
}

function kindPredicates(program: Program): readonly KindsPredicate[] {
  return program.rules.flatMap((rule) => rulePredicates(rule).filter(isKinds));
}
