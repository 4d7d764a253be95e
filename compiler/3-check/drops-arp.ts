import type { Span } from '../../grammar/source.ts';
import type { Predicate, Program, Rule } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic, Fix } from '../diagnostics/diagnostic.ts';
import { type Alike, inEvery } from './alike.ts';
import { ARP, implied } from './implied.ts';
import { leavesOf } from './leaves.ts';
import { satisfy } from './satisfy.ts';
import { stops } from './stops.ts';

/** PKT3005: `not dport 22 -> drop` holds for every packet without ports, ARP included. */
export function dropsArp(program: Program, alike: Alike): readonly Diagnostic[] {
  const { hook } = program;
  const decided = alike.some.find(
    (rule) => rule.actions.verdict !== null && !satisfy([ARP, { kind: 'not', of: rule.condition }], hook).possible,
  );
  return inEvery(alike, (rule) => {
    const verb = stops(rule.actions.verdict);
    if (verb === null || (decided && decided.index < rule.index)) return [];
    const absent = negatedField(rule);
    if (!absent || !satisfy([rule.condition, ARP], hook).possible) return [];
    const fix = unequal(rule.source.text, absent);
    return [
      diagnostic(
        'PKT3005',
        { field: nameOf(absent), verb },
        { source: rule.source, span: absent.span, text: 'false where the field is absent, and `not` makes it true' },
        {
          help: fix ? null : 'say what the rule is about (`ip`, `tcp` …), or let ARP and neighbour discovery pass before it',
          fixes: fix ? [fix] : [],
        },
      ),
    ];
  });
}

/** Text is compared in pieces, which nobody wrote. */
function nameOf({ field }: Predicate): string {
  return field.startsWith('payload[') ? 'payload' : field;
}

/** A negated field that ARP does not have, unless the rule speaks of ARP itself. */
function negatedField(rule: Rule): Predicate | null {
  const leaves = [...leavesOf(rule.condition)];
  const speaks = leaves.some(
    ({ predicate }) =>
      predicate.kind === 'in' &&
      predicate.field === 'ethertype' &&
      predicate.ranges.some(([a, b]) => a <= 0x0806 && 0x0806 <= b),
  );
  if (speaks) return null;
  return leaves.find(({ predicate, negated }) => negated && implied(predicate.field) !== null)?.predicate ?? null;
}

/** `not dport 22` as `dport != 22`, where that is all it says. */
function unequal(text: string, { field, span, kind }: Predicate): Fix | null {
  const not = /\bnot\s+$/.exec(text.slice(Math.max(0, span.start - 40), span.start));
  const written = /^([\w.]+)\s+(?:(?:=|in\b)\s*)?((?!(?:contains|starts|ends|within|nocase)\b)[^\s=!<>&].*)$/s.exec(
    text.slice(span.start, span.end),
  );
  if (!not || !written || field === 'flags' || !UNEQUAL.includes(kind) || written[2] === 'any') return null;
  const whole: Span = { start: span.start - not[0].length, end: span.end };
  const instead = `${written[1]} != ${written[2]}`;
  return { title: `write \`${instead}\` for packets that have the field`, edits: [{ span: whole, text: instead }] };
}

/** What `!=` may be written with. */
const UNEQUAL: readonly Predicate['kind'][] = ['in', 'address', 'some', 'kinds'];
