/** Results for other programs; docs/output.md describes them. */
import type { Program } from '../../compiler/2-resolve/program.ts';
import type { PacketAbout } from '../../compiler/interpret/packet-about.ts';
import type { Expectation } from '../../compiler/rule-tests/rule-test.ts';
import { jsonLine } from '../json.ts';
import { missesFor } from './explain-failure.ts';
import {
  type Answer,
  type CaptureResult,
  type CaseResult,
  decidedBy,
  type PacketResult,
  type TestResult,
} from './test-result.ts';

/** One line a case. */
export function testJson(program: Program, { test, cases }: TestResult): string {
  return cases.map((one) => jsonLine(caseJson(program, test, one))).join('');
}

function caseJson(program: Program, { name, source }: TestResult['test'], one: CaseResult): object {
  const { span, line, expect } = one.case;
  const head = {
    file: source.name,
    test: name,
    line,
    kind: one.kind,
    written: source.text.slice(span.start, span.end),
    result: one.outcome,
  };
  return { ...head, ...(one.kind === 'packet' ? packetJson(program, one, expect) : captureJson(program, one, expect)) };
}

function packetJson(program: Program, one: PacketResult, expect: Expectation): object {
  const { frame } = one.case;
  return {
    expected: { verdict: expect.verdict, rule: expect.rule },
    interpreter: answerJson(program, one.answers.interpreter),
    kernel: answerJson(program, one.answers.kernel),
    frame_hex: hexOf(frame),
    missed: one.outcome === 'failed' ? missedJson(program, frame, one.case.about, expect) : [],
  };
}

function captureJson(program: Program, one: CaptureResult, expect: Expectation): object {
  const { case: item, packets, kernel, fitting, example, problem } = one;
  return {
    expected: { verdict: expect.verdict, rule: expect.rule, packets: item.count },
    packets,
    decided_by_kernel: kernel,
    fitting,
    example: example && {
      packet: example.number,
      interpreter: answerJson(program, example.answers.interpreter),
      kernel: answerJson(program, example.answers.kernel),
      frame_hex: hexOf(example.frame),
      missed: one.outcome === 'failed' ? missedJson(program, example.frame, {}, expect) : [],
    },
    problem,
  };
}

function answerJson(program: Program, answer: Answer | null): object | null {
  if (answer === null) return null;
  const nameOf = (index: number | null) => (index === null ? null : (program.rules[index]?.name ?? null));
  return { verdict: answer.verdict, rule: nameOf(decidedBy(program, answer)), rules: answer.rules.map(nameOf) };
}

function missedJson(program: Program, frame: Uint8Array, about: PacketAbout, expect: Expectation): readonly object[] {
  return missesFor(program, frame, about, expect).map(({ rule, trace }) => ({
    rule: rule.name,
    predicate: rule.source.text.slice(trace.predicate.span.start, trace.predicate.span.end),
    inner: trace.inner,
    negated: trace.negated,
    field: trace.predicate.field,
    value: trace.value,
    absent: trace.absent,
    bytes: trace.bytes && { start: trace.bytes.start, end: trace.bytes.end },
  }));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
