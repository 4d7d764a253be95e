/** `compile-once.ts KIND SIZE INTERFACE`: one set of rules through the compiler, into the kernel and to work; prints what it took as JSON. */
import { type AnalysisMemo, compile, createAnalysisMemo } from '../compiler/index.ts';
import { attach } from '../runtime/attach.ts';
import { loadArtifact } from '../runtime/load.ts';
import { medianOf } from '../runtime/timing/time-in-turn.ts';
import { type BenchRule, rulesText } from './rule.ts';
import { generatedSet } from './rule-sets.ts';

export interface Phases {
  /** A code; the rest is null then. */
  readonly refused?: string;
  readonly compile_ms: number | null;
  readonly cached_ms: number | null;
  readonly load_ms: number | null;
  readonly attach_ms: number | null;
  readonly ready_ms: number | null;
  readonly recompile_ms: number | null;
  readonly update_ms: number | null;
  /** `replaced`: the data; `switched`: the program. */
  readonly update: string | null;
  /** Counters of all rules, once. */
  readonly counters_ms: number | null;
  readonly memory_mb: number;
}

const TIMES = 3;

async function timed<T>(work: () => T | Promise<T>): Promise<readonly [number, T]> {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}

/** With another verdict for one rule in the middle. */
function changed(rules: readonly BenchRule[], turn: number): readonly BenchRule[] {
  const at = Math.floor(rules.length / 2) + turn;
  return rules.map((rule, index) => (index === at ? { ...rule, verdict: rule.verdict === 'drop' ? 'pass' : 'drop' } : rule));
}

async function phasesOf(kind: string, size: number, ifname: string): Promise<Phases> {
  const { rules } = generatedSet(kind, size);
  const compileRules = (of: readonly BenchRule[], memo?: AnalysisMemo) => {
    const text = rulesText(of, { default: 'pass' });
    return () => compile({ name: 'bench.rules', text }, { hook: null, memo });
  };
  // Changes are compiled as `run --watch` does it: with what the time before left.
  const memo = createAnalysisMemo();
  const [compile_ms, first] = await timed(compileRules(rules, memo));
  const artifact = first.artifact;
  const none = {
    cached_ms: null,
    load_ms: null,
    attach_ms: null,
    ready_ms: null,
    recompile_ms: null,
    update_ms: null,
    update: null,
    counters_ms: null,
  };
  const memory_mb = () => process.resourceUsage().maxRSS / 1024;
  if (artifact === null) {
    const refused = first.diagnostics.find(({ severity }) => severity === 'error')?.code ?? 'no program';
    return { refused, compile_ms: null, ...none, memory_mb: memory_mb() };
  }
  const times: Record<'cached' | 'load' | 'attach' | 'recompile' | 'update' | 'counters', number[]> = {
    cached: [],
    load: [],
    attach: [],
    recompile: [],
    update: [],
    counters: [],
  };
  let update: string | null = null;
  const again = compileRules(rules);
  for (let turn = 0; turn < TIMES; turn++) {
    times.cached.push((await timed(again))[0]);
    const [load_ms, other] = await timed(() => loadArtifact(artifact));
    times.load.push(load_ms);
    times.attach.push((await timed(() => attach(other, ifname, 'native')))[0]);
    other.close();
  }
  // One after another, as from an editor; their texts are there, as a file's is.
  const changes = Array.from({ length: TIMES }, (_, turn) => compileRules(changed(rules, turn), memo));
  const loaded = loadArtifact(artifact);
  try {
    for (const change of changes) {
      const [recompile_ms, { artifact: next }] = await timed(change);
      times.recompile.push(recompile_ms);
      if (next === null) throw new Error('the changed rules do not compile');
      const [update_ms, how] = await timed(() => loaded.update(next));
      times.update.push(update_ms);
      update = how;
      times.counters.push((await timed(() => loaded.counters()))[0]);
    }
  } finally {
    loaded.close();
  }
  const [cached_ms, load_ms, attach_ms] = [medianOf(times.cached), medianOf(times.load), medianOf(times.attach)];
  const [recompile_ms, update_ms] = [medianOf(times.recompile), medianOf(times.update)];
  const counters_ms = medianOf(times.counters);
  return {
    compile_ms,
    cached_ms,
    load_ms,
    attach_ms,
    ready_ms: cached_ms + load_ms + attach_ms,
    recompile_ms,
    update_ms,
    update,
    counters_ms,
    memory_mb: memory_mb(),
  };
}

const [kind = '', size = '', ifname = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await phasesOf(kind, Number(size), ifname)));
