/** What `run` and `replay` were given, as a program in the kernel. */
import type { Sources } from '../compiler/2-resolve/sources.ts';
import type { PlanOptions } from '../compiler/4-plan/plan-program.ts';
import type { HookName } from '../grammar/fields/field.ts';
import type { SourceFile } from '../grammar/source.ts';
import type { Artifact } from '../runtime/abi/manifest.ts';
import { readArtifact } from './artifact-files.ts';
import { compileSource } from './compile-source.ts';
import type { ExitCode } from './exit-code.ts';
import { readSources } from './rule-source.ts';
import type { Terminal } from './terminal.ts';

export type RunnableProgram =
  | { readonly kind: 'file'; readonly file: string; readonly roots: readonly string[] }
  /** Rules from the command line. */
  | { readonly kind: 'rules'; readonly texts: readonly string[]; readonly roots: readonly string[] };

export type Prepared = { readonly artifact: Artifact } | { readonly exit: ExitCode };

/** Reads what is compiled, compiles what is not. Diagnostics have been printed when there is an exit code. */
export async function prepareProgram(
  rules: RunnableProgram,
  hook: HookName | null,
  terminal: Terminal,
  planning: PlanOptions = {},
): Promise<Prepared> {
  if (rules.kind === 'file' && rules.file.endsWith('.bpf.o')) return { artifact: await readArtifact(rules.file) };
  const compiled = await compileSource(await sourcesOf(rules), hook, terminal, { planning });
  return compiled.artifact === null ? { exit: compiled.exit } : { artifact: compiled.artifact };
}

/** Paths on the command line are relative to the current directory. */
async function sourcesOf(rules: RunnableProgram): Promise<Sources> {
  if (rules.kind === 'file') return readSources(rules.file, rules.roots);
  const { collectSources } = await import('./collect-sources.ts');
  return collectSources(sourceOf(rules.texts), { folder: '.', roots: rules.roots });
}

/** Like tcpdump, a condition alone is enough: without an action it logs. */
export function sourceOf(texts: readonly string[]): SourceFile {
  const rules = texts.map((text) =>
    /^\s*(?:[\w.-]+:\s*)?match\b/.test(text) && !text.includes('->') ? `${text} -> log` : text,
  );
  return { name: '<expr>', text: `${rules.join('\n')}\n` };
}
