/** What one set of rules costs a packet, its verdicts looked at first. */
import type { Artifact } from '../runtime/abi/manifest.ts';
import { type LoadedProgram, loadArtifact } from '../runtime/load.ts';
import { RuntimeError } from '../runtime/runtime-error.ts';
import { mapMemory } from '../runtime/timing/map-memory.ts';
import { openPacketTimer } from '../runtime/timing/packet-timer.ts';
import { type Times, timeInTurn } from '../runtime/timing/time-in-turn.ts';
import { compileSet } from './compile-set.ts';
import { firstMatch } from './first-match.ts';
import { makeTrace } from './make-trace.ts';
import { type BenchPacket, frameOf } from './packet.ts';
import type { BenchRule } from './rule.ts';
import type { RuleSet } from './rule-sets.ts';

export interface SetCost {
  readonly rules: number;
  readonly strategy: string;
  readonly all: Times;
  /** The same packets in a part of the trace that stays in the caches. */
  readonly hot: Times;
  readonly floorRun: Times;
  readonly floorParse: Times;
  readonly memory_bytes: number;
}

export type SetResult = SetCost | { readonly rules: number; readonly refused: string };

const EFFORT = { rounds: 9, repeat: 6 * 8192 };
const HOT_PACKETS = 64;
const TRACE_SEED = 7;

/** @throws Error when a verdict is not that of the plain scan */
export async function measureSet({ name, rules }: RuleSet, driver: Uint8Array): Promise<SetResult> {
  const compiled = await compileSet(rules, 'xdp');
  if (!compiled.ok) return { rules: rules.length, refused: compiled.why };
  const packets = makeTrace(rules, TRACE_SEED);
  const frames = packets.map(frameOf);
  const loaded = loadedOrNot(compiled.artifact);
  if (typeof loaded === 'string') return { rules: rules.length, refused: loaded };
  try {
    const wrong = wrongVerdicts(loaded, rules, packets, frames);
    if (wrong.length > 0) throw new Error(`${name}, ${rules.length} rules: ${wrong.length} wrong verdicts, first ${wrong[0]}`);
    const fd = loaded.programs[0]?.fd ?? -1;
    const timer = openPacketTimer(driver, frames, true);
    try {
      const [all, floorRun, floorParse] = timeInTurn(timer, [fd, 'floor run', 'floor parse'], EFFORT);
      const hotTimer = {
        ...timer,
        time: (one: Parameters<typeof timer.time>[0], repeat: number) => timer.time(one, repeat, [0, HOT_PACKETS]),
      };
      const [hot] = timeInTurn(hotTimer, [fd], EFFORT);
      if (!all || !floorRun || !floorParse || !hot) throw new Error('nothing was timed');
      const memory_bytes = mapMemory(loaded.internals.libbpf, fd);
      return { rules: rules.length, strategy: compiled.plan.classifier.name, all, hot, floorRun, floorParse, memory_bytes };
    } finally {
      timer.close();
    }
  } finally {
    loaded.close();
  }
}

/** A code when the kernel does not take it. */
function loadedOrNot(artifact: Artifact): LoadedProgram | string {
  try {
    return loadArtifact(artifact, { offline: true });
  } catch (error) {
    if (error instanceof RuntimeError) return error.code;
    throw error;
  }
}

/** Packets that the kernel judges otherwise than the plain scan does, in words. */
export function wrongVerdicts(
  loaded: LoadedProgram,
  rules: readonly BenchRule[],
  packets: readonly BenchPacket[],
  frames: readonly Uint8Array[],
): readonly string[] {
  const scan = firstMatch(rules);
  return packets.flatMap((packet, at) => {
    const rule = scan(packet);
    const expected = rules[rule]?.verdict ?? 'pass';
    const { outcome } = loaded.testRun(frames[at] ?? new Uint8Array());
    return outcome === expected ? [] : [`packet ${at}: ${outcome}, but rule ${rule} says ${expected}`];
  });
}
