import type { Predicate, Program } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type Alike, inEvery } from './alike.ts';
import { IPV4, IPV6 } from './implied.ts';
import { conjuncts, leavesOf } from './leaves.ts';
import { satisfy } from './satisfy.ts';

type Family = 'IPv4' | 'IPv6';

/** The family that `!=` does not speak of, and so matches whole. */
function unmentioned(predicate: Predicate, text: string): Family | null {
  if (predicate.kind !== 'address' || !text.includes('!=')) return null;
  const { v4, v6 } = predicate;
  const whole4 = v4.length === 1 && v4[0]?.[0] === 0 && v4[0][1] === 2 ** 32 - 1;
  const whole6 = v6.length === 1 && v6[0]?.[0] === 0n && v6[0][1] === 2n ** 128n - 1n;
  return whole4 === whole6 ? null : whole4 ? 'IPv4' : 'IPv6';
}

/** PKT3008: `src != 10.0.0.0/8` with a verdict, which also decides about all of IPv6. */
export function otherFamily(program: Program, alike: Alike): readonly Diagnostic[] {
  const { hook } = program;
  return inEvery(alike, (rule) => {
    const { source } = rule;
    if (rule.actions.verdict === null) return [];
    for (const { predicate, negated } of leavesOf(rule.condition)) {
      const { span } = predicate;
      const text = source.text.slice(span.start, span.end);
      const other = negated ? null : unmentioned(predicate, text);
      if (other === null || !satisfy([rule.condition, other === 'IPv4' ? IPV4 : IPV6], hook).possible) continue;
      const word = other === 'IPv4' ? 'ip6' : 'ip';
      const mine = other === 'IPv4' ? 'IPv6' : 'IPv4';
      const plain = conjuncts(rule.condition).includes(predicate);
      const at = { start: span.start, end: span.start };
      return [
        diagnostic(
          'PKT3008',
          { other },
          { source, span, text: `none of these is an ${other} address` },
          {
            help: plain ? null : `write \`${word}\` beside it for ${mine} alone`,
            fixes: plain
              ? [{ title: `write \`${word} ${text.slice(0, 60)}\` for ${mine} alone`, edits: [{ span: at, text: `${word} ` }] }]
              : [],
          },
        ),
      ];
    }
    return [];
  });
}
