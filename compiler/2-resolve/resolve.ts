import type { LetStatement, RuleStatement, Statement, SyntaxFile } from '../../grammar/ast.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { judgeAddress, judgeAddressRange } from '../../grammar/values/address.ts';
import { judgeDuration } from '../../grammar/values/duration.ts';
import { judgeMac } from '../../grammar/values/mac.ts';
import { shapeOf } from '../../grammar/values/shape.ts';
import { judgeText } from '../../grammar/values/text.ts';
import type { Diagnostic, Outcome } from '../diagnostics/diagnostic.ts';
import { resolveActions } from './actions.ts';
import { resolveCondition } from './condition.ts';
import { type Context, createReport } from './context.ts';
import { createIdentities } from './identity.ts';
import { include } from './include.ts';
import { collectNames, scalarsOf } from './names.ts';
import { fileAt, localized, moved, movedExpression, type Whole } from './placed.ts';
import type { Program, Rule } from './program.ts';
import { createRuleNames } from './rule-names.ts';
import { createSetReader } from './set-statement.ts';
import { resolveDefault, resolveHook } from './setting.ts';
import type { ReferencedFiles } from './sources.ts';
import { accept } from './value-problem.ts';

export interface ResolveOptions {
  /** Overrides what the file says; null: the file decides, xdp when it does not. */
  readonly hook: HookName | null;
  /** What `include` and `set … from` lead to; none where nobody has looked for files. */
  readonly files?: ReferencedFiles;
}

/**
 * The second phase: files put together, names, types and values. Never throws. Rules with errors are left out of the program, so
 * the caller must not go on to plan when there is an error among the diagnostics.
 */
export function resolve(file: SyntaxFile, main: SourceFile, options: ResolveOptions): Outcome<Program> {
  const files = options.files ?? new Map();
  const { value: assembly, diagnostics: inFiles } = include(file, main, files);
  const { whole, statements } = assembly;
  const { source } = whole;
  const { report, diagnostics } = createReport(source);
  const sets = createSetReader(whole, files, report);
  const names = collectNames(statements, source, report, sets.read);
  const context: Context = { source, report, names };
  const { hook, span } = resolveHook(context, statements);
  const defaultVerdict = resolveDefault(context, statements);
  for (const statement of statements) if (statement.kind === 'let') judgeLet(context, statement);
  const rules = resolveRules(context, whole, statements);
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
      ...(complete ? {} : { partial: true }),
    },
    diagnostics: all,
  };
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (a.primary?.span.start ?? 0) - (b.primary?.span.start ?? 0);
}

/** A name mentioned where this version does not look is not "never used". */
function useNames(context: Context, { span }: RuleStatement): void {
  for (const word of context.source.text.slice(span.start, span.end).match(/[A-Za-z_][\w.-]*/g) ?? []) context.names.use(word);
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

function resolveRules(context: Context, whole: Whole, statements: readonly Statement[]): readonly Rule[] {
  const rules: Rule[] = [];
  const nameOf = createRuleNames(context, whole);
  const identityOf = createIdentities();
  for (const statement of statements) {
    if (statement.kind !== 'rule') continue;
    const { line, name } = nameOf(statement);
    const identity = identityOf(statement);
    const condition = resolveCondition(context, statement.condition);
    const actions = resolveActions(context, statement.actions);
    const oneStep = !statement.steps || reportSteps(context, statement.steps);
    if (condition === null || actions === null || name === null || !oneStep) {
      useNames(context, statement);
      continue;
    }
    const { source, base } = fileAt(whole, statement.span.start);
    rules.push({
      index: rules.length,
      name,
      label: statement.label?.text ?? null,
      identity,
      source,
      span: moved(statement.span, -base),
      line,
      condition: movedExpression(condition, -base),
      actions,
    });
  }
  return rules;
}

function reportSteps(context: Context, steps: RuleStatement['steps'] & object): false {
  const { span, within } = steps;
  accept(context, within, judgeDuration(within.text));
  context.report(
    'PKT2008',
    { what: '`then … within`' },
    { start: span.start, end: span.start + 4 },
    'part of the language, but not of this version',
  );
  return false;
}
