import type { BytePattern, Expression, Predicate, Program } from '../../compiler/2-resolve/program.ts';
import type { RawBase } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';

/** Values that a program tells apart, by field: random packets carry them far more often than chance would have it. */
export interface Hints {
  readonly numbers: ReadonlyMap<string, readonly number[]>;
  readonly v4: readonly number[];
  readonly v6: readonly bigint[];
  /** Option kinds and extension header types, by field. */
  readonly kinds: ReadonlyMap<string, readonly number[]>;
  readonly raw: readonly RawHint[];
  readonly patterns: readonly PatternHint[];
  /** Names that match and nearly match what the program asks of `iface`. */
  readonly interfaces: readonly string[];
  /** Whether a rule looks into tunnels, or at their headers. */
  readonly tunnels: boolean;
}

export interface RawHint {
  readonly base: RawBase;
  readonly offset: number;
  readonly size: number;
  /** Around what the program asks for. */
  readonly values: readonly number[];
  /** What it asks for; bits that the mask leaves out are free. */
  readonly exact: readonly { readonly value: number; readonly mask: number }[];
}

export interface PatternHint extends BytePattern {
  /** The pattern has to lie in that many bytes. */
  readonly within: number;
}

export const NO_HINTS: Hints = {
  numbers: new Map(),
  v4: [],
  v6: [],
  kinds: new Map(),
  raw: [],
  patterns: [],
  interfaces: [],
  tunnels: false,
};

/** The edges of every range in the program, inside and outside, and what else its predicates mention. */
export function hintsOf(program: Program): Hints {
  const expressions = program.rules.map((rule) => rule.condition);
  const predicates = expressions.flatMap(predicatesOf);
  const numbers = new Map<string, number[]>();
  const kinds = new Map<string, number[]>();
  for (const predicate of predicates) {
    add(numbers, predicate.field, numbersOf(predicate));
    if (predicate.kind === 'kinds') {
      add(kinds, predicate.field, predicate.kinds);
    }
  }
  return {
    numbers,
    v4: predicates.flatMap(v4Of),
    v6: predicates.flatMap(v6Of),
    kinds,
    raw: [...numbers].flatMap(([name, values]) => rawHint(name, values, predicates)),
    patterns: predicates.flatMap((one) =>
      one.kind === 'contains' ? one.patterns.map((p) => ({ ...p, within: one.within })) : [],
    ),
    interfaces: predicates.flatMap((one) => (one.kind === 'interface' ? one.names.flatMap(namesLike) : [])),
    tunnels: expressions.some(looksIntoTunnels) || predicates.some(({ field }) => TUNNEL_FIELDS.has(field)),
  };
}

const TUNNEL_FIELDS: ReadonlySet<string> = new Set(['vxlan.vni', 'geneve.vni', 'gre.key']);

function add(map: Map<string, number[]>, key: string, values: readonly number[]): void {
  if (values.length > 0) {
    map.set(key, [...(map.get(key) ?? []), ...values]);
  }
}

function numbersOf(predicate: Predicate): readonly number[] {
  switch (predicate.kind) {
    case 'in':
      return predicate.ranges.flatMap(([first, last]) => edges(first, last)).filter((value) => value >= 0);
    case 'bits': {
      const { mask, value } = predicate;
      return [value, mask, Number(BigInt(mask) ^ BigInt(value))];
    }
    case 'some': {
      const { mask } = predicate;
      return [0, mask, Number(BigInt(mask) & -BigInt(mask))];
    }
    default:
      return [];
  }
}

function edges(first: number, last: number): readonly number[] {
  return [first - 1, first, last, last + 1, Math.floor((first + last) / 2)];
}

function v4Of(predicate: Predicate): readonly number[] {
  if (predicate.kind === 'masked' && predicate.family === 4) {
    return around(predicate, 32).map(Number);
  }
  const values = predicate.kind === 'address' ? predicate.v4.flatMap(([first, last]) => edges(first, last)) : [];
  return values.filter((value) => value >= 0 && value < 2 ** 32);
}

function v6Of(predicate: Predicate): readonly bigint[] {
  if (predicate.kind === 'masked' && predicate.family === 6) {
    return around(predicate, 128);
  }
  const ranges = predicate.kind === 'address' ? predicate.v6 : [];
  return ranges
    .flatMap(([first, last]) => [first - 1n, first, last, last + 1n, (first + last) / 2n])
    .filter((value) => value >= 0n && value < 1n << 128n);
}

/** Two addresses that have the masked value, and one that differs in a bit of the mask. */
function around({ mask, value }: { readonly mask: bigint; readonly value: bigint }, bits: number): readonly bigint[] {
  const free = ((1n << BigInt(bits)) - 1n) & ~mask;
  return [value, value | free, value ^ (mask & -mask)];
}

function rawHint(name: string, values: readonly number[], predicates: readonly Predicate[]): readonly RawHint[] {
  const read = fieldNamed(name)?.read;
  if (read?.kind !== 'raw') {
    return [];
  }
  const { base, offset, size } = read;
  const whole = 256 ** size - 1;
  const exact = predicates
    .filter((predicate) => predicate.field === name)
    .flatMap((predicate) => {
      switch (predicate.kind) {
        case 'in':
          return predicate.ranges.map(([first]) => ({ value: first, mask: whole }));
        case 'bits':
          return [{ value: predicate.value, mask: predicate.mask }];
        case 'some':
          return [{ value: predicate.mask, mask: predicate.mask }];
        default:
          return [];
      }
    });
  return [{ base, offset, size, values, exact }];
}

function namesLike(pattern: string): readonly string[] {
  return [
    pattern.replaceAll('*', ''),
    pattern.replaceAll('*', '7'),
    `${pattern.replaceAll('*', '')}x`,
    `x${pattern.replaceAll('*', '')}`,
  ]
    .map((name) => name.slice(0, 15))
    .filter((name) => name !== '');
}

function looksIntoTunnels(expression: Expression): boolean {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.of.some(looksIntoTunnels);
    case 'not':
      return looksIntoTunnels(expression.of);
    default:
      return expression.kind === 'inner';
  }
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
