/** What can decide about frames: the interpreter, the kernel, or, to see that the comparison finds something, a broken one. */
import type { Program, Verdict } from '../../compiler/2-resolve/program.ts';
import { createInterpreter } from '../../compiler/interpret.ts';

export interface Answer {
  readonly verdict: Verdict;
  /** Rules that matched, ascending. */
  readonly rules: readonly number[];
}

export interface Decider extends Disposable {
  decide(frame: Uint8Array): Answer;
  /** Since the beginning: packets and bytes of each rule, and last those that no verdict caught; null: it does not count. */
  totals(): readonly Total[] | null;
}

export interface Total {
  readonly packets: number;
  readonly bytes: number;
}

/** @throws Error when the program cannot be built or loaded. */
export type Engine = (program: Program, text: string) => Promise<Decider>;

/** The totals are counted here from its own answers. */
export const interpreterEngine: Engine = async (program) => {
  const interpret = createInterpreter(program);
  const totals = Array.from({ length: program.rules.length + 1 }, () => ({ packets: 0, bytes: 0 }));
  return {
    decide(frame) {
      const decision = interpret(frame);
      const caught = decision.rules.some((index) => program.rules[index]?.actions.verdict !== null);
      for (const index of caught ? decision.rules : [...decision.rules, program.rules.length]) {
        const total = totals[index];
        if (total !== undefined) {
          total.packets += 1;
          total.bytes += frame.length;
        }
      }
      return decision;
    },
    totals: () => totals,
    [Symbol.dispose]() {},
  };
};
