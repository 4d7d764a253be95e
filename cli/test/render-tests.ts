/** The tests of a file as lines for people. */
import type { Program } from '../../compiler/2-resolve/program.ts';
import { visible } from '../../compiler/diagnostics/visible.ts';
import type { Terminal } from '../terminal.ts';
import { expectationText, explainDisagreement, explainFailure, oneLine } from './explain-failure.ts';
import type { CaptureResult, CaseResult, PacketResult, TestResult } from './test-result.ts';

const TITLES = { passed: 'ok', failed: 'FAIL', disagreed: 'DISAGREE' } as const;

export function countedPackets(count: number): string {
  return `${count} packet${count === 1 ? '' : 's'}`;
}

export function packetsOf(cases: readonly CaseResult[]): number {
  return cases.reduce((sum, one) => sum + (one.kind === 'packet' ? 1 : one.packets), 0);
}

/** How many of them the kernel decided. */
export function kernelPacketsOf(cases: readonly CaseResult[]): number {
  return cases.reduce((sum, one) => sum + (one.kind === 'packet' ? Number(one.answers.kernel !== null) : one.kernel), 0);
}

/** One line a test, and below it what is to be said of each case that went wrong. */
export function renderTest(program: Program, result: TestResult, { out }: Terminal): string {
  const { outcome, cases, test } = result;
  const style = outcome === 'passed' ? 'help' : 'error';
  const title = TITLES[outcome];
  const lines = [
    `  ${out.paint(style, title)}${' '.repeat(Math.max(2, 6 - title.length))}${visible(test.name)} (${countedPackets(packetsOf(cases))})`,
  ];
  for (const one of cases) if (one.outcome !== 'passed') lines.push(...renderCase(program, result, one, out.paint));
  return `${lines.join('\n')}\n`;
}

function renderCase(
  program: Program,
  { test }: TestResult,
  one: CaseResult,
  paint: Terminal['out']['paint'],
): readonly string[] {
  const { source } = test;
  const { span, line } = one.case;
  const written = oneLine(source.text.slice(span.start, span.end));
  const about = one.kind === 'packet' ? packetLines(program, one, paint) : captureLines(program, one, paint);
  return [`    ${paint('bold', `${visible(source.name)}:${line}: ${written}`)}`, ...about.map((text) => `      ${text}`)];
}

function packetLines(program: Program, one: PacketResult, paint: Terminal['out']['paint']): readonly string[] {
  const { frame, expect } = one.case;
  if (one.outcome === 'disagreed') return explainDisagreement(program, frame, one.answers, paint);
  if (one.answers.interpreter === null && one.answers.kernel === null) {
    return ['the kernel does not take this packet: ask the interpreter, with `--engine auto`'];
  }
  return explainFailure(program, { frame, about: one.case.about }, expect, one.answers, paint);
}

function captureLines(program: Program, one: CaptureResult, paint: Terminal['out']['paint']): readonly string[] {
  const { case: item, example, fitting, packets, problem } = one;
  const wanted = item.count === null ? 'every packet' : countedPackets(item.count);
  const lines = problem === null ? [] : [visible(problem)];
  if (packets === 0 && problem !== null) return lines;
  lines.push(`expected: ${expectationText(item.expect)}, ${wanted}`, `got:      ${fitting} of ${countedPackets(packets)}`);
  if (example === null) return lines;
  lines.push(`packet ${example.number}:`);
  const { frame, answers } = example;
  const about =
    one.outcome === 'disagreed'
      ? explainDisagreement(program, frame, answers, paint)
      : explainFailure(program, { frame, about: {} }, item.expect, answers, paint);
  return [...lines, ...about.map((text) => `  ${text}`)];
}
