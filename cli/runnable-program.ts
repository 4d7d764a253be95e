/** What `run` and `replay` were given, as a program in the kernel. */
import type { Sources } from '../compiler/2-resolve/sources.ts';
import type { PlanOptions } from '../compiler/4-plan/plan-program.ts';
import type { AnalysisMemo } from '../compiler/index.ts';
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

export interface PrepareOptions {
  readonly hook: HookName | null;
  readonly planning: PlanOptions;
  /** What the time before left, of the same rules as they were. */
  readonly memo?: AnalysisMemo;
  /** Told what has been read, before it is compiled. */
  readonly onSources?: (sources: Sources) => void;
}

/** Reads what is compiled, compiles what is not. Diagnostics have been printed when there is an exit code. @throws Failure */
export async function prepareProgram(rules: RunnableProgram, terminal: Terminal, options: PrepareOptions): Promise<Prepared> {
  if (rules.kind === 'file' && isCompiled(rules.file)) return { artifact: await readArtifact(rules.file) };
  const sources = await sourcesOf(rules);
  options.onSources?.(sources);
  const { hook, planning, memo } = options;
  const compiled = await compileSource(sources, hook, terminal, { planning, memo });
  return compiled.artifact === null ? { exit: compiled.exit } : { artifact: compiled.artifact };
}

/** What `pktc compile` made. */
export function isCompiled(file: string): boolean {
  return file.endsWith('.bpf.o');
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
