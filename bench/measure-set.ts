/** What one set of rules costs a packet, its verdicts looked at first. */
import type { Plan } from '../compiler/4-plan/plan.ts';
import type { Artifact } from '../runtime/abi/manifest.ts';
import { type LoadedProgram, loadArtifact } from '../runtime/load.ts';
import { RuntimeError } from '../runtime/runtime-error.ts';
import { mapMemory } from '../runtime/timing/map-memory.ts';
import { openPacketTimer, type PacketTimer, type Timed } from '../runtime/timing/packet-timer.ts';
import { type Times, type Turn, timeInTurn } from '../runtime/timing/time-in-turn.ts';
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
  /** Without the flow cache; null: there is none. */
  readonly uncached: Times | null;
  /** Where each packet is of a flow of its own; null: there is no flow cache. */
  readonly flood: { readonly cached: Times; readonly uncached: Times; readonly floorParse: Times } | null;
  /** The same packets in a part of the trace that stays in the caches. */
  readonly hot: Times;
  readonly floorRun: Times;
  readonly floorParse: Times;
  /** Of all maps, and what rules that are data have of it, with their room to grow. */
  readonly memory_bytes: number;
  readonly rules_bytes: number;
}

export type SetResult = SetCost | { readonly rules: number; readonly refused: string };

const EFFORT = { rounds: 15, repeat: 6 * 8192 };
const HOT_PACKETS = 64;
const TRACE_SEED = 7;

interface OpenSet {
  readonly loaded: LoadedProgram;
  readonly fd: number;
  readonly classifier: Plan['classifier'];
}

/** @throws Error when a verdict is not that of the plain scan */
export async function measureSet(set: RuleSet, driver: Uint8Array): Promise<SetResult> {
  const packets = makeTrace(set.rules, TRACE_SEED);
  const refused = (why: string) => ({ rules: set.rules.length, refused: why });
  const chosen = await openSet(set, packets, undefined);
  if (typeof chosen === 'string') return refused(chosen);
  using loaded = chosen.loaded;
  const { classifier, fd } = chosen;
  const hasCache = classifier.name === 'tree' && classifier.flowLines !== null;
  const plain = hasCache ? await openSet(set, packets, false) : null;
  if (typeof plain === 'string') return refused(plain);
  using _plain = plain?.loaded;
  using timer = openPacketTimer(driver, packets.map(frameOf), true);
  const timed: readonly Turn[] = [
    ...([fd, { timed: fd, part: [0, HOT_PACKETS] }, 'floor run', 'floor parse'] as const),
    ...(plain === null ? [] : [plain.fd]),
  ];
  const [all, hot, floorRun, floorParse, uncached = null] = timeInTurn(timer, timed, EFFORT);
  if (!all || !floorRun || !floorParse || !hot) throw new Error('nothing was timed');
  const flood = plain === null ? null : measureFlood(timer, fd, plain.fd);
  const memory_bytes = mapMemory(loaded.internals.libbpf, fd);
  const rules_bytes = loaded.internals.data?.store.room.bytes ?? 0;
  return {
    rules: set.rules.length,
    strategy: classifier.name,
    all,
    uncached,
    flood,
    hot,
    floorRun,
    floorParse,
    memory_bytes,
    rules_bytes,
  };
}

/** Behind all else: it drives the trace's flows out of the cache. */
function measureFlood(timer: PacketTimer, cached_fd: number, uncached_fd: number): SetCost['flood'] {
  const others = (timed: Timed): Turn => ({ timed, flood: true });
  const times = timeInTurn(timer, [others(cached_fd), others(uncached_fd), others('floor parse')], EFFORT);
  const [cached, uncached, floorParse] = times;
  return cached && uncached && floorParse ? { cached, uncached, floorParse } : null;
}

/** A code when the compiler or the kernel does not take it. */
async function openSet(
  { name, rules }: RuleSet,
  packets: readonly BenchPacket[],
  flowCache: boolean | undefined,
): Promise<OpenSet | string> {
  const compiled = await compileSet(rules, 'xdp', { flowCache });
  if (!compiled.ok) return compiled.why;
  const loaded = loadedOrNot(compiled.artifact);
  if (typeof loaded === 'string') return loaded;
  const wrong = wrongVerdicts(loaded, rules, packets, packets.map(frameOf));
  if (wrong.length === 0) return { loaded, fd: loaded.programs[0]?.fd ?? -1, classifier: compiled.plan.classifier };
  loaded.close();
  throw new Error(`${name}, ${rules.length} rules: ${wrong.length} wrong verdicts, first ${wrong[0]}`);
}

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
