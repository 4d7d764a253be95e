/** What decides about the frames of a capture: the compiled program in the kernel, or the reference interpreter. */

import type { Program, Verdict } from '../../compiler/2-resolve/program.ts';
import { createInterpreter, type Decision } from '../../compiler/interpret.ts';
import type { LoadedProgram } from '../../runtime/load.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';

export type EngineName = 'kernel' | 'interpreter';

export interface ReplayDecision extends Decision {
  /** Who decided: the kernel does not take every frame. */
  readonly engine: EngineName;
}

export type Decide = (frame: Uint8Array) => ReplayDecision;

export function interpreterEngine(program: Program): Decide {
  const interpret = createInterpreter(program);
  return (frame) => ({ ...interpret(frame), engine: 'interpreter' });
}

/** enum xdp_action */
const VERDICTS: Readonly<Record<number, Verdict>> = { 1: 'drop', 2: 'pass' };

/** BPF_PROG_TEST_RUN takes no frame without an Ethernet header. */
const SHORTEST_BYTES = 14;

/**
 * Which rules matched is read from their counters, so nothing else may run the program meanwhile. A frame that the kernel refuses
 * (too short, or too long for one page) is decided by the interpreter, and says so.
 */
export function kernelEngine(loaded: LoadedProgram, program: Program): Decide {
  const fallback = interpreterEngine(program);
  let before = loaded.counters();
  return (frame) => {
    if (frame.length < SHORTEST_BYTES) return fallback(frame);
    const returnValue = testRun(loaded, frame);
    if (returnValue === null) return fallback(frame);
    const verdict = VERDICTS[returnValue];
    if (verdict === undefined) throw new Error(`the program returned ${returnValue}, which is no verdict`);
    const after = loaded.counters();
    const rules: number[] = [];
    for (let index = 0; index < program.rules.length; index++) {
      if (after[index]?.packets !== before[index]?.packets) rules.push(index);
    }
    before = after;
    return { verdict, rules, engine: 'kernel' };
  };
}

/** null: the kernel does not take this frame. */
function testRun(loaded: LoadedProgram, frame: Uint8Array): number | null {
  try {
    return loaded.testRun(frame).returnValue;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'PKT6009') return null;
    throw error;
  }
}
