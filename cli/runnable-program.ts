/** What `run` and `replay` were given, as a program in the kernel. */
import type { HookName } from '../grammar/fields/field.ts';
import type { SourceFile } from '../grammar/source.ts';
import type { LoadedProgram } from '../runtime/load.ts';
import { readArtifact } from './artifact-files.ts';
import { compileSource } from './compile-source.ts';
import type { ExitCode } from './exit-code.ts';
import { readRuleSource } from './rule-source.ts';
import type { Terminal } from './terminal.ts';

export type RunnableProgram =
  | { readonly kind: 'file'; readonly file: string }
  /** Rules from the command line. */
  | { readonly kind: 'rules'; readonly texts: readonly string[] };

export type Loading = { readonly loaded: LoadedProgram } | { readonly exit: ExitCode };

/** Compiles where that is needed, and loads. Diagnostics have been printed when there is an exit code. @throws RuntimeError */
export async function loadProgram(rules: RunnableProgram, hook: HookName | null, terminal: Terminal): Promise<Loading> {
  const { loadArtifact } = await import('../runtime/load.ts');
  if (rules.kind === 'file' && rules.file.endsWith('.bpf.o')) return { loaded: loadArtifact(await readArtifact(rules.file)) };
  const source = rules.kind === 'file' ? await readRuleSource(rules.file) : sourceOf(rules.texts);
  const compiled = await compileSource(source, hook, terminal);
  if (compiled.artifact === null) return { exit: compiled.exit };
  return { loaded: loadArtifact(compiled.artifact) };
}

/** Like tcpdump, a condition alone is enough: without an action it logs. */
export function sourceOf(texts: readonly string[]): SourceFile {
  const rules = texts.map((text) =>
    /^\s*(?:[\w.-]+:\s*)?match\b/.test(text) && !text.includes('->') ? `${text} -> log` : text,
  );
  return { name: '<expr>', text: `${rules.join('\n')}\n` };
}
