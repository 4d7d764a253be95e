/** What decides about the frames of a capture: the compiled program in the kernel, or the reference interpreter. */

import type { Program, Verdict } from '../../compiler/2-resolve/program.ts';
import { createInterpreter, type Decision, type PacketAbout } from '../../compiler/interpret.ts';
import type { LoadedProgram, Outcome } from '../../runtime/load.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';

export type EngineName = 'kernel' | 'interpreter';

export interface ReplayDecision extends Decision {
  /** Who decided: the kernel does not take every frame. */
  readonly engine: EngineName;
}

/** @param frame from the Ethernet header on, at every hook */
export type Decide = (frame: Uint8Array, about?: PacketAbout) => ReplayDecision;

export function interpreterEngine(program: Program): Decide {
  const interpret = createInterpreter(program);
  return (frame, about) => ({ ...interpret(frame, about), engine: 'interpreter' });
}

/** What the kernel may answer where a rule has this verdict; a reject that is one too many for its rate is a drop. */
const OUTCOMES: Readonly<Record<Verdict, readonly Outcome[]>> = {
  pass: ['pass'],
  drop: ['drop'],
  audit: ['pass'],
  redirect: ['redirect', 'drop'],
  reject: ['transmit', 'redirect', 'drop'],
};

/**
 * Which rules matched is read from their counters, so nothing else may run the program meanwhile. A frame that the kernel refuses
 * (too short, or too long for one page) is decided by the interpreter, and says so. A program of both directions is asked as for a
 * packet that arrives.
 */
export function kernelEngine(loaded: LoadedProgram, program: Program): Decide {
  const fallback = interpreterEngine(program);
  const matched = loaded.watchCounters();
  return (frame, about = {}) => {
    const outcome = testRun(loaded, frame, about);
    if (outcome === null) return fallback(frame, about);
    const rules = matched();
    const verdict = program.rules[rules.at(-1) ?? -1]?.actions.verdict ?? program.defaultVerdict;
    if (!OUTCOMES[verdict].includes(outcome)) throw new Error(`the program answers ${outcome} where its rules say ${verdict}`);
    return { verdict, rules, engine: 'kernel' };
  };
}

/** null: the kernel does not take this frame. */
function testRun(
  loaded: LoadedProgram,
  frame: Uint8Array,
  { mark = 0, iface = null, direction, time_ns }: PacketAbout,
): Outcome | null {
  const program =
    loaded.programs.find(({ at }) => direction !== undefined && at.endsWith(` ${direction}`)) ?? loaded.programs[0];
  // To a packet socket's filter, a frame that is only tried never leaves.
  if (program === undefined || (direction === 'egress' && program.at === 'socket')) return null;
  try {
    const { outcome, returnValue } = loaded.testRun(frame, {
      mark,
      iface,
      at: program.at,
      ...(time_ns === undefined ? {} : { time_ns }),
    });
    if (outcome === null) throw new Error(`the program returned ${returnValue}, which is no verdict`);
    return outcome;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'PKT6009') return null;
    throw error;
  }
}
