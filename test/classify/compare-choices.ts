/** One rule set, tried in each way that there is to try it, against the reference interpreter. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Program } from '../../compiler/2-resolve/program.ts';
import type { PlanOptions } from '../../compiler/4-plan/plan-program.ts';
import { planProgram } from '../../compiler/4-plan/plan-program.ts';
import { emit } from '../../compiler/5-emit/emit.ts';
import { build } from '../../compiler/6-build/build.ts';
import { findClang } from '../../compiler/6-build/find-clang.ts';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { targetFor } from '../../compiler/targets/target.ts';
import { openEvents } from '../../runtime/events.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';
import type { Outcome } from '../../runtime/test-run.ts';
import { FLOW_LINES } from '../differential/kernel-engine.ts';
import { hex } from '../packets/build-packet.ts';

export interface Choice {
  readonly name: string;
  readonly options: PlanOptions;
}

export const CHAIN: Choice = { name: 'chain', options: { classifier: 'chain' } };
export const ONE_TREE: Choice = { name: 'one tree', options: { classifier: 'tree', partitions: 1, flowLines: FLOW_LINES } };
export const TREES: Choice = { name: 'trees', options: { classifier: 'tree', flowLines: FLOW_LINES } };
export const WITH_CACHE: Choice = {
  name: 'trees behind a flow cache',
  options: { classifier: 'tree', flowCache: true, flowLines: FLOW_LINES },
};
/** What the planner takes by itself. */
export const PLANNED: Choice = { name: 'planned', options: { flowLines: FLOW_LINES } };

/** Of one packet: what the interpreter says, or what a program in the kernel did. */
interface Seen {
  readonly outcome: Outcome | null;
  readonly mark: number | null;
  /** Rules whose counters went up, ascending. */
  readonly rules: readonly number[];
  /** Rules of the events, in their order. */
  readonly logged: readonly number[];
}

export interface Comparison {
  readonly packets: number;
  /** Packets that a rule decided. */
  readonly decided: number;
  /** Matches of rules, over all packets. */
  readonly matches: number;
  /** Choices whose program the planner refuses, with the code of the diagnostic. */
  readonly refused: ReadonlyMap<string, string>;
  /** null: all agree. */
  readonly failure: string | null;
}

export interface Comparer extends AsyncDisposable {
  compare(program: Program, frames: readonly Uint8Array[], choices: readonly Choice[]): Promise<Comparison>;
}

const MARK = 5;
const VERDICT_OUTCOME = { pass: 'pass', audit: 'pass', drop: 'drop', reject: 'drop', redirect: 'redirect' } as const;

/** A cache of objects of its own: programs of one shape are compiled once, which is what the design promises. */
export async function createComparer(): Promise<Comparer> {
  const templates = readTemplates();
  const clang = await findClang();
  const folder = await mkdtemp(path.join(tmpdir(), 'pktc-classify-'));
  const environment = { ...process.env, PKTC_CACHE_DIR: folder };

  const load = async (program: Program, { name, options }: Choice): Promise<LoadedProgram | string> => {
    const { value: plan, diagnostics } = planProgram(program, targetFor(program.hook), options);
    if (plan === null) return diagnostics[0]?.code ?? 'no diagnostic';
    const built = await build(plan, emit(plan, templates), templates, { environment, clang });
    if (built.value === null) throw new Error(`${name}: not built: ${built.diagnostics[0]?.help ?? ''}`);
    try {
      return loadArtifact(built.value, { offline: true });
    } catch (error) {
      const log = error instanceof RuntimeError ? (error.verifierLog ?? '') : '';
      throw new Error(`${name}: not loaded: ${String(error)}\n${log.trimEnd().split('\n').slice(-12).join('\n')}`);
    }
  };
  return {
    async compare(program, frames, choices) {
      const interpret = createInterpreter(program);
      const expected = frames.map((frame) => interpreted(program, interpret, frame));
      const refused = new Map<string, string>();
      let failure: string | null = null;
      for (const choice of choices) {
        const loaded = await load(program, choice);
        if (typeof loaded === 'string') {
          refused.set(choice.name, loaded);
          continue;
        }
        using running = loaded;
        failure ??= firstDifference(program, frames, expected, running, choice.name);
      }
      return {
        packets: frames.length,
        decided: expected.filter((seen) => isDecided(program, seen)).length,
        matches: expected.reduce((sum, { rules }) => sum + rules.length, 0),
        refused,
        failure,
      };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function interpreted(program: Program, interpret: ReturnType<typeof createInterpreter>, frame: Uint8Array): Seen {
  const { verdict, rules } = interpret(frame, { mark: program.hook === 'xdp' ? 0 : MARK, iface: null });
  const marks = rules.flatMap((index) => program.rules[index]?.actions.mark ?? []);
  return {
    outcome: VERDICT_OUTCOME[verdict],
    mark: program.hook === 'xdp' ? null : (marks.at(-1) ?? MARK),
    rules,
    logged: rules.filter((index) => (program.rules[index]?.actions.log ?? null) !== null),
  };
}

function firstDifference(
  program: Program,
  frames: readonly Uint8Array[],
  expected: readonly Seen[],
  loaded: LoadedProgram,
  choice: string,
): string | null {
  using events = openEvents(loaded);
  const counted = loaded.watchCounters();
  const totals = Array.from({ length: program.rules.length + 1 }, () => ({ packets: 0, bytes: 0 }));
  for (const [at, frame] of frames.entries()) {
    const result = runOf(loaded, program, frame);
    const want = expected[at];
    if (result === null || want === undefined) continue;
    const logged: number[] = [];
    for (let batch = events.read(); batch.length > 0; batch = events.read()) logged.push(...batch.map(({ rule }) => rule));
    const seen: Seen = { outcome: result.outcome, mark: result.mark, rules: counted(), logged };
    if (JSON.stringify(seen) !== JSON.stringify(want)) return told(program, frame, want, seen, `${choice}, packet ${at}`);
    for (const index of isDecided(program, want) ? want.rules : [...want.rules, program.rules.length]) {
      const total = totals[index];
      if (total !== undefined) [total.packets, total.bytes] = [total.packets + 1, total.bytes + frame.length];
    }
  }
  const counters = loaded.counters();
  const wrong = totals.findIndex(
    ({ packets, bytes }, index) => counters[index]?.packets !== BigInt(packets) || counters[index]?.bytes !== BigInt(bytes),
  );
  return wrong < 0 ? null : `${choice}: rule ${wrong} has counted ${counters[wrong]?.packets}, not ${totals[wrong]?.packets}`;
}

function isDecided(program: Program, { rules }: Seen): boolean {
  return (program.rules[rules.at(-1) ?? -1]?.actions.verdict ?? null) !== null;
}

/** null: BPF_PROG_TEST_RUN does not take this frame. */
function runOf(loaded: LoadedProgram, program: Program, frame: Uint8Array) {
  try {
    return loaded.testRun(frame, { mark: program.hook === 'xdp' ? 0 : MARK, iface: null });
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'PKT6009') return null;
    throw error;
  }
}

function told(program: Program, frame: Uint8Array, want: Seen, seen: Seen, place: string): string {
  const rules = [...new Set([...want.rules, ...seen.rules])].sort((a, b) => a - b).slice(0, 20);
  return [
    `${place}: interpreter ${JSON.stringify(want)}`,
    `kernel ${JSON.stringify(seen)}`,
    hex(frame),
    ...rules.map((index) => {
      const rule = program.rules[index];
      return `${index}: ${rule === undefined ? 'default' : rule.source.text.slice(rule.span.start, rule.span.end)}`;
    }),
  ].join('\n');
}
