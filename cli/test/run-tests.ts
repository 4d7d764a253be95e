/** Tests through the engines, case by case. */
import type { Program } from '../../compiler/2-resolve/program.ts';
import type { PacketAbout } from '../../compiler/interpret/packet-about.ts';
import type { CaptureCase, PacketCase, RuleTest, TestCase } from '../../compiler/rule-tests/rule-test.ts';
import type { CaptureFile } from '../../runtime/capture/capture-file.ts';
import type { EngineName } from '../replay/engine.ts';
import {
  type Answer,
  type Answers,
  agree,
  type CaptureResult,
  type CaseResult,
  isExpected,
  type Outcome,
  type PacketResult,
  type TestResult,
  worstOf,
} from './test-result.ts';

/** Null: this engine does not take such a packet. */
export type Ask = (frame: Uint8Array, about: PacketAbout) => Answer | null;

/** Those that are to be asked; at least one. */
export type Engines = Readonly<Partial<Record<EngineName, Ask>>>;

/** A capture that a test names; text: why it cannot be read. */
export type OpenCapture = (item: CaptureCase) => Promise<CaptureFile | string>;

export async function runTest(program: Program, test: RuleTest, engines: Engines, open: OpenCapture): Promise<TestResult> {
  const cases: CaseResult[] = [];
  for (const item of test.cases) cases.push(await runCase(program, item, engines, open));
  return { test, outcome: worstOf(cases.map(({ outcome }) => outcome)), cases };
}

async function runCase(program: Program, item: TestCase, engines: Engines, open: OpenCapture): Promise<CaseResult> {
  if (item.kind === 'packet') return runPacket(program, item, engines);
  const capture = await open(item);
  if (typeof capture !== 'string') return runCapture(program, item, capture, engines);
  return { kind: 'capture', case: item, outcome: 'failed', packets: 0, kernel: 0, fitting: 0, example: null, problem: capture };
}

function answersOf(engines: Engines, frame: Uint8Array, about: PacketAbout): Answers {
  return {
    interpreter: engines.interpreter?.(frame, about) ?? null,
    kernel: engines.kernel?.(frame, about) ?? null,
  };
}

function outcomeOf(program: Program, item: TestCase, answers: Answers): Outcome {
  if (!agree(answers)) return 'disagreed';
  const answer = answers.interpreter ?? answers.kernel;
  return answer !== null && isExpected(program, item.expect, answer) ? 'passed' : 'failed';
}

function runPacket(program: Program, item: PacketCase, engines: Engines): PacketResult {
  const answers = answersOf(engines, item.frame, item.about);
  return { kind: 'packet', case: item, outcome: outcomeOf(program, item, answers), answers };
}

function runCapture(program: Program, item: CaptureCase, capture: CaptureFile, engines: Engines): CaptureResult {
  let fitting = 0;
  let kernel = 0;
  let disagreed: CaptureResult['example'] = null;
  let unfit: CaptureResult['example'] = null;
  for (const { number, data: frame } of capture.frames) {
    const answers = answersOf(engines, frame, {});
    const outcome = outcomeOf(program, item, answers);
    if (answers.kernel !== null) kernel++;
    if (outcome === 'passed') fitting++;
    if (outcome === 'disagreed') disagreed ??= { number, frame, answers };
    if (outcome === 'failed') unfit ??= { number, frame, answers };
  }
  const packets = capture.frames.length;
  const problem = capture.damage === null ? null : `${capture.damage.message} (byte ${capture.damage.offset})`;
  const enough = item.count === null ? fitting === packets && packets > 0 : fitting === item.count;
  const outcome = disagreed ? 'disagreed' : enough && problem === null ? 'passed' : 'failed';
  const example = disagreed ?? (item.count === null ? unfit : null);
  return { kind: 'capture', case: item, outcome, packets, kernel, fitting, example, problem };
}
