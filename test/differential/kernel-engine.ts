/** The compiled program in the kernel, asked through BPF_PROG_TEST_RUN. */
import type { Program } from '../../compiler/2-resolve/program.ts';
import { planProgram } from '../../compiler/4-plan/plan-program.ts';
import { emit } from '../../compiler/5-emit/emit.ts';
import type { Templates } from '../../compiler/5-emit/skeleton.ts';
import { build } from '../../compiler/6-build/build.ts';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import { xdp } from '../../compiler/targets/xdp.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';
import type { Engine } from './engine.ts';

/* enum xdp_action, include/uapi/linux/bpf.h */
const XDP_DROP = 1;
const XDP_PASS = 2;

const LOG_LINES = 12;

/** Past the object cache: what is asked is what was just compiled. The engine throws when clang or the verifier refuses. */
export function kernelEngine(templates: Templates = readTemplates()): Engine {
  return async (program) => {
    const loaded = await loadProgram(program, templates);
    let before = loaded.counters();
    return {
      decide(frame) {
        const { returnValue } = loaded.testRun(frame);
        if (returnValue !== XDP_DROP && returnValue !== XDP_PASS) {
          throw new Error(`the program returned ${returnValue}`);
        }
        const after = loaded.counters();
        const rules = program.rules
          .map((rule) => rule.index)
          .filter((index) => after[index]?.packets !== before[index]?.packets);
        before = after;
        return { verdict: returnValue === XDP_DROP ? 'drop' : 'pass', rules };
      },
      totals: () => loaded.counters().map(({ packets, bytes }) => ({ packets: Number(packets), bytes: Number(bytes) })),
      [Symbol.dispose]: () => loaded.close(),
    };
  };
}

/** @throws Error with what clang or the verifier says. */
export async function loadProgram(program: Program, templates: Templates = readTemplates()): Promise<LoadedProgram> {
  return load(await artifactOf(program, templates));
}

async function artifactOf(program: Program, templates: Templates): Promise<Artifact> {
  const plan = planProgram(program, xdp);
  if (plan.value === null) {
    throw new Error(`not planned: ${told(plan.diagnostics)}`);
  }
  const built = await build(plan.value, emit(plan.value, templates), templates, { cache: false });
  if (built.value === null) {
    throw new Error(`not built: ${told(built.diagnostics)}`);
  }
  return built.value;
}

const told = (diagnostics: readonly Diagnostic[]): string =>
  diagnostics.map(({ code, message, help }) => `${code}: ${message}\n${help ?? ''}`).join('\n');

function load(artifact: Artifact): LoadedProgram {
  try {
    return loadArtifact(artifact);
  } catch (error) {
    const log = error instanceof RuntimeError ? (error.verifierLog ?? '') : '';
    throw new Error(`not loaded: ${String(error)}\n${log.trimEnd().split('\n').slice(-LOG_LINES).join('\n')}`);
  }
}
