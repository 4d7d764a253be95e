/**
 * Rules that are rows of a table, seen as rules. A hundred thousand rules of plain objects are a hundred megabytes and a quarter
 * of a second; most of it nobody looks at. What is asked for is made then, of the template of the rule's shape.
 */
import type { SourceFile, Span } from '../../grammar/source.ts';
import type { ManifestRule } from '../../runtime/abi/manifest.ts';
import type { Rows } from '../1-parse/rows.ts';
import { type LineStarts, lineAt } from '../diagnostics/position.ts';
import { visible } from '../diagnostics/visible.ts';
import { IDENTITY_DIGITS, identityTexts } from './identity.ts';
import { rangesOf } from './open-predicate.ts';
import type { Expression, Rule, RuleActions } from './program.ts';
import type { Template, TemplateNode, TokenSpan } from './rule-template.ts';

/** The rows of one file, and what makes rules of them. */
export interface RuleTable {
  readonly source: SourceFile;
  readonly rows: Rows;
  /** By the number of the shape. */
  readonly templates: readonly (Template | null)[];
  /** Two words a row. */
  readonly identities: Int32Array;
  /** The same as text, once somebody has asked for one of them; null: nobody has. */
  identityTexts: string | null;
  /** Where lines begin. */
  readonly lines: LineStarts;
  /** What the file is called in names of rules. */
  readonly title: string;
}

/** A class, for its members are made when they are read: an object literal with accessors would be ten closures a rule. */
class RowRule implements Rule, ManifestRule {
  readonly index: number;
  readonly #table: RuleTable;
  readonly #row: number;
  #condition: Expression | null = null;

  constructor(index: number, table: RuleTable, row: number) {
    this.index = index;
    this.#table = table;
    this.#row = row;
  }

  /** Rules that follow each other and are rows that do so, and between them those that are none. */
  static runsOf(rules: readonly Rule[]): readonly RuleRun[] {
    const runs: RuleRun[] = [];
    let open: { first: number; end: number; table: RuleTable; row: number } | null = null;
    for (let index = 0; index < rules.length; index += 1) {
      const rule = rules[index] as Rule;
      if (!(rule instanceof RowRule)) {
        open = null;
        runs.push({ first: index, end: index + 1, table: null, row: 0 });
      } else if (open !== null && open.table === rule.#table && open.row + index - open.first === rule.#row) {
        open.end = index + 1;
      } else {
        open = { first: index, end: index + 1, table: rule.#table, row: rule.#row };
        runs.push(open);
      }
    }
    return runs;
  }

  get row(): { readonly table: RuleTable; readonly row: number; readonly template: Template } {
    return { table: this.#table, row: this.#row, template: templateAt(this.#table, this.#row) };
  }

  get name(): string {
    return this.label ?? `${this.#table.title}:${this.line}`;
  }

  get label(): string | null {
    const { rows, source } = this.#table;
    if (!templateAt(this.#table, this.#row).shape.labelled) return null;
    const { start, end } = spanOf(rows, this.#row, { from: 0, to: 0 });
    return source.text.slice(start, end - 1);
  }

  get identity(): string {
    this.#table.identityTexts ??= identityTexts(this.#table.identities);
    return this.#table.identityTexts.slice(IDENTITY_DIGITS * this.#row, IDENTITY_DIGITS * (this.#row + 1));
  }

  get source(): SourceFile {
    return this.#table.source;
  }

  get span(): Span {
    return spanOf(this.#table.rows, this.#row, { from: 0, to: templateAt(this.#table, this.#row).shape.tokens - 1 });
  }

  get line(): number {
    return lineAt(this.#table.lines, this.#table.rows.start[this.#row] ?? 0) + 1;
  }

  /** The same object at every reading. */
  get condition(): Expression {
    this.#condition ??= expressionOf(templateAt(this.#table, this.#row).condition, this.#table.rows, this.#row);
    return this.#condition;
  }

  get actions(): RuleActions {
    return templateAt(this.#table, this.#row).actions;
  }

  get text(): string {
    return lineOf(this);
  }

  get verdict(): ManifestRule['verdict'] {
    return this.actions.verdict;
  }

  get logs(): boolean {
    return this.actions.log !== null;
  }

  /** Into manifests: nothing else writes rules as they are. */
  toJSON(): ManifestRule {
    return inManifest(this);
  }
}

export function ruleOfRow(index: number, table: RuleTable, row: number): Rule {
  return new RowRule(index, table, row);
}

/** The row that a rule is; null: it is an object of its own. */
export function rowOf(rule: Rule): RowRule['row'] | null {
  return rule instanceof RowRule ? rule.row : null;
}

/** Rules `[first, end)` of a list; the first one is `row` of the table, the next one the row behind it. A rule without a table is alone. */
export type RuleRun = { readonly first: number; readonly end: number } & (
  | { readonly table: RuleTable; readonly row: number }
  | { readonly table: null; readonly row: 0 }
);

export function runsOf(rules: readonly Rule[]): readonly RuleRun[] {
  return RowRule.runsOf(rules);
}

/** What the manifest says of a rule. Of many rules hardly anybody asks: of a row it is made when it is read. */
export function manifestRule(rule: Rule): ManifestRule {
  return rule instanceof RowRule ? rule : inManifest(rule);
}

export function inManifest(rule: Rule): ManifestRule {
  const { name, identity, line, actions } = rule;
  return { name, identity, line, text: lineOf(rule), verdict: actions.verdict, logs: actions.log !== null };
}

/** The text of a rule on one line. */
function lineOf({ source, span }: Rule): string {
  return visible(source.text.slice(span.start, span.end).replace(/\s+/g, ' '));
}

/** A rule with all of its members, for `{ ...rule }` and comparisons. */
export function plainRule(rule: Rule): Rule {
  const { index, name, label, identity, source, span, line, condition, actions } = rule;
  return { index, name, label, identity, source, span, line, condition, actions };
}

function templateAt({ templates, rows }: RuleTable, row: number): Template {
  return templates[rows.shape[row] ?? 0] as Template;
}

function spanOf({ start, placeAt, places }: Rows, row: number, { from, to }: TokenSpan): Span {
  const base = start[row] ?? 0;
  const at = placeAt[row] ?? 0;
  return { start: base + (places[at + 2 * from] ?? 0), end: base + (places[at + 2 * to + 1] ?? 0) };
}

function expressionOf(node: TemplateNode, rows: Rows, row: number): Expression {
  switch (node.kind) {
    case 'and':
    case 'or':
      return { kind: node.kind, of: node.of.map((part) => expressionOf(part, rows, row)) };
    case 'not':
      return { kind: 'not', of: expressionOf(node.of, rows, row) };
    case 'fixed':
      return { ...node.predicate, span: spanOf(rows, row, node.tokens) };
    case 'open': {
      const { kind, field } = node.open;
      const { v4, v6, numbers } = rangesOf(node.open, rows.values, rows.valueAt[row] ?? 0);
      const span = spanOf(rows, row, node.tokens);
      return kind === 'in' ? { kind, field, ranges: numbers, span } : { kind, field, v4, v6, span };
    }
  }
}
