import type { Span } from '../../grammar/source.ts';
import type { Expression, Predicate } from '../2-resolve/program.ts';

/** A predicate and whether it stands under an odd number of `not`. */
export interface Leaf {
  readonly predicate: Predicate;
  readonly negated: boolean;
}

export function* leavesOf(expression: Expression, negated = false): Generator<Leaf> {
  if (expression.kind === 'not') yield* leavesOf(expression.of, !negated);
  else if (expression.kind === 'and' || expression.kind === 'or')
    for (const part of expression.of) yield* leavesOf(part, negated);
  // What holds inside a tunnel says nothing of the packet round it.
  else if (expression.kind !== 'inner') yield { predicate: expression, negated };
}

/** Every predicate, those about the packet in a tunnel included. */
export function* predicatesOf(expression: Expression): Generator<Predicate> {
  if (expression.kind === 'not' || expression.kind === 'inner') yield* predicatesOf(expression.of);
  else if (expression.kind === 'and' || expression.kind === 'or') for (const part of expression.of) yield* predicatesOf(part);
  else yield expression;
}

/** The parts that all have to hold. */
export function conjuncts(expression: Expression): readonly Expression[] {
  return expression.kind === 'and' ? expression.of : [expression];
}

/** From the first to the last predicate or tunnel; null when there is none (`any`). */
export function spanOf(expression: Expression): Span | null {
  let start = Number.POSITIVE_INFINITY;
  let end = 0;
  const todo = [expression];
  for (let part = todo.pop(); part; part = todo.pop()) {
    if (part.kind === 'not') todo.push(part.of);
    else if (part.kind === 'and' || part.kind === 'or') for (const inside of part.of) todo.push(inside);
    else {
      start = Math.min(start, part.span.start);
      end = Math.max(end, part.span.end);
    }
  }
  return start < end ? { start, end } : null;
}
