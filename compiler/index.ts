/** From a rule file to an artifact: six phases, each a pure function but the last, which starts clang. */
import type { HookName } from '../grammar/fields/field.ts';
import type { SourceFile } from '../grammar/source.ts';
import type { Artifact } from '../runtime/abi/manifest.ts';
import { createReadingMemo, type ReadingMemo, readWith } from './1-parse/read-again.ts';
import type { Program } from './2-resolve/program.ts';
import { resolve } from './2-resolve/resolve.ts';
import type { KnownTemplates } from './2-resolve/rule-template.ts';
import type { ReferencedFiles } from './2-resolve/sources.ts';
import { check } from './3-check/check.ts';
import { type BoxesMemo, createBoxesMemo } from './4-plan/boxes/boxes-again.ts';
import type { Plan } from './4-plan/plan.ts';
import { type PlanOptions, planProgram } from './4-plan/plan-program.ts';
import { createTreesMemo, type TreesMemo } from './4-plan/tree/build-trees.ts';
import { type Emission, emit } from './5-emit/emit.ts';
import { type BuildOptions, build } from './6-build/build.ts';
import { readTemplates } from './6-build/templates.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import { resolveTests } from './rule-tests/resolve-tests.ts';
import type { RuleTest } from './rule-tests/rule-test.ts';
import { targetFor } from './targets/target.ts';

export interface AnalyseOptions {
  /** Takes the place of the file's own `hook`; null: as the file says, else `xdp`. */
  readonly hook: HookName | null;
  /** What `include` and `set … from` lead to; none where nobody has looked for files. */
  readonly files?: ReferencedFiles;
  /** What the planner is not to choose itself. */
  readonly planning?: PlanOptions | undefined;
  /** What the analysis before left, of the same files as they were; what has not changed is not read again. */
  readonly memo?: AnalysisMemo | undefined;
  /** Told when a phase begins, for whoever waits. */
  readonly onPhase?: ((phase: Phase) => void) | undefined;
}

export type Phase = 'read' | 'resolve' | 'check' | 'plan' | 'emit' | 'build';

/** What one analysis of a file leaves for the next; the caller keeps it, and it keeps the file's rules. */
export interface AnalysisMemo extends ReadingMemo {
  readonly templates: KnownTemplates;
  readonly trees: TreesMemo;
  readonly boxes: BoxesMemo;
}

export function createAnalysisMemo(): AnalysisMemo {
  return { ...createReadingMemo(), templates: new WeakMap(), trees: createTreesMemo(), boxes: createBoxesMemo() };
}

export interface CompileOptions extends BuildOptions, AnalyseOptions {}

/** What the phases that only look at the rules made, as far as they got; with any error there is no plan. */
export interface Analysis {
  readonly program: Program;
  readonly plan: Plan | null;
  /** The file's `test` statements, those without mistakes; the program knows nothing of them. */
  readonly tests: readonly RuleTest[];
  /** In the order of the files and of their places. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface Compilation extends Analysis {
  readonly emission: Emission | null;
  readonly artifact: Artifact | null;
}

/** Parse, resolve, check, plan: everything that can be wrong with the rules. Pure; never throws on what a rule file says. */
export function analyse(source: SourceFile, options: AnalyseOptions): Analysis {
  const { hook, files, planning, memo, onPhase = () => {} } = options;
  onPhase('read');
  const readings = memo ?? createReadingMemo();
  const read = (file: SourceFile) => readWith(readings, file);
  const reading = read(source);
  onPhase('resolve');
  const { value: program, diagnostics: inNames } = resolve(reading, source, {
    hook,
    read,
    templates: memo?.templates,
    ...(files && { files }),
  });
  const { value: tests, diagnostics: inTests } = resolveTests(reading.statements, source, program);
  onPhase('check');
  const found = [...reading.diagnostics, ...inNames, ...check(program), ...inTests];
  const looked = { program, tests };
  if (hasErrors(found)) return { ...looked, plan: null, diagnostics: inOrder(found, program) };
  onPhase('plan');
  const { value: plan, diagnostics: inPlan } = planProgram(program, targetFor(program.hook), {
    ...planning,
    trees: memo?.trees,
    boxes: memo?.boxes,
  });
  return { ...looked, plan, diagnostics: inOrder([...found, ...inPlan], program) };
}

/** All six phases. Throws only when files of the installation are missing. */
export async function compile(source: SourceFile, options: CompileOptions): Promise<Compilation> {
  const analysis = analyse(source, options);
  if (analysis.plan === null) return { ...analysis, emission: null, artifact: null };
  options.onPhase?.('emit');
  const templates = readTemplates();
  const emission = emit(analysis.plan, templates);
  options.onPhase?.('build');
  const { value: artifact, diagnostics } = await build(analysis.plan, emission, templates, options);
  return { ...analysis, emission, artifact, diagnostics: [...analysis.diagnostics, ...diagnostics] };
}

/** Errors and warnings of one file and place belong together, whichever phase found them. */
function inOrder(diagnostics: readonly Diagnostic[], { source, files = [source] }: Program): readonly Diagnostic[] {
  const rank = new Map(files.map((file, index) => [file, index]));
  const fileOf = (one: Diagnostic) =>
    one.primary === null ? files.length + 1 : (rank.get(one.primary.source) ?? files.length);
  const place = (one: Diagnostic) => one.primary?.span.start ?? 0;
  return [...diagnostics].sort((a, b) => fileOf(a) - fileOf(b) || place(a) - place(b));
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((one) => one.severity === 'error');
}
