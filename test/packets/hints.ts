import type { Expression, Predicate, Program } from '../../compiler/2-resolve/program.ts';

/** Values that a program tells apart, by field: random packets carry them far more often than chance would have it. */
export interface Hints {
  readonly numbers: ReadonlyMap<string, readonly number[]>;
  readonly v4: readonly number[];
  readonly v6: readonly bigint[];
}

export const NO_HINTS: Hints = { numbers: new Map(), v4: [], v6: [] };

/** The edges of every range in the program, inside and outside. */
export function hintsOf(program: Program): Hints {
  const numbers = new Map<string, number[]>();
  const v4: number[] = [];
  const v6: bigint[] = [];
  const note = (field: string, ...values: readonly number[]): void => {
    numbers.set(field, [...(numbers.get(field) ?? []), ...values.filter((value) => value >= 0)]);
  };
  for (const predicate of program.rules.flatMap((rule) => predicatesOf(rule.condition))) {
    switch (predicate.kind) {
      case 'in':
        for (const [first, last] of predicate.ranges) {
          note(predicate.field, first - 1, first, last, last + 1, Math.floor((first + last) / 2));
        }
        break;
      case 'address':
        for (const [first, last] of predicate.v4) {
          v4.push(
            ...[first - 1, first, last, last + 1, Math.floor((first + last) / 2)].filter(
              (value) => value >= 0 && value < 2 ** 32,
            ),
          );
        }
        for (const [first, last] of predicate.v6) {
          v6.push(
            ...[first - 1n, first, last, last + 1n, (first + last) / 2n].filter((value) => value >= 0n && value < 1n << 128n),
          );
        }
        break;
      case 'bits':
        note(predicate.field, predicate.value, predicate.mask, Number(BigInt(predicate.mask) ^ BigInt(predicate.value)));
        break;
      case 'some':
        note(predicate.field, 0, predicate.mask, Number(BigInt(predicate.mask) & -BigInt(predicate.mask)));
        break;
      case 'present':
        break;
    }
  }
  return { numbers, v4, v6 };
}

export function predicatesOf(expression: Expression): readonly Predicate[] {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.of.flatMap(predicatesOf);
    case 'not':
    case 'inner':
      return predicatesOf(expression.of);
    default:
      return [expression];
  }
}
