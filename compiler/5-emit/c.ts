/**
 * As much of C as generated programs need, as data. Names come from the field table, the templates and this compiler, never
 * from a rule file; what a user wrote can only be a number, or the text of a comment, which the printer escapes.
 */
export type Expr =
  | { readonly kind: 'name'; readonly name: string }
  /** `digits`: hexadecimal, filled up with zeroes to so many; null: decimal. */
  | { readonly kind: 'number'; readonly value: bigint; readonly digits: number | null }
  | { readonly kind: 'member'; readonly of: string; readonly member: string }
  | { readonly kind: 'element'; readonly of: Expr; readonly index: number }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expr[] }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Expr; readonly right: Expr }
  | { readonly kind: 'not'; readonly of: Expr }
  /** `{ a, b }`, the values of an array; may be empty. */
  | { readonly kind: 'list'; readonly of: readonly Expr[] }
  /** `a && b && c`, `a || b`, `a | b`: never empty. */
  | { readonly kind: 'chain'; readonly operator: '&&' | '||' | '|'; readonly of: readonly Expr[] };

export type BinaryOperator = '==' | '!=' | '<=' | '>=' | '&' | '>>' | '+' | '-' | '*';

export type Statement =
  | { readonly kind: 'blank' }
  | { readonly kind: 'comment'; readonly text: string; readonly rule?: number }
  /** A variable without a value. */
  | { readonly kind: 'declare'; readonly variable: Parameter }
  | { readonly kind: 'return'; readonly value: Expr }
  | { readonly kind: 'do'; readonly value: Expr }
  | { readonly kind: 'set'; readonly to: Expr; readonly operator: '=' | '|='; readonly value: Expr }
  | { readonly kind: 'if'; readonly condition: Expr; readonly body: readonly Statement[] }
  /** What follows belongs to no rule any more. */
  | { readonly kind: 'end of rules' };

export interface Parameter {
  readonly type: string;
  readonly name: string;
}

export type Declaration =
  | { readonly kind: 'blank' }
  /** Lines of a template, as they are. */
  | { readonly kind: 'verbatim'; readonly lines: readonly string[] }
  | { readonly kind: 'comment'; readonly lines: readonly string[] }
  | { readonly kind: 'include'; readonly path: string }
  | { readonly kind: 'define'; readonly name: string; readonly value: Expr | null }
  /** `#ifndef name`, `#define name`: what follows counts once. */
  | { readonly kind: 'guard'; readonly name: string }
  | { readonly kind: 'end of guard'; readonly name: string }
  | { readonly kind: 'struct'; readonly name: string; readonly members: readonly Parameter[] }
  | {
      readonly kind: 'function';
      /** `inline`: part of its callers. `global`: one of its own, which the verifier checks once. */
      readonly linkage: 'inline' | 'global';
      readonly returns: string;
      readonly name: string;
      readonly parameters: readonly Parameter[];
      readonly body: readonly Statement[];
    }
  /** Statements inside a function of the skeleton. */
  | { readonly kind: 'statements'; readonly depth: number; readonly body: readonly Statement[] };

export function name(text: string): Expr {
  return { kind: 'name', name: text };
}

export function decimal(value: number | bigint): Expr {
  return { kind: 'number', value: BigInt(value), digits: null };
}

export function hex(value: number | bigint, digits = 1): Expr {
  return { kind: 'number', value: BigInt(value), digits };
}

export function call(text: string, ...args: readonly Expr[]): Expr {
  return { kind: 'call', name: text, args };
}

export function binary(left: Expr, operator: BinaryOperator, right: Expr): Expr {
  return { kind: 'binary', operator, left, right };
}

export function member(of: string, text: string): Expr {
  return { kind: 'member', of, member: text };
}

/** `of` joined by `operator`, chains of the same operator as one; an empty `&&` is true, an empty `||` false. */
export function chain(operator: '&&' | '||' | '|', of: readonly Expr[]): Expr {
  const parts = of.flatMap((part) => (part.kind === 'chain' && part.operator === operator ? part.of : [part]));
  const [only] = parts;
  if (only === undefined) return name(operator === '&&' ? 'true' : 'false');
  return parts.length === 1 ? only : { kind: 'chain', operator, of: parts };
}

/** Whether a variable, or what it points to, occurs in a value. */
export function mentions(expr: Expr, variable: string): boolean {
  switch (expr.kind) {
    case 'name':
      return expr.name === variable || expr.name.startsWith(`&${variable}->`);
    case 'number':
      return false;
    case 'member':
      return expr.of === variable;
    case 'element':
    case 'not':
      return mentions(expr.of, variable);
    case 'call':
      return expr.args.some((argument) => mentions(argument, variable));
    case 'binary':
      return mentions(expr.left, variable) || mentions(expr.right, variable);
    case 'list':
    case 'chain':
      return expr.of.some((part) => mentions(part, variable));
  }
}

export const BLANK: Declaration & Statement = { kind: 'blank' };
