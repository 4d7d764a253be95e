/** Makes a trace, with the same reading of packets as the interpreter. */
import type { Expression, Predicate, Program, Rule } from '../2-resolve/program.ts';
import { whyAbsent } from './absence.ts';
import { accepts, findPattern } from './accepts.ts';
import type { Extent } from './dissection.ts';
import { carriedBy, fieldOf, fieldValue, holds, openPacket, type Packet } from './packet.ts';
import type { PacketAbout } from './packet-about.ts';
import { findField, surroundingsAt } from './read-field.ts';
import type { PredicateTrace, RuleTrace, Trace } from './trace.ts';
import { valueText } from './value-text.ts';

/** Never throws, whatever the bytes. The frame begins with the Ethernet header, as for the interpreter. */
export function traceProgram(program: Program, frame: Uint8Array, about: PacketAbout = {}): Trace {
  const packet = openPacket(frame, surroundingsAt(program.hook, about), new Map());
  const rules = program.rules.map((rule) => traceRule(rule, packet));
  const decided = rules.find(({ rule, matched }) => matched && rule.actions.verdict !== null)?.rule ?? null;
  return { verdict: decided?.actions.verdict ?? program.defaultVerdict, decided, rules };
}

function traceRule(rule: Rule, packet: Packet): RuleTrace {
  const scope: Scope = { packet, inner: false, negated: false, tunnelWanted: true };
  return { rule, matched: holds(rule.condition, packet), predicates: traceExpression(rule.condition, scope) };
}

interface Scope {
  /** null: the packet in a tunnel, and there is none. */
  readonly packet: Packet | null;
  readonly inner: boolean;
  readonly negated: boolean;
  /** Under `inner( … )`: whether the condition wants there to be a packet in it. */
  readonly tunnelWanted: boolean;
}

function traceExpression(expression: Expression, scope: Scope): readonly PredicateTrace[] {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.of.flatMap((part) => traceExpression(part, scope));
    case 'not':
      return traceExpression(expression.of, { ...scope, negated: !scope.negated });
    case 'inner':
      return traceExpression(expression.of, {
        ...scope,
        inner: true,
        packet: scope.packet && carriedBy(scope.packet),
        tunnelWanted: !scope.negated,
      });
    default:
      return [tracePredicate(expression, scope)];
  }
}

function tracePredicate(predicate: Predicate, scope: Scope): PredicateTrace {
  const { packet, inner, negated } = scope;
  const about = { predicate, inner, negated };
  if (packet === null) {
    const absent = 'the packet carries no packet in a tunnel';
    return { ...about, holds: false, satisfied: !scope.tunnelWanted, value: null, bytes: null, absent };
  }
  const { dissection, surroundings } = packet;
  const field = fieldOf(packet, predicate.field);
  const value = fieldValue(packet, predicate.field);
  if (field === undefined || value === null) {
    const absent = field === undefined ? 'there is no such field' : whyAbsent(dissection, field, surroundings);
    return { ...about, holds: false, satisfied: negated, value: null, bytes: null, absent };
  }
  const flaw = predicate.field === 'malformed' ? dissection.flaws[0] : undefined;
  const text = valueText(value, field, dissection);
  const accepted = accepts(predicate, value);
  return {
    ...about,
    holds: accepted,
    satisfied: accepted !== negated,
    value: flaw === undefined ? text : `${text}: ${flaw.reason}`,
    bytes: flaw === undefined ? bytesOf(predicate, packet) : { start: flaw.start, end: flaw.end },
    absent: null,
  };
}

/** Of a payload, those that were found, or all that were searched. */
function bytesOf(predicate: Predicate, packet: Packet): Extent | null {
  const field = fieldOf(packet, predicate.field);
  const whole = field === undefined ? null : findField(packet.dissection, field);
  if (whole === null) {
    return null;
  }
  const { start, end } = whole;
  if (predicate.kind !== 'contains') {
    return { start, end };
  }
  const found = findPattern(predicate, packet.dissection.bytes.subarray(start, end));
  return found === null
    ? { start, end: Math.min(end, start + predicate.within) }
    : { start: start + found.start, end: start + found.end };
}
