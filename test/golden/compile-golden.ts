/** The programs of `cases/`, compiled; rules of a file that is called `tree…` are a tree, however few they are, and note packets when their number is even. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Program } from '../../compiler/2-resolve/program.ts';
import { planProgram } from '../../compiler/4-plan/plan-program.ts';
import { type Emission, emit } from '../../compiler/5-emit/emit.ts';
import { build } from '../../compiler/6-build/build.ts';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import { analyse, hasErrors } from '../../compiler/index.ts';
import { targetFor } from '../../compiler/targets/target.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';

export const CASES = path.join(import.meta.dirname, 'cases');

export function goldenFiles(): readonly string[] {
  return readdirSync(CASES).filter((file) => file.endsWith('.rules'));
}

export interface CompiledRules {
  readonly program: Program;
  readonly emission: Emission;
  readonly artifact: Artifact;
}

export function compileGolden(file: string): Promise<CompiledRules> {
  return compileRules(file, readFileSync(path.join(CASES, file), 'utf8'), file.startsWith('tree'));
}

/** @throws Error with what the compiler says about the rules. */
export async function compileRules(name: string, text: string, asTree: boolean): Promise<CompiledRules> {
  const { program, diagnostics } = analyse({ name, text }, { hook: null });
  const tree = { classifier: 'tree', tallies: program.rules.length % 2 === 0 } as const;
  const planned = planProgram(program, targetFor(program.hook), asTree ? tree : {});
  const found = [...diagnostics, ...planned.diagnostics];
  if (planned.value === null || hasErrors(found)) throw new Error(`${name}: ${found.map(({ message }) => message).join('\n')}`);
  const templates = readTemplates();
  const emission = emit(planned.value, templates);
  const built = await build(planned.value, emission, templates, {});
  if (built.value === null) throw new Error(`${name}: ${built.diagnostics.map(({ message }) => message).join('\n')}`);
  return { program, emission, artifact: built.value };
}
