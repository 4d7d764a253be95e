import type { CompareNode, Operator } from '../../grammar/ast.ts';
import type { Field } from '../../grammar/fields/field.ts';
import type { Span } from '../../grammar/source.ts';
import type { Fix } from '../diagnostics/diagnostic.ts';
import type { Context } from './context.ts';
import type { Items } from './items.ts';
import type { Expression } from './program.ts';

/** The only word that a condition in parentheses may follow directly. */
export const INNER = 'inner';

/** What stands round a comparison. */
export interface Surroundings {
  /** Standalone words that hold beside it, of those that a field's names depend on: `icmp`, `icmp6`. */
  readonly under: ReadonlySet<string>;
  /** Whether a second predicate may be put beside it without parentheses. */
  readonly alone: boolean;
  /** Whether it is asked of the packet in a tunnel. */
  readonly inside: boolean;
  /** In a row of a tuple, where no fix can put a second predicate. */
  readonly cell?: true;
}

/** A comparison of a known field with a value, names taken apart. */
export interface Compared {
  readonly context: Context;
  readonly node: CompareNode;
  readonly field: Field;
  /** `null` is the plain `field value`. */
  readonly operator: Operator | null;
  readonly items: Items;
  readonly around: Surroundings;
}

/** A comparison for one field: `addr` asks for it twice. Null: refused, and that has been told. */
export type Resolved = ((field: string) => Expression) | null;

export function both(of: readonly Expression[]): Expression {
  const [first] = of;
  return of.length === 1 && first ? first : { kind: 'and', of };
}

export function either(of: readonly Expression[]): Expression {
  const [first] = of;
  return of.length === 1 && first ? first : { kind: 'or', of };
}

/** Reports an operator that the field does not have. */
export function refuse(
  context: Context,
  operator: string,
  field: Pick<Field, 'name'>,
  span: Span,
  label: string,
  help?: string,
  fixes: readonly Fix[] = [],
): false {
  context.report('PKT2006', { operator, field: field.name }, span, label, { help: help ?? null, fixes });
  return false;
}
