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

export interface Ask {
  /** Null: this engine does not take such a packet. */
  (frame: Uint8Array, about: PacketAbout): Answer | null;
  /** What packets have left in sets is gone, and time begins anew: each test is for itself. */
  forget?(): void;
}

/** The time of a test; its packets come one after the other. */
interface Clock {
  now_ns: bigint;
}

/** Those that are to be asked; at least one. */
export type Engines = Readonly<Partial<Record<EngineName, Ask>>>;

/** A capture that a test names; text: why it cannot be read. */
export type OpenCapture = (item: CaptureCase) => Promise<CaptureFile | string>;

export async function runTest(program: Program, test: RuleTest, engines: Engines, open: OpenCapture): Promise<TestResult> {
  const cases: CaseResult[] = [];
  const clock: Clock = { now_ns: 0n };
  for (const engine of Object.values(engines)) engine.forget?.();
  for (const item of test.cases) cases.push(await runCase(program, item, engines, open, clock));
  return { test, outcome: worstOf(cases.map(({ outcome }) => outcome)), cases };
}

async function runCase(
  program: Program,
  item: TestCase,
  engines: Engines,
  open: OpenCapture,
  clock: Clock,
): Promise<CaseResult> {
  if (item.kind === 'packet') return runPacket(program, item, engines, clock);
  const capture = await open(item);
  if (typeof capture !== 'string') return runCapture(program, item, capture, engines, clock);
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

const NS_PER_MS = 1_000_000;

/** The last of the packets is what the test speaks of; on every one the engines have to agree. */
function runPacket(program: Program, item: PacketCase, engines: Engines, clock: Clock): PacketResult {
  const { after_ms, times, over_ms } = item.timing;
  const first_ns = clock.now_ns + BigInt(Math.round(after_ms * NS_PER_MS));
  let answers: Answers = { interpreter: null, kernel: null };
  for (let index = 0; index < times; index++) {
    const time_ns = first_ns + BigInt(Math.floor((over_ms * NS_PER_MS * index) / times));
    answers = answersOf(engines, item.frame, { ...item.about, time_ns });
    if (!agree(answers)) break;
  }
  clock.now_ns = first_ns + BigInt(Math.round(over_ms * NS_PER_MS));
  return { kind: 'packet', case: item, outcome: outcomeOf(program, item, answers), answers };
}

/** With the times of the capture, from now on. */
function runCapture(program: Program, item: CaptureCase, capture: CaptureFile, engines: Engines, clock: Clock): CaptureResult {
  const [start_ns, first_ns] = [clock.now_ns, capture.frames.find(({ time_ns }) => time_ns !== null)?.time_ns ?? 0n];
  let fitting = 0;
  let kernel = 0;
  let disagreed: CaptureResult['example'] = null;
  let unfit: CaptureResult['example'] = null;
  for (const { number, data: frame, time_ns: captured_ns } of capture.frames) {
    const time_ns = captured_ns === null ? clock.now_ns : start_ns + captured_ns - first_ns;
    if (time_ns > clock.now_ns) clock.now_ns = time_ns;
    const answers = answersOf(engines, frame, { time_ns: clock.now_ns });
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
