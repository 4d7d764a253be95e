/** Prints C. The only place where C text is put together; see `c.ts` for what it is made from. */
import type { Cell, Declaration, Expr, Parameter, Statement } from './c.ts';

export interface Printed {
  readonly c: string;
  /** First line of each rule (1-based), ascending; rule -1: from here on no rule's code. */
  readonly lineMap: readonly { readonly c_line: number; readonly rule: number }[];
}

const COLUMNS = 100;
const TAB = 8;

interface Page {
  readonly lines: string[];
  readonly lineMap: { c_line: number; rule: number }[];
}

export function print(declarations: readonly Declaration[]): Printed {
  const page: Page = { lines: [], lineMap: [] };
  for (const declaration of declarations) {
    printDeclaration(page, declaration);
  }
  return { c: `${page.lines.join('\n')}\n`, lineMap: page.lineMap };
}

/**
 * Text for the inside of a comment: printable ASCII on one line that cannot end the comment, begin another, or join lines.
 * `??` would begin a trigraph, a backslash could end the line.
 */
export function commentText(text: string): string {
  const escaped = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === '\n' || character === '\r' || character === '\t') return ' ';
    if (character === '\\') return '\\\\';
    if (code >= 0x20 && code < 0x7f) return character;
    return `\\u{${code.toString(16)}}`;
  }).join('');
  return escaped
    .replace(/\*(?=\/)/g, '* ')
    .replace(/\/(?=\*)/g, '/ ')
    .replace(/\?(?=\?)/g, '? ')
    .replace(/\\+$/, '$& ')
    .trimStart();
}

function printDeclaration(page: Page, declaration: Declaration): void {
  const { lines } = page;
  switch (declaration.kind) {
    case 'blank':
      lines.push('');
      return;
    case 'verbatim':
      lines.push(...declaration.lines);
      return;
    case 'comment':
      lines.push(...blockComment(declaration.lines));
      return;
    case 'include':
      lines.push(`#include <${declaration.path}>`);
      return;
    case 'define':
      lines.push(
        declaration.value === null ? `#define ${declaration.name}` : `#define ${declaration.name} ${value(declaration.value)}`,
      );
      return;
    case 'guard':
      lines.push(`#ifndef ${declaration.name}`, `#define ${declaration.name}`);
      return;
    case 'end of guard':
      lines.push(`#endif /* ${declaration.name} */`);
      return;
    case 'nothing':
      lines.push(
        `#define ${declaration.name}(${declaration.parameters.join(', ')}) (${declaration.parameters.map((one) => `(void)(${one})`).join(', ')})`,
      );
      return;
    case 'struct':
      lines.push(`struct ${declaration.name} {`, ...declaration.members.map((one) => `\t${parameter(one)};`), '};');
      return;
    case 'table':
      printTable(page, declaration);
      return;
    case 'function':
      printFunction(page, declaration);
      return;
    case 'statements':
      for (const statement of declaration.body) printStatement(page, statement, declaration.depth);
  }
}

function blockComment(texts: readonly string[]): readonly string[] {
  const [only] = texts;
  if (texts.length === 1 && only !== undefined) return [`/* ${commentText(only)} */`];
  return ['/*', ...texts.map((text) => ` * ${commentText(text)}`.trimEnd()), ' */'];
}

function parameter({ type, name }: Parameter): string {
  return type.endsWith('*') ? `${type}${name}` : `${type} ${name}`;
}

function printTable(page: Page, table: Extract<Declaration, { kind: 'table' }>): void {
  page.lines.push(`static const struct ${table.type} ${table.name}[] = {`);
  for (const row of table.rows) page.lines.push(`\t${braced(row.map(printCell))},`);
  page.lines.push('};');
}

function printCell(cell: Cell): string {
  return 'kind' in cell ? printExpr(cell) : braced(cell.map(printExpr));
}

function braced(values: readonly string[]): string {
  return `{ ${values.join(', ')} }`;
}

const LINKAGE = { inline: 'static __always_inline', global: '__noinline' } as const;

function printFunction(page: Page, declared: Extract<Declaration, { kind: 'function' }>): void {
  const linkage = LINKAGE[declared.linkage];
  const head = `${linkage} ${parameter({ type: declared.returns, name: declared.name })}(`;
  const parameters = declared.parameters.map(parameter);
  const oneLine = `${head}${parameters.join(', ')})`;
  if (oneLine.length <= COLUMNS) page.lines.push(oneLine);
  else page.lines.push(linkage, `${parameter({ type: declared.returns, name: declared.name })}(${parameters.join(', ')})`);
  page.lines.push('{');
  for (const statement of declared.body) printStatement(page, statement, 1);
  page.lines.push('}');
}

function printStatement(page: Page, statement: Statement, depth: number): void {
  const tabs = '\t'.repeat(depth);
  switch (statement.kind) {
    case 'blank':
      page.lines.push('');
      return;
    case 'comment':
      if (statement.rule !== undefined) page.lineMap.push({ c_line: page.lines.length + 1, rule: statement.rule });
      page.lines.push(`${tabs}/* ${commentText(statement.text)} */`);
      return;
    case 'return':
      page.lines.push(...wrapped(`${tabs}return `, statement.value, ';', depth, 'return '.length));
      return;
    case 'do':
      page.lines.push(`${tabs}${printExpr(statement.value)};`);
      return;
    case 'set':
      page.lines.push(`${tabs}${printExpr(statement.to)} ${statement.operator} ${printExpr(statement.value)};`);
      return;
    case 'if':
      printIf(page, statement, depth);
      return;
    case 'end of rules':
      page.lineMap.push({ c_line: page.lines.length + 1, rule: -1 });
  }
}

function printIf(page: Page, statement: Extract<Statement, { kind: 'if' }>, depth: number): void {
  const tabs = '\t'.repeat(depth);
  const braces = statement.body.length > 1;
  page.lines.push(...wrapped(`${tabs}if (`, statement.condition, braces ? ') {' : ')', depth, 'if ('.length));
  for (const inner of statement.body) printStatement(page, inner, depth + 1);
  if (braces) page.lines.push(`${tabs}}`);
}

/** One line if it fits, else a line for each part of a chain, under each other. */
function wrapped(before: string, expr: Expr, after: string, depth: number, indent: number): readonly string[] {
  const whole = `${before}${value(expr)}${after}`;
  if (whole.length + depth * (TAB - 1) <= COLUMNS || expr.kind !== 'chain') return [whole];
  const parts = expr.of.map(inChain);
  return parts.map((part, at) => {
    const start = at === 0 ? before : '\t'.repeat(depth) + ' '.repeat(indent);
    const end = at === parts.length - 1 ? after : ` ${expr.operator}`;
    return `${start}${part}${end}`;
  });
}

/** An expression that stands alone, between brackets or behind a keyword. */
function value(expr: Expr): string {
  if (expr.kind === 'chain') return expr.of.map(inChain).join(` ${expr.operator} `);
  return printExpr(expr);
}

/** A part of a chain: chains and `&` inside it get parentheses, comparisons do not need them. */
function inChain(expr: Expr): string {
  return expr.kind === 'chain' || (expr.kind === 'binary' && isBitwise(expr)) ? `(${value(expr)})` : printExpr(expr);
}

function isBitwise(expr: Extract<Expr, { kind: 'binary' }>): boolean {
  return expr.operator === '&' || expr.operator === '>>';
}

function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'name':
      return expr.name;
    case 'number':
      return printNumber(expr.value, expr.hex);
    case 'member':
      return `${expr.of}->${expr.member}`;
    case 'element':
      return `${printExpr(expr.of)}[${expr.index}]`;
    case 'call':
      return `${expr.name}(${expr.args.map(value).join(', ')})`;
    case 'not':
      return `!${expr.of.kind === 'binary' || expr.of.kind === 'chain' ? `(${value(expr.of)})` : printExpr(expr.of)}`;
    case 'binary':
      return `${operand(expr.left)} ${expr.operator} ${operand(expr.right)}`;
    case 'chain':
      return `(${value(expr)})`;
  }
}

function operand(expr: Expr): string {
  return expr.kind === 'binary' || expr.kind === 'chain' ? `(${value(expr)})` : printExpr(expr);
}

function printNumber(number: bigint, asHex: boolean): string {
  const digits = asHex ? `0x${number.toString(16)}` : number.toString();
  return number > 0xffff_ffffn ? `${digits}ULL` : number > 0x7fff_ffffn ? `${digits}U` : digits;
}
