/** The rules of a program: those that were parsed one by one, those of a known shape by its template. */
import type { RuleStatement, Statement } from '../../grammar/ast.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { judgeDuration } from '../../grammar/values/duration.ts';
import { moved, movedSyntax } from '../1-parse/moved.ts';
import { parseStatement } from '../1-parse/parse.ts';
import type { Rows } from '../1-parse/rows.ts';
import { split } from '../1-parse/split.ts';
import { createWalk, type Walk } from '../1-parse/walk-shape.ts';
import { resolveActions } from './actions.ts';
import { resolveCondition } from './condition.ts';
import type { Context } from './context.ts';
import { type Crowd, createCrowd } from './crowd.ts';
import { createIdentities, crowdWord, hashOfPieces, hashOfRule, type Identities, identityText } from './identity.ts';
import type { RowRun } from './include.ts';
import { inBounds } from './open-predicate.ts';
import type { OwnRules } from './own-rules.ts';
import { fileAt, movedActions, movedExpression, type PlacedFile, type Whole } from './placed.ts';
import type { Rule } from './program.ts';
import { type RuleTable, ruleOfRow } from './row-rule.ts';
import { createRuleNames, type RuleNames } from './rule-names.ts';
import { type KnownTemplates, type KnownWays, type Template, templateOf } from './rule-template.ts';
import { accept } from './value-problem.ts';

interface Resolving {
  readonly context: Context;
  readonly whole: Whole;
  readonly rules: Rule[];
  readonly names: RuleNames;
  readonly identities: Identities;
  readonly tables: Map<Rows, OpenTable>;
  readonly templates: KnownTemplates;
  /** Hashes of the rules that were parsed, as far as anybody has asked. */
  readonly hashes: Map<RuleStatement, ReturnType<typeof hashOfRule>>;
}

interface OpenTable extends RuleTable {
  /** `undefined`: nobody has asked yet. */
  readonly templates: (Template | null | undefined)[] & RuleTable['templates'];
  readonly ways: KnownWays;
  readonly walk: Walk;
}

/**
 * @param own rules that the compiler puts round those of the file
 * @param templates known from before; those that are found out are added
 */
export function resolveRules(
  context: Context,
  whole: Whole,
  statements: readonly (Statement | RowRun)[],
  own: OwnRules,
  templates: KnownTemplates,
): readonly Rule[] {
  const names = createRuleNames(context, whole);
  for (const label of own.labels) names.take(label);
  const expected = statements.reduce((sum, one) => sum + (one.kind === 'rows' ? one.end - one.from : 1), 0);
  const tables = new Map<Rows, OpenTable>();
  const hashes: Resolving['hashes'] = new Map();
  const hashing: Hashing = { context, names, tables, templates, hashes };
  const identities = createIdentities(expected, crowdOf(hashing, statements, expected));
  const rules = [...own.ahead];
  const resolving: Resolving = { ...hashing, whole, rules, identities };
  for (const statement of statements) {
    if (statement.kind === 'rule') resolveRule(resolving, statement);
    else if (statement.kind === 'rows') resolveRun(resolving, statement);
  }
  return resolving.rules;
}

type Hashing = Pick<Resolving, 'context' | 'names' | 'tables' | 'templates' | 'hashes'>;

/** With so many rules it is worth knowing whose hash is met once. */
const CROWD = 1000;

/** The hashes of all rules without a label; null: those of some are known when they are resolved. */
function crowdOf(hashing: Hashing, statements: readonly (Statement | RowRun)[], expected: number): Crowd | null {
  if (expected < CROWD) return null;
  const crowd = createCrowd(expected);
  for (const statement of statements) {
    if (statement.kind === 'rule' && statement.label === null) {
      const hash = hashOfRule(statement);
      hashing.hashes.set(statement, hash);
      crowd.add(crowdWord(hash.a, hash.b));
    } else if (statement.kind === 'rows') {
      if (!addRun(hashing, statement, crowd)) return null;
    }
  }
  return crowd;
}

/** False: a shape has no template, so that nothing is known of its rules. */
function addRun(hashing: Hashing, run: RowRun, crowd: Crowd): boolean {
  const { rows } = run;
  const table = tableOf(hashing, run);
  const places: number[] = [];
  for (let row = run.from; row < run.end; row += 1) {
    const template = templateFor(hashing, table, rows.shape[row] as number);
    if (template === null) return false;
    if (template.shape.labelled) continue;
    hashRow(table, template, row, places);
    crowd.add(crowdWord(rows.hashes[2 * row] as number, rows.hashes[2 * row + 1] as number));
  }
  return true;
}

function resolveRule({ context, whole, rules, names, identities, hashes }: Resolving, statement: RuleStatement): void {
  const { line, name } = names.nameOf(statement);
  const { label } = statement;
  const hash = label === null ? (hashes.get(statement) ?? hashOfRule(statement)) : null;
  if (label !== null) identities.ofLabel(label.text, 0, label.text.length);
  if (hash !== null) identities.ofHash(hash.a, hash.b);
  const identity = identityText(identities.last.a, identities.last.b);
  const condition = resolveCondition(context, statement.condition);
  const actions = resolveActions(context, statement.actions);
  const oneStep = !statement.steps || reportSteps(context, statement.steps);
  if (condition === null || actions === null || name === null || !oneStep) {
    useNames(context, statement);
    return;
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
    actions: movedActions(actions, -base),
  });
}

function resolveRun(resolving: Resolving, run: RowRun): void {
  const { rules } = resolving;
  const { rows, file } = run;
  const table = tableOf(resolving, run);
  const places: number[] = [];
  for (let row = run.from; row < run.end; row += 1) {
    const template = templateFor(resolving, table, rows.shape[row] as number);
    const known =
      template !== null &&
      inBounds(template.open, rows.values, rows.valueAt[row] ?? 0) &&
      (!template.shape.labelled || takeLabel(resolving.names, rows, row, file));
    if (known) {
      identify(resolving, table, template, row, places);
      rules.push(ruleOfRow(rules.length, table, row));
    } else {
      const statement = ruleAt(file.source, rows.start[row] ?? 0);
      if (statement !== null) resolveRule(resolving, movedSyntax(statement, file.base));
    }
  }
}

/** null: its rules are resolved one by one. */
function templateFor({ templates, context }: Hashing, table: OpenTable, number: number): Template | null {
  const template = table.templates[number];
  return template === undefined ? findTemplate(templates, context, table, number) : template;
}

function findTemplate(known: KnownTemplates, { names }: Context, table: OpenTable, number: number): Template | null {
  const shape = table.rows.tree.shapes[number];
  const before = shape && known.get(shape);
  const template = before ?? (shape === undefined || before === null ? null : templateOf(shape, table.walk, names, table.ways));
  if (shape) known.set(shape, template);
  table.templates[number] = template;
  return template;
}

function tableOf({ tables, names }: Hashing, { rows, file }: RowRun): OpenTable {
  const known = tables.get(rows);
  if (known) return known;
  const { source, lines } = file;
  const identities = new Int32Array(2 * rows.count);
  const title = names.titleOf(file);
  const walk = createWalk(rows.tree);
  const table: OpenTable = {
    source,
    rows,
    lines,
    identities,
    identityTexts: null,
    templates: [],
    ways: new Map(),
    title,
    walk,
  };
  tables.set(rows, table);
  return table;
}

/** False: another rule has it. */
function takeLabel(names: RuleNames, { start, places, placeAt }: Rows, row: number, { source, base }: PlacedFile): boolean {
  const from = start[row] ?? 0;
  const end = from + (places[(placeAt[row] ?? 0) + 1] ?? 0) - 1;
  return names.take({ text: source.text.slice(from, end), span: { start: base + from, end: base + end } });
}

/** What {@link resolveRule} says of the same rule. */
function identify({ identities }: Resolving, table: RuleTable, template: Template, row: number, places: number[]): void {
  const { source, rows, identities: given } = table;
  if (template.shape.labelled) {
    const start = rows.start[row] ?? 0;
    identities.ofLabel(source.text, start, start + (rows.places[(rows.placeAt[row] ?? 0) + 1] ?? 0) - 1);
  } else {
    hashRow(table, template, row, places);
    identities.ofHash(rows.hashes[2 * row] ?? 0, rows.hashes[2 * row + 1] ?? 0);
  }
  given[2 * row] = identities.last.a;
  given[2 * row + 1] = identities.last.b;
}

/** Notes what {@link hashOfRule} says of the same rule. @param places room for those of its literals */
function hashRow({ source, rows }: RuleTable, { words, literals, shared }: Template, row: number, places: number[]): void {
  const { hashes } = rows;
  if (hashes[2 * row] !== 0 || hashes[2 * row + 1] !== 0) return;
  const start = rows.start[row] ?? 0;
  const at = rows.placeAt[row] ?? 0;
  for (let index = 0; index < literals.length; index += 1) {
    const token = literals[index] ?? 0;
    places[2 * index] = start + (rows.places[at + 2 * token] ?? 0);
    places[2 * index + 1] = start + (rows.places[at + 2 * token + 1] ?? 0);
  }
  hashOfPieces(words, source.text, places, 2 * literals.length, shared, hashes, 2 * row);
}

/** The rule that is the rest of the line from `start` on, as syntax. */
function ruleAt(source: SourceFile, start: number): RuleStatement | null {
  const feed = source.text.indexOf('\n', start);
  const upTo = feed < 0 ? source.text : source.text.slice(0, feed);
  for (const tokens of split(upTo, () => {}, start)) {
    const read = parseStatement(source, tokens);
    return 'kind' in read && read.kind === 'rule' ? read : null;
  }
  return null;
}

/** A name mentioned where this version does not look is not "never used". */
function useNames(context: Context, { span }: RuleStatement): void {
  for (const word of context.source.text.slice(span.start, span.end).match(/[A-Za-z_][\w.-]*/g) ?? []) context.names.use(word);
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
