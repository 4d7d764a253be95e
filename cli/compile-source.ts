import type { Sources } from '../compiler/2-resolve/sources.ts';
import type { PlanOptions } from '../compiler/4-plan/plan-program.ts';
import type { AnalysisMemo, Compilation } from '../compiler/index.ts';
import type { HookName } from '../grammar/fields/field.ts';
import type { SourceFile } from '../grammar/source.ts';
import { createCompileProgress } from './compile-progress.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { asSources, hasErrors, sayDiagnostics } from './front-end.ts';
import type { Terminal } from './terminal.ts';

export type Compiled = Compilation & {
  /** For when there is no artifact. */
  readonly exit: ExitCode;
};

/** Codes of a compiler that is missing or too old: nothing is wrong with the rules. */
const MACHINE_CODES: ReadonlySet<string> = new Set(['PKT5001', 'PKT5002', 'PKT5004']);

export interface CompileSourceOptions {
  /** false: they have been said before. */
  readonly warnings?: boolean;
  readonly planning?: PlanOptions;
  /** What the compilation before left, of the same files as they were. */
  readonly memo?: AnalysisMemo | undefined;
}

/** All phases; diagnostics go to stderr. */
export async function compileSource(
  sources: SourceFile | Sources,
  hook: HookName | null,
  terminal: Terminal,
  { warnings = true, planning, memo }: CompileSourceOptions = {},
): Promise<Compiled> {
  const { compile } = await import('../compiler/index.ts');
  const { main, files } = asSources(sources);
  const progress = createCompileProgress(terminal);
  const compilation = await compile(main, { hook, files, planning, memo, onPhase: progress.begin });
  progress.end();
  const { diagnostics } = compilation;
  await sayDiagnostics(warnings ? diagnostics : diagnostics.filter((one) => one.severity === 'error'), terminal);
  const onMachine = diagnostics.some((one) => MACHINE_CODES.has(one.code));
  return { ...compilation, exit: onMachine ? EXIT.machine : hasErrors(diagnostics) ? EXIT.rules : EXIT.ok };
}
