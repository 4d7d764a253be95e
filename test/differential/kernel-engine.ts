/** The compiled program in the kernel, asked through BPF_PROG_TEST_RUN. */
import type { Program, Verdict } from '../../compiler/2-resolve/program.ts';
import type { Plan } from '../../compiler/4-plan/plan.ts';
import { planProgram } from '../../compiler/4-plan/plan-program.ts';
import { emit } from '../../compiler/5-emit/emit.ts';
import type { Templates } from '../../compiler/5-emit/skeleton.ts';
import { type BuildOptions, build } from '../../compiler/6-build/build.ts';
import { type Clang, findClang } from '../../compiler/6-build/find-clang.ts';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import type { PacketAbout } from '../../compiler/interpret.ts';
import { targetFor } from '../../compiler/targets/target.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';
import type { Outcome, TestRunResult } from '../../runtime/test-run.ts';
import type { Engine } from './engine.ts';
import { startElsewhere } from './start-elsewhere.ts';

const LOG_LINES = 12;
/** Few, so that flows drive each other out, and counters are read quickly. */
export const FLOW_LINES = 64;

/** What the kernel may do with a packet for each verdict; a reject that may not be answered is a drop. */
const OUTCOMES: Readonly<Record<Verdict, readonly Outcome[]>> = {
  pass: ['pass'],
  drop: ['drop'],
  reject: ['transmit', 'redirect', 'drop'],
  redirect: ['redirect'],
  audit: ['pass'],
};

/** Of a program that cannot be a tree: too many different checks, too little stack. */
const NO_TREE: ReadonlySet<string> = new Set(['PKT4002', 'PKT4026']);

/** How rules are tried: as the planner thinks best, or as a tree wherever that can be. */
export type Way = 'planned' | 'long chain' | 'tree';

/**
 * The engine throws when clang or the verifier refuses.
 * @param cache folder of objects that were compiled before. Absent: what is asked is what was just compiled
 */
export function kernelEngine(templates: Templates = readTemplates(), way: Way = 'planned', cache?: string): Engine {
  const clang = findClang();
  const start = startElsewhere();
  const cached = cache === undefined ? {} : { cache: true, environment: { PKTC_CACHE_DIR: cache } };
  return async (program) => {
    const plan = planFor(program, way);
    const loaded = load(await artifactOf(plan, templates, { clang: await clang, start, ...cached }));
    let before = loaded.counters();
    return {
      classifier: plan.classifier.name,
      decide(frame, about) {
        const result = testRun(loaded, frame, about);
        if (result === null) return null;
        const after = loaded.counters();
        const rules = program.rules
          .map((rule) => rule.index)
          .filter((index) => after[index]?.packets !== before[index]?.packets);
        before = after;
        return { verdict: verdictOf(program, rules, result), rules, mark: result.mark };
      },
      totals: () => loaded.counters().map(({ packets, bytes }) => ({ packets: Number(packets), bytes: Number(bytes) })),
      refused: () => loaded.sets.map((set) => set.state().refused),
      [Symbol.dispose]: () => loaded.close(),
    };
  };
}

/** null: BPF_PROG_TEST_RUN does not take this frame. */
function testRun(loaded: LoadedProgram, frame: Uint8Array, about: PacketAbout): TestRunResult | null {
  const at = loaded.manifest.programs.find((one) => one.at.endsWith(about.direction ?? ''))?.at;
  try {
    return loaded.testRun(frame, {
      mark: about.mark ?? 0,
      iface: about.iface ?? null,
      ...(about.time_ns === undefined ? {} : { time_ns: about.time_ns }),
      ...(at === undefined ? {} : { at }),
    });
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'PKT6009') return null;
    throw error;
  }
}

/** The verdict of the rule that decided, when that is what happened to the packet. */
function verdictOf(program: Program, rules: readonly number[], { outcome, returnValue }: TestRunResult): Verdict {
  if (outcome === null) throw new Error(`the program returned ${returnValue}`);
  const decided = program.rules[rules.at(-1) ?? -1]?.actions.verdict ?? program.defaultVerdict;
  if (OUTCOMES[decided].includes(outcome)) return decided;
  return outcome === 'transmit' ? 'reject' : outcome;
}

/** @throws Error with what clang or the verifier says. */
export async function loadProgram(
  program: Program,
  templates: Templates = readTemplates(),
  clang?: Clang,
): Promise<LoadedProgram> {
  return load(await artifactOf(planFor(program, 'planned'), templates, clang === undefined ? {} : { clang }));
}

function planFor(program: Program, way: Way): Plan {
  const target = targetFor(program.hook);
  const { value, diagnostics } = planProgram(program, target, {
    flowLines: FLOW_LINES,
    ...(way === 'planned' ? {} : { classifier: way, tallies: program.rules.length % 2 === 0 }),
  });
  if (value !== null) return value;
  if (way === 'tree' && diagnostics.every(({ code }) => NO_TREE.has(code))) return planFor(program, 'planned');
  throw new Error(`not planned: ${told(diagnostics)}`);
}

async function artifactOf(plan: Plan, templates: Templates, options: BuildOptions): Promise<Artifact> {
  const built = await build(plan, emit(plan, templates), templates, { cache: false, ...options });
  if (built.value === null) {
    throw new Error(`not built: ${told(built.diagnostics)}`);
  }
  return built.value;
}

const told = (diagnostics: readonly Diagnostic[]): string =>
  diagnostics.map(({ code, message, help }) => `${code}: ${message}\n${help ?? ''}`).join('\n');

function load(artifact: Artifact): LoadedProgram {
  try {
    return loadArtifact(artifact, { offline: true });
  } catch (error) {
    const log = error instanceof RuntimeError ? (error.verifierLog ?? '') : '';
    throw new Error(`not loaded: ${String(error)}\n${log.trimEnd().split('\n').slice(-LOG_LINES).join('\n')}`);
  }
}
