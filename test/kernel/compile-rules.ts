/** A rule file as an artifact, for tests of programs that run. */

import type { Program } from '../../compiler/2-resolve/program.ts';
import type { PlanOptions } from '../../compiler/4-plan/plan-program.ts';
import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { compile } from '../../compiler/index.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';

export async function compileRules(text: string, hook: HookName = 'xdp', planning: PlanOptions = {}): Promise<Artifact> {
  return (await compileBoth(text, hook, planning)).artifact;
}

/** The artifact, and what the interpreter needs to say what it ought to do. */
export async function compileBoth(
  text: string,
  hook: HookName = 'xdp',
  planning: PlanOptions = {},
): Promise<{ readonly artifact: Artifact; readonly program: Program }> {
  const { artifact, program, diagnostics } = await compile({ name: 'test.rules', text }, { hook, planning });
  if (artifact === null) throw new Error(renderDiagnostics(diagnostics, { color: false }));
  return { artifact, program };
}
