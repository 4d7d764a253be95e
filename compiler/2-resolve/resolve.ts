import type { LetStatement, Statement } from '../../grammar/ast.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { judgeAddress, judgeAddressRange } from '../../grammar/values/address.ts';
import { judgeMac } from '../../grammar/values/mac.ts';
import { shapeOf } from '../../grammar/values/shape.ts';
import { judgeText } from '../../grammar/values/text.ts';
import type { Diagnostic, Outcome } from '../diagnostics/diagnostic.ts';
import { type Context, createReport } from './context.ts';
import { blockSets, type DeclaredSet, readDynamicSet } from './dynamic-sets.ts';
import { type FileReading, include, type ReadFile } from './include.ts';
import { collectNames, type NameTable, scalarsOf } from './names.ts';
import { rulesAhead, withDeciders } from './own-rules.ts';
import { localized } from './placed.ts';
import type { Program } from './program.ts';
import { resolveRules } from './resolve-rules.ts';
import type { KnownTemplates } from './rule-template.ts';
import { createSetReader } from './set-statement.ts';
import { resolveDefault, resolveHook } from './setting.ts';
import type { ReferencedFiles } from './sources.ts';
import { accept } from './value-problem.ts';

export interface ResolveOptions {
  /** Overrides what the file says; null: the file decides, xdp when it does not. */
  readonly hook: HookName | null;
  /** What `include` and `set … from` lead to; none where nobody has looked for files. */
  readonly files?: ReferencedFiles;
  /** Reads included files, where the caller knows how to do that faster. */
  readonly read?: ReadFile | undefined;
  /** What the rules of the shapes of these files came to before. */
  readonly templates?: KnownTemplates | undefined;
}

/**
 * The second phase: files put together, names, types and values. Never throws. Rules with errors are left out of the program, so
 * the caller must not go on to plan when there is an error among the diagnostics.
 */
export function resolve(file: FileReading, main: SourceFile, options: ResolveOptions): Outcome<Program> {
  const files = options.files ?? new Map();
  const { value: assembly, diagnostics: inFiles } = include(file, main, files, options.read);
  const { whole, statements: everything } = assembly;
  const statements = everything.filter((statement) => statement.kind !== 'rows');
  const { source } = whole;
  const { report, diagnostics } = createReport(source);
  const sets = createSetReader(whole, files, report);
  const names = collectNames(statements, source, report, sets.read);
  const context: Context = { source, report, names };
  const declared = declareSets(context, names, statements);
  const { hook, span } = resolveHook(context, statements);
  const defaultVerdict = resolveDefault(context, statements);
  for (const statement of statements) if (statement.kind === 'let') judgeLet(context, statement);
  const ahead = rulesAhead(whole, declared);
  const named = declared.length > 0 || statements.some(({ kind }) => kind === 'let' || kind === 'set');
  const templates = (named ? undefined : options.templates) ?? new WeakMap();
  const ruled = resolveRules(context, whole, everything, ahead, templates);
  const { rules, sets: dynamicSets } = withDeciders(whole, ruled, declared);
  names.reportUnused(report);
  const told = diagnostics.toSorted(byPlace).map((one) => localized(whole, one));
  const all = [...inFiles, ...told, ...sets.diagnostics];
  const complete =
    !statements.some((statement) => statement.kind === 'error') && !all.some(({ severity }) => severity === 'error');
  return {
    value: {
      source: main,
      hook: options.hook ?? hook,
      hookSpan: options.hook === null ? span : null,
      defaultVerdict,
      rules,
      files: [...whole.files.map((placed) => placed.source), ...sets.sources()],
      sets: sets.lists,
      ...(dynamicSets.length === 0 ? {} : { dynamicSets }),
      ...(complete ? {} : { partial: true }),
    },
    diagnostics: all,
  };
}

/** Sets that rules fill, those of `block` behind those that are declared. */
function declareSets(context: Context, names: NameTable, statements: readonly Statement[]): readonly DeclaredSet[] {
  const declared: DeclaredSet[] = [];
  for (const statement of names.keyed) {
    const set = statement.key && readDynamicSet(context, statement, statement.key, declared.length);
    names.declare(statement.name.text, set);
    if (set !== null) declared.push(set);
  }
  const rules = statements.filter((statement) => statement.kind === 'rule');
  for (const set of blockSets(rules, declared.length)) {
    names.declare(set.name, set);
    declared.push(set);
  }
  return declared;
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (a.primary?.span.start ?? 0) - (b.primary?.span.start ?? 0);
}

/** What can be said of a value before a field takes it: addresses and strings are what they are. */
function judgeLet(context: Context, { value }: LetStatement): void {
  if (value.kind === 'list' && value.items.length === 0) {
    context.report('PKT2017', {}, value.span, 'no values', { help: 'list a value, or delete the name' });
  }
  for (const scalar of scalarsOf(value)) {
    if (scalar.kind === 'string') {
      const judged = judgeText(scalar.text);
      const start = scalar.span.start + 1;
      if (judged.ok) continue;
      const { problem } = judged;
      const place = { start: start + problem.start, end: start + problem.end };
      context.report('PKT2115', { text: `"${scalar.text}"` }, place, problem.label, { help: problem.help });
    } else if (scalar.kind === 'literal') {
      const shape = shapeOf(scalar.text);
      if (shape === 'an IPv4 address' || shape === 'an IPv6 address') {
        accept(context, scalar, scalar.to ? judgeAddressRange(scalar.text, scalar.to.text) : judgeAddress(scalar.text));
      }
      if (shape === 'a MAC address' && scalar.to === null) accept(context, scalar, judgeMac(scalar.text));
    }
  }
}
