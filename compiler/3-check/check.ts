import type { Program } from '../2-resolve/program.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type Alike, alikeOf } from './alike.ts';
import { contradiction } from './contradiction.ts';
import { dropsArp } from './drops-arp.ts';
import { dropsSynAck } from './drops-syn-ack.ts';
import { duplicateRule } from './duplicate-rule.ts';
import { fragmentsPass } from './fragments-pass.ts';
import { hiddenField } from './hidden-field.ts';
import { otherFamily } from './other-family.ts';
import { searchBound } from './search-bound.ts';
import { searchesTls } from './searches-tls.ts';
import { unreachable } from './unreachable.ts';

/** One check, one code: what a program says that cannot be meant. */
type Check = (program: Program, alike: Alike) => readonly Diagnostic[];

const CHECKS: readonly Check[] = [
  contradiction,
  hiddenField,
  dropsSynAck,
  fragmentsPass,
  dropsArp,
  unreachable,
  duplicateRule,
  otherFamily,
  searchesTls,
  searchBound,
];

/** The third phase: looks at a program and owns nothing. Diagnostics come in the order of their places. */
export function check(whole: Program): readonly Diagnostic[] {
  const program = withoutDeciders(whole);
  const alike = alikeOf(program);
  const found = CHECKS.flatMap((one) => one(program, alike));
  return found.sort((a, b) => (a.primary?.span.start ?? 0) - (b.primary?.span.start ?? 0));
}

/** Rules behind all others that nobody wrote hold for no packet by themselves: that is no mistake. */
function withoutDeciders(program: Program): Program {
  const deciders = (program.dynamicSets ?? []).flatMap(({ deciders: { blocked, drop, pass } }) => [blocked, drop, pass]);
  const first = Math.min(program.rules.length, ...deciders.filter((index) => index !== null));
  return first === program.rules.length ? program : { ...program, rules: program.rules.slice(0, first) };
}
