/** What can decide about frames: the interpreter, the kernel, or, to see that the comparison finds something, a broken one. */
import type { Program, Verdict } from '../../compiler/2-resolve/program.ts';
import { createInterpreter, type PacketAbout } from '../../compiler/interpret.ts';

export interface Answer {
  readonly verdict: Verdict;
  /** Rules that matched, ascending. */
  readonly rules: readonly number[];
  /** The packet's mark afterwards; null: the hook knows none. */
  readonly mark: number | null;
}

export interface Decider extends Disposable {
  /** How the rules are tried; null: by no program. */
  readonly classifier: 'chain' | 'tree' | null;
  /** null: this engine does not take the frame. */
  decide(frame: Uint8Array, about: PacketAbout): Answer | null;
  /** Since the beginning: packets and bytes of each rule, and last those that no verdict caught; null: it does not count. */
  totals(): readonly Total[] | null;
  /** How often each set that rules fill was full; absent: the engine does not say. */
  refused?(): readonly bigint[];
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
    classifier: null,
    decide(frame, about) {
      const decision = interpret(frame, about);
      const caught = decision.rules.some((index) => program.rules[index]?.actions.verdict !== null);
      for (const index of caught ? decision.rules : [...decision.rules, program.rules.length]) {
        const total = totals[index];
        if (total !== undefined) {
          total.packets += 1;
          total.bytes += bytesAt(program, frame);
        }
      }
      return { ...decision, mark: markAfter(program, decision.rules, about.mark ?? 0) };
    },
    totals: () => totals,
    refused: interpret.refused,
    [Symbol.dispose]() {},
  };
};

/** What counters add up: at a cgroup a packet begins behind the Ethernet header and its tags. */
function bytesAt({ hook }: Program, frame: Uint8Array): number {
  if (!hook.startsWith('cgroup')) return frame.length;
  let start = 14;
  while (start < 22 && TAGS.has(((frame[start - 2] ?? 0) << 8) | (frame[start - 1] ?? 0))) start += 4;
  return frame.length - start;
}

const TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);

function markAfter(program: Program, rules: readonly number[], before: number): number | null {
  if (program.hook === 'xdp') return null;
  const marks = rules.map((index) => program.rules[index]?.actions.mark ?? null).filter((mark) => mark !== null);
  return marks.at(-1) ?? before;
}
