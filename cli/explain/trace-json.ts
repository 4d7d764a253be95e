/** A trace for other programs; docs/output.md describes it. */
import type { Program } from '../../compiler/2-resolve/program.ts';
import type { PredicateTrace, RuleTrace, Trace } from '../../compiler/interpret/trace.ts';
import { jsonLine } from '../json.ts';
import type { ChosenRules } from './choose-rules.ts';
import type { ExplainedPacket } from './read-packet.ts';

export function traceJson(program: Program, packet: ExplainedPacket, trace: Trace, chosen: ChosenRules): string {
  const { frame, number, original_len } = packet;
  const { rules, left_out, not_reached } = chosen;
  return jsonLine({
    packet: number,
    len: frame.length,
    original_len,
    frame_hex: hexOf(frame),
    hook: program.hook,
    verdict: trace.verdict,
    rule: trace.decided?.name ?? null,
    rules: rules.map((one) => ruleJson(one, trace, frame)),
    left_out,
    not_reached,
  });
}

function ruleJson({ rule, matched, predicates }: RuleTrace, { decided }: Trace, frame: Uint8Array): object {
  return {
    rule: rule.name,
    file: rule.source.name,
    line: rule.line,
    verdict: rule.actions.verdict,
    matched,
    reached: decided === null || rule.index <= decided.index,
    predicates: predicates.map((one) => predicateJson(rule.source.text, one, frame)),
  };
}

function predicateJson(source: string, one: PredicateTrace, frame: Uint8Array): object {
  const { predicate, inner, negated, holds, satisfied, value, absent, bytes } = one;
  return {
    predicate: source.slice(predicate.span.start, predicate.span.end),
    field: predicate.field,
    inner,
    negated,
    holds,
    satisfied,
    value,
    absent,
    bytes: bytes && { start: bytes.start, end: bytes.end, hex: hexOf(frame.subarray(bytes.start, bytes.end)) },
  };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
