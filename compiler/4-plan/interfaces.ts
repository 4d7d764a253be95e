/** Names and patterns of interfaces that the rules ask for: each has a bit, and the loader says which interfaces have it. */
import { iface } from '../../grammar/fields/iface.ts';
import type { Predicate, Program } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { rulePredicates } from './long-lists.ts';

/** Bits of `pktc_interfaces` in `templates/include/pktc/interface.h`. */
export const INTERFACE_PATTERNS_MAX = 64;

/** Every name and pattern once, in the order of the rules: the index is the bit. `iface any` asks whether the loader knows it at all. */
export function interfacePatterns(program: Program): readonly string[] {
  const asked = new Set<string>();
  for (const rule of program.rules) {
    for (const one of rulePredicates(rule)) {
      if (one.kind === 'interface') for (const name of one.names) asked.add(name);
      else if (one.field === IFACE) asked.add('*');
    }
  }
  return [...asked];
}

/** PKT4010 when there are more of them than bits. */
export function interfaceProblem(program: Program): Diagnostic | null {
  const patterns = interfacePatterns(program);
  const excess = patterns[INTERFACE_PATTERNS_MAX];
  if (excess === undefined) return null;
  for (const rule of program.rules) {
    const guilty = rulePredicates(rule)
      .filter(isInterface)
      .find(({ names }) => names.includes(excess));
    if (guilty === undefined) continue;
    return diagnostic(
      'PKT4010',
      { patterns: patterns.length, limit: INTERFACE_PATTERNS_MAX },
      { source: rule.source, span: guilty.span, text: `number ${INTERFACE_PATTERNS_MAX + 1}` },
      { help: 'write one pattern for interfaces that are alike: `"veth*"`' },
    );
  }
  return null;
}

/** Every interface that a rule redirects to, once. */
export function redirectsOf(program: Program): readonly string[] {
  return [...new Set(program.rules.flatMap(({ actions }) => (actions.redirect === null ? [] : [actions.redirect])))];
}

const IFACE = iface.name;

type InterfacePredicate = Extract<Predicate, { kind: 'interface' }>;

function isInterface(predicate: Predicate): predicate is InterfacePredicate {
  return predicate.kind === 'interface';
}
