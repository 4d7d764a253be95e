import type { LetStatement, RuleStatement, Statement, SyntaxFile } from '../../grammar/ast.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { judgeAddress, judgeAddressRange } from '../../grammar/values/address.ts';
import { judgeDuration } from '../../grammar/values/duration.ts';
import { judgeMac } from '../../grammar/values/mac.ts';
import { shapeOf } from '../../grammar/values/shape.ts';
import { judgeText } from '../../grammar/values/text.ts';
import type { Diagnostic, Outcome } from '../diagnostics/diagnostic.ts';
import { countCharacters, lineAt, lineStarts } from '../diagnostics/position.ts';
import { resolveActions } from './actions.ts';
import { resolveCondition } from './condition.ts';
import { type Context, createReport } from './context.ts';
import { createIdentities } from './identity.ts';
import { collectNames, scalarsOf } from './names.ts';
import type { Program, Rule } from './program.ts';
import { resolveDefault, resolveHook } from './setting.ts';
import { accept } from './value-problem.ts';

export interface ResolveOptions {
  /** Overrides what the file says; null: the file decides, xdp when it does not. */
  readonly hook: HookName | null;
}

/**
 * The second phase: names, types and values. Never throws. Rules with errors are left out of the program, so the caller must not
 * go on to plan when there is an error among the diagnostics.
 */
export function resolve(file: SyntaxFile, source: SourceFile, options: ResolveOptions): Outcome<Program> {
  const { report, diagnostics } = createReport(source);
  const names = collectNames(file.statements, source, report);
  const context: Context = { source, report, names };
  const { hook, span } = resolveHook(context, file.statements);
  const defaultVerdict = resolveDefault(context, file.statements);
  for (const statement of file.statements) reportLater(context, statement);
  for (const statement of file.statements) if (statement.kind === 'let') judgeLet(context, statement);
  const rules = resolveRules(context, file.statements);
  names.reportUnused(report);
  const complete =
    !file.statements.some((statement) => statement.kind === 'error') &&
    !diagnostics.some(({ severity }) => severity === 'error');
  return {
    value: {
      source,
      hook: options.hook ?? hook,
      hookSpan: options.hook === null ? span : null,
      defaultVerdict,
      rules,
      ...(complete ? {} : { partial: true }),
    },
    diagnostics: diagnostics.toSorted(byPlace),
  };
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (a.primary?.span.start ?? 0) - (b.primary?.span.start ?? 0);
}

/** Statements of the language that this version does not carry out. */
function reportLater(context: Context, statement: Statement): void {
  const word = { start: statement.span.start, end: statement.span.start + statement.kind.length };
  if (statement.kind === 'include' || statement.kind === 'set') {
    const what = `the statement \`${statement.kind}\``;
    context.report('PKT2008', { what }, word, 'part of the language, but not of this version');
  }
}

/** A name mentioned where this version does not look is not "never used". */
function useNames(context: Context, text: string, { span }: RuleStatement): void {
  for (const word of text.slice(span.start, span.end).match(/[A-Za-z_][\w.-]*/g) ?? []) context.names.use(word);
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

function resolveRules(context: Context, statements: readonly Statement[]): readonly Rule[] {
  const rules: Rule[] = [];
  const nameOf = createRuleNames(context);
  const identityOf = createIdentities();
  for (const statement of statements) {
    if (statement.kind !== 'rule') continue;
    const { line, name } = nameOf(statement);
    const identity = identityOf(statement);
    const condition = resolveCondition(context, statement.condition);
    const actions = resolveActions(context, statement.actions);
    const oneStep = !statement.steps || reportSteps(context, statement.steps);
    if (condition === null || actions === null || name === null || !oneStep) {
      useNames(context, context.source.text, statement);
      continue;
    }
    const { span, label } = statement;
    rules.push({
      index: rules.length,
      name,
      label: label?.text ?? null,
      identity,
      source: context.source,
      span,
      line,
      condition,
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

/** Names rules: the label, or the place `file.rules:12`, with a column from the second on one line. Null: the label is taken. */
function createRuleNames(context: Context): (rule: RuleStatement) => { readonly line: number; readonly name: string | null } {
  const { source, report } = context;
  const starts = lineStarts(source.text);
  const labels = new Map<string, RuleStatement['label'] & object>();
  const lines = new Set<number>();
  const file = source.name.slice(source.name.lastIndexOf('/') + 1);
  return ({ label, span }) => {
    const line = lineAt(starts, span.start) + 1;
    if (label) {
      const earlier = labels.get(label.text);
      if (!earlier) {
        labels.set(label.text, label);
        return { line, name: label.text };
      }
      report('PKT2009', { label: label.text }, label.span, 'given again', {
        related: [{ source, span: earlier.span, text: 'first given here' }],
        help: 'a label names one rule in events and counters',
      });
      return { line, name: null };
    }
    const column = countCharacters(source.text, starts[line - 1] ?? 0, span.start) + 1;
    const name = lines.has(line) ? `${file}:${line}:${column}` : `${file}:${line}`;
    lines.add(line);
    return { line, name };
  };
}
