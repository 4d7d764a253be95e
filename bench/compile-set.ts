/** Rules of the bench, through the compiler and into the kernel. */
import type { Plan } from '../compiler/4-plan/plan.ts';
import { compile } from '../compiler/index.ts';
import type { HookName } from '../grammar/fields/field.ts';
import type { Artifact } from '../runtime/abi/manifest.ts';
import { type BenchRule, rulesText } from './rule.ts';

export type CompiledSet =
  | { readonly ok: true; readonly artifact: Artifact; readonly plan: Plan }
  /** What the compiler said instead. */
  | { readonly ok: false; readonly why: string };

export interface CompileSetOptions {
  /** Takes the place of the rules' own, and of the default. */
  readonly verdict?: 'drop' | 'pass';
  /** Default: where the planner wants it. */
  readonly flowCache?: boolean | undefined;
}

export async function compileSet(
  rules: readonly BenchRule[],
  hook: HookName,
  { verdict, flowCache }: CompileSetOptions = {},
): Promise<CompiledSet> {
  const text = rulesText(rules, verdict === undefined ? { default: 'pass', hook } : { default: verdict, verdict, hook });
  const { artifact, plan, diagnostics } = await compile({ name: 'bench.rules', text }, { hook: null, planning: { flowCache } });
  if (artifact !== null && plan !== null) return { ok: true, artifact, plan };
  const error = diagnostics.find(({ severity }) => severity === 'error');
  return { ok: false, why: error === undefined ? 'no program' : error.code };
}
