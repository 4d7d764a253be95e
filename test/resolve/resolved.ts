import { parse } from '../../compiler/1-parse/parse.ts';
import type { Expression, Program } from '../../compiler/2-resolve/program.ts';
import { resolve } from '../../compiler/2-resolve/resolve.ts';
import type { HookName } from '../../grammar/fields/field.ts';

/** The program of a text, and `CODE` of everything that was said. */
export function resolved(
  text: string,
  hook: HookName | null = null,
  name = 'dir/edge.rules',
): { readonly program: Program; readonly codes: readonly string[] } {
  const source = { name, text };
  const syntax = parse(source);
  const { value, diagnostics } = resolve(syntax.value, source, { hook });
  return { program: value, codes: [...syntax.diagnostics, ...diagnostics].map((one) => one.code) };
}

/** The condition of `match … -> count` in short: `dport 22`, `(src4 10.0.0.0-…)`; see the tests. */
export function meaning(condition: string, lets = ''): string {
  const { program, codes } = resolved(`${lets}\nmatch ${condition} -> count`);
  const rule = program.rules[0];
  if (codes.length > 0 || !rule) throw new Error(`${condition}: ${codes.join(' ')}`);
  return short(rule.condition);
}

export function short(expression: Expression): string {
  switch (expression.kind) {
    case 'and':
      return `all(${expression.of.map(short).join(' ')})`;
    case 'or':
      return `any(${expression.of.map(short).join(' ')})`;
    case 'not':
      return `not(${short(expression.of)})`;
    case 'inner':
      return `inner(${short(expression.of)})`;
    case 'present':
      return `${expression.field}?`;
    case 'bits':
      return `${expression.field}&${expression.mask}=${expression.value}`;
    case 'some':
      return `${expression.field}&${expression.mask}!=0`;
    case 'in':
      return `${expression.field}:${ranges(expression.ranges)}`;
    case 'masked':
      return `${expression.field}:${expression.family}&${expression.mask}${expression.negated ? '!' : ''}=${expression.value}`;
    case 'kinds':
      return `${expression.field}:${expression.negated ? '!' : ''}kinds[${expression.kinds}]`;
    case 'interface':
      return `${expression.field}:${expression.negated ? '!' : ''}[${expression.names}]`;
    case 'contains':
      return `${expression.field}:${expression.within}[${expression.patterns.map(({ bytes, nocase }) => `${nocase ? '~' : ''}${Buffer.from(bytes).toString('latin1')}`)}]`;
    case 'member':
      return `(${expression.fields}) in ${expression.set}`;
    case 'address':
      return `${expression.field}:4[${ranges(expression.v4)}]6[${ranges(expression.v6)}]`;
  }
}

function ranges(list: readonly (readonly [number | bigint, number | bigint])[]): string {
  return list.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
