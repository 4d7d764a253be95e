/** What came of the tests of a rule file. */
import type { Program, Verdict } from '../../compiler/2-resolve/program.ts';
import type { CaptureCase, Expectation, PacketCase, RuleTest } from '../../compiler/rule-tests/rule-test.ts';
import type { EngineName } from '../replay/engine.ts';

/** What an engine decided about a packet. */
export interface Answer {
  readonly verdict: Verdict;
  /** Indices of the rules that matched, ascending. */
  readonly rules: readonly number[];
}

/** By engine; null: that engine was not asked, or does not take such a packet. */
export type Answers = Readonly<Record<EngineName, Answer | null>>;

/** `disagreed`: the engines decided differently, so one of them is wrong whatever the test says. */
export type Outcome = 'passed' | 'failed' | 'disagreed';

export type CaseResult = PacketResult | CaptureResult;

export interface PacketResult {
  readonly kind: 'packet';
  readonly case: PacketCase;
  readonly outcome: Outcome;
  readonly answers: Answers;
}

export interface CaptureResult {
  readonly kind: 'capture';
  readonly case: CaptureCase;
  readonly outcome: Outcome;
  /** How many packets the capture has. */
  readonly packets: number;
  /** How many of them the kernel decided. */
  readonly kernel: number;
  /** How many of them went as the test says. */
  readonly fitting: number;
  /** The first packet on which the engines differ; else, where all of them are to fit, the first that does not. */
  readonly example: { readonly number: number; readonly frame: Uint8Array; readonly answers: Answers } | null;
  /** Why the capture could not be read to its end. */
  readonly problem: string | null;
}

export interface TestResult {
  readonly test: RuleTest;
  readonly outcome: Outcome;
  readonly cases: readonly CaseResult[];
}

/** The rule that gave the verdict; null: the default. */
export function decidedBy(program: Program, { rules }: Answer): number | null {
  const last = rules.at(-1);
  return last !== undefined && program.rules[last]?.actions.verdict != null ? last : null;
}

/** Whether an answer is what the test expects. */
export function isExpected(program: Program, expect: Expectation, answer: Answer): boolean {
  if (answer.verdict !== expect.verdict) return false;
  if (expect.rule === null) return true;
  const rule = program.rules.find(({ label }) => label === expect.rule);
  if (rule === undefined) return false;
  return rule.actions.verdict === null ? answer.rules.includes(rule.index) : decidedBy(program, answer) === rule.index;
}

/** Whether those engines that answered say the same. */
export function agree({ interpreter, kernel }: Answers): boolean {
  if (interpreter === null || kernel === null) return true;
  return interpreter.verdict === kernel.verdict && interpreter.rules.join() === kernel.rules.join();
}

/** The worst of them. */
export function worstOf(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes('disagreed')) return 'disagreed';
  return outcomes.includes('failed') ? 'failed' : 'passed';
}
