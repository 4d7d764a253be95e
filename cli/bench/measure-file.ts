/** What a loaded program costs a packet of a trace, held against the floors. */
import type { Program } from '../../compiler/2-resolve/program.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import type { LoadedProgram } from '../../runtime/load.ts';
import { mapMemory } from '../../runtime/timing/map-memory.ts';
import { openPacketTimer, type PacketTimer } from '../../runtime/timing/packet-timer.ts';
import { medianOf, type Times, timeInTurn } from '../../runtime/timing/time-in-turn.ts';

export interface FileCost {
  readonly all: Times;
  readonly floorRun: Times;
  readonly floorParse: Times;
  /** Single packets, each again and again; the most expensive one first, its time taken again. */
  readonly packets: readonly PacketCost[];
  /** Of all maps, and what rules that are data have of it, with their room to grow. */
  readonly memory_bytes: number;
  readonly rules_bytes: number;
}

export interface PacketCost {
  readonly time_ns: number;
  /** Index of the rule that decides about it; null: the default does. */
  readonly rule: number | null;
}

const ROUNDS = 11;
const REPEAT = 12 * 8192;
/** Packets that are timed one by one; each time costs some 20 ms, whatever is timed. */
const SAMPLES = 48;
const SAMPLE_REPEAT = 5000;
/** Of those, so many are timed again: the largest of many noisy times is mostly noise. */
const FINALISTS = 5;
const FINAL_ROUNDS = 5;

/** @param said is told how far it is */
export function measureFile(
  loaded: LoadedProgram,
  program: Program,
  driver: { readonly object: Uint8Array; readonly even: boolean },
  frames: readonly Uint8Array[],
  said: (text: string) => void,
): FileCost {
  const fd = loaded.programs[0]?.fd;
  if (fd === undefined) throw new Error('no program');
  const memory_bytes = mapMemory(loaded.internals.libbpf, fd);
  const rules_bytes = loaded.internals.data?.store.room.bytes ?? 0;
  const timer = openPacketTimer(driver.object, frames, driver.even);
  try {
    said('timing the trace');
    const [all, floorRun, floorParse] = timeInTurn(timer, [fd, 'floor run', 'floor parse'], { rounds: ROUNDS, repeat: REPEAT });
    if (all === undefined || floorRun === undefined || floorParse === undefined) throw new Error('nothing was timed');
    return { all, floorRun, floorParse, packets: timePackets(timer, fd, program, frames, said), memory_bytes, rules_bytes };
  } finally {
    timer.close();
  }
}

function timePackets(
  timer: PacketTimer,
  fd: number,
  program: Program,
  frames: readonly Uint8Array[],
  said: (text: string) => void,
): readonly PacketCost[] {
  const decide = createInterpreter(program);
  const timed = (at: number, rounds: number) =>
    medianOf(Array.from({ length: rounds }, () => timer.time(fd, SAMPLE_REPEAT, { part: [at, at + 1] })));
  const costs = samplesOf(program, frames, decide).map(({ at, rule }, index, samples) => {
    said(`timing single packets: ${index + 1} of ${samples.length}`);
    return { at, rule, time_ns: timed(at, 1) };
  });
  const sorted = costs.sort((a, b) => b.time_ns - a.time_ns);
  const finalists = sorted.slice(0, FINALISTS).map((cost) => ({ ...cost, time_ns: timed(cost.at, FINAL_ROUNDS) }));
  return [...finalists, ...sorted.slice(FINALISTS)]
    .sort((a, b) => b.time_ns - a.time_ns)
    .map(({ rule, time_ns }) => ({ rule, time_ns }));
}

interface Sample {
  readonly at: number;
  readonly rule: number | null;
}

/** Of packets that different rules decide about as many as there is time for, spread over the trace, the last rule's among them. */
function samplesOf(
  { rules }: Program,
  frames: readonly Uint8Array[],
  decide: ReturnType<typeof createInterpreter>,
): readonly Sample[] {
  const looked: Sample[] = [];
  const step = Math.max(1, Math.floor(frames.length / (SAMPLES * 4)));
  for (let at = 0; at < frames.length; at += step) {
    const matched = decide(frames[at] ?? new Uint8Array()).rules.at(-1);
    looked.push({ at, rule: matched !== undefined && rules[matched]?.actions.verdict !== null ? matched : null });
  }
  const order = (sample: Sample) => sample.rule ?? rules.length;
  const byRule = new Map<number, Sample[]>();
  for (const sample of looked) byRule.set(order(sample), [...(byRule.get(order(sample)) ?? []), sample]);
  const groups = [...byRule.entries()].sort(([a], [b]) => a - b).map(([, samples]) => samples);
  const chosen: Sample[] = [];
  // First one of each, evenly over the rules and with both ends; then more of the same ones while there is time.
  const count = Math.min(SAMPLES, groups.length);
  const picked = Array.from(
    { length: count },
    (_, index) => groups[Math.round((index * (groups.length - 1)) / Math.max(1, count - 1))] ?? [],
  );
  for (let turn = 0; chosen.length < SAMPLES && picked.some((group) => group.length > turn); turn++) {
    for (const group of picked) {
      const sample = group[turn];
      if (sample !== undefined && chosen.length < SAMPLES) chosen.push(sample);
    }
  }
  return chosen;
}
