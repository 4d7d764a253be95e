/** Prints C. The only place where C text is put together; see `c.ts` for what it is made from. */
import type { Declaration, Expr, Parameter, Statement } from './c.ts';

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
  })
    .join('')
    .trim();
  return escaped
    .replace(/\*(?=\/)/g, '* ')
    .replace(/\/(?=\*)/g, '/ ')
    .replace(/\?(?=\?)/g, '? ')
    .replace(/(?:\\\\)+$/, '\\u{5c}');
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
      lines.push(...comment(declaration.lines, COLUMNS));
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
    case 'struct':
      lines.push(`struct ${declaration.name} {`, ...declaration.members.map((one) => `\t${parameter(one)};`), '};');
      return;
    case 'function':
      printFunction(page, declaration);
      return;
    case 'statements':
      for (const statement of declaration.body) printStatement(page, statement, declaration.depth);
  }
}

/** On one line if it fits, else a block of as many as it needs. */
function comment(texts: readonly string[], columns: number): readonly string[] {
  const [only] = texts;
  const oneLine = texts.length === 1 && only !== undefined ? `/* ${commentText(only)} */` : null;
  if (oneLine !== null && oneLine.length <= columns) return [oneLine];
  const lines = texts.flatMap((text) => filled(commentText(text), columns - ' * '.length));
  return ['/*', ...lines.map((line) => ` * ${line}`.trimEnd()), ' */'];
}

/** Breaks at spaces; a word that is longer than a line stays whole, and a line never ends in a backslash. */
function filled(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns && !line.endsWith('\\')) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function parameter({ type, name }: Parameter): string {
  return type.endsWith('*') ? `${type}${name}` : `${type} ${name}`;
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
      page.lines.push(...comment([statement.text], COLUMNS - depth * TAB).map((line) => tabs + line));
      return;
    case 'declare':
      page.lines.push(`${tabs}${parameter(statement.variable)};`);
      return;
    case 'return':
      page.lines.push(...wrapped('return ', statement.value, ';', depth));
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
  page.lines.push(...wrapped('if (', statement.condition, braces ? ') {' : ')', depth));
  for (const inner of statement.body) printStatement(page, inner, depth + 1);
  if (braces) page.lines.push(`${tabs}}`);
}

/** `before`, the expression over as many lines as it needs, `after`. */
function wrapped(before: string, expr: Expr, after: string, depth: number): readonly string[] {
  const lines = layOut(expr, COLUMNS - depth * TAB - before.length - after.length);
  const tabs = '\t'.repeat(depth);
  const hanging = tabs + ' '.repeat(before.length);
  return lines.map((line, at) => `${at === 0 ? tabs + before : hanging}${line}${at === lines.length - 1 ? after : ''}`);
}

/** One line if it fits into `columns`, else a line for each part of a chain or argument of a call, under each other. */
function layOut(expr: Expr, columns: number): readonly string[] {
  const whole = value(expr);
  if (whole.length <= columns) return [whole];
  if (expr.kind === 'not') {
    const bare = expr.of.kind !== 'chain' && expr.of.kind !== 'binary';
    return bare ? enclosed('!', layOut(expr.of, columns - 1), '') : enclosed('!(', layOut(expr.of, columns - 3), ')');
  }
  if (expr.kind === 'call') return enclosed(`${expr.name}(`, joined(expr.args, ',', columns - expr.name.length - 1), ')');
  if (expr.kind === 'binary' && expr.left.kind !== 'name') {
    const after = ` ${expr.operator} ${operand(expr.right)}`;
    const compound = expr.left.kind === 'binary' || expr.left.kind === 'chain';
    const inside = columns - after.length - (compound ? 2 : 0);
    return compound ? enclosed('(', layOut(expr.left, inside), `)${after}`) : enclosed('', layOut(expr.left, inside), after);
  }
  return expr.kind === 'chain' ? joined(expr.of, ` ${expr.operator}`, columns) : [whole];
}

function joined(of: readonly Expr[], separator: string, columns: number): readonly string[] {
  return of.flatMap((part, at) => {
    const end = at === of.length - 1 ? '' : separator;
    const inside = columns - end.length - 2;
    return enclosed('', part.kind === 'chain' ? enclosed('(', layOut(part, inside), ')') : layOut(part, inside), end);
  });
}

/** `before` stands in front of the first line and pushes the others as far to the right. */
function enclosed(before: string, lines: readonly string[], after: string): readonly string[] {
  const hanging = ' '.repeat(before.length);
  return lines.map((line, at) => `${at === 0 ? before : hanging}${line}${at === lines.length - 1 ? after : ''}`);
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
      return printNumber(expr);
    case 'member':
      return `${expr.of}->${expr.member}`;
    case 'element':
      return `${printExpr(expr.of)}[${expr.index}]`;
    case 'call':
      return `${expr.name}(${expr.args.map(value).join(', ')})`;
    case 'not':
      return `!${expr.of.kind === 'binary' || expr.of.kind === 'chain' ? `(${value(expr.of)})` : printExpr(expr.of)}`;
    case 'list':
      return `{ ${expr.of.map(value).join(', ')} }`;
    case 'binary':
      return `${operand(expr.left)} ${expr.operator} ${operand(expr.right)}`;
    case 'chain':
      return `(${value(expr)})`;
  }
}

function operand(expr: Expr): string {
  return expr.kind === 'binary' || expr.kind === 'chain' ? `(${value(expr)})` : printExpr(expr);
}

function printNumber({ value: number, digits }: Extract<Expr, { kind: 'number' }>): string {
  const text = digits === null ? number.toString() : `0x${number.toString(16).padStart(digits, '0')}`;
  return number > 0xffff_ffffn ? `${text}ULL` : number > 0x7fff_ffffn ? `${text}U` : text;
}
