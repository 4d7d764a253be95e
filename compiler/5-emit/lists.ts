/**
 * Value lists of the rules: short ones become a function of comparisons, long ones tables (long-lists.ts).
 */
import type { BigRange, NumberRange } from '../2-resolve/program.ts';
import { COMPARED_RANGES_MAX } from '../4-plan/cost.ts';
import { BLANK, binary, call, chain, type Declaration, decimal, type Expr, hex, name } from './c.ts';
import type { ProgramData } from './data.ts';
import { createLongLists, type LongLists } from './long-lists.ts';

const HALF = 64n;
const LOW = (1n << HALF) - 1n;
const HALF_DIGITS = 16;

/** Width of the values: `u32` covers every field of up to 32 bits, `u128` is an IPv6 address. */
export type Width = 'u32' | 'u64' | 'u128';

/** How values of a field lie in C and look in it. */
export interface ValueKind {
  readonly width: Width;
  readonly max: bigint;
  /** Of a hexadecimal number; null: people read this value in decimal. */
  readonly digits: number | null;
}

export type ValueRange = NumberRange | BigRange;

interface List {
  readonly name: string;
  readonly kind: ValueKind;
  readonly ranges: readonly ValueRange[];
  /** null: compared one by one. */
  readonly long: object | null;
}

export interface Lists {
  /** An expression that is true when `value` lies in one of `ranges`, of which there is at least one. */
  contains(value: Expr, kind: ValueKind, ranges: readonly ValueRange[]): Expr;
  /** The functions and tables that those expressions use. */
  declarations(): readonly Declaration[];
  /** The values of the tables. */
  data(): readonly ProgramData[];
}

export function createLists(): Lists {
  const lists = new Map<object | string, List>();
  const longLists = createLongLists();

  const listFor = (kind: ValueKind, ranges: readonly ValueRange[]): List => {
    const long = ranges.length > COMPARED_RANGES_MAX ? longLists.add(kind, ranges) : null;
    // How numbers are written matters where they are.
    const key = long ?? `${kind.width}:${kind.digits}:${ranges.join(' ')}`;
    const list = lists.get(key) ?? { name: `pktc_list_${lists.size}`, kind, ranges, long };
    lists.set(key, list);
    return list;
  };

  return {
    contains: (value, kind, ranges) => {
      const [only] = ranges;
      if (only !== undefined && ranges.length === 1) return inRange(value, kind, only);
      return call(listFor(kind, ranges).name, value);
    },
    declarations: () => [
      ...longLists.declarations(),
      ...[...lists.values()].flatMap((list) => [listFunction(list, longLists), BLANK]),
    ],
    data: () => longLists.data(),
  };
}

function inRange(value: Expr, { width, max, digits }: ValueKind, range: ValueRange): Expr {
  const [first, last] = [BigInt(range[0]), BigInt(range[1])];
  if (width === 'u128') return call('pktc_in6', value, ...halves(first), ...halves(last));
  const literal = (number: bigint) => (digits === null ? decimal(number) : hex(number, digits));
  if (first === last) return binary(value, '==', literal(first));
  if (first === 0n) return binary(value, '<=', literal(last));
  if (last === max) return binary(value, '>=', literal(first));
  return call(width === 'u32' ? 'pktc_in' : 'pktc_in64', value, literal(first), literal(last));
}

function halves(address: bigint): readonly Expr[] {
  return [hex(address >> HALF, HALF_DIGITS), hex(address & LOW, HALF_DIGITS)];
}

const PARAMETER: Readonly<Record<Width, string>> = { u32: '__u32', u64: '__u64', u128: 'struct pktc_u128' };

function listFunction(list: List, longLists: LongLists): Declaration {
  const value = name('value');
  return {
    kind: 'function',
    linkage: 'inline',
    returns: 'bool',
    name: list.name,
    parameters: [{ type: PARAMETER[list.kind.width], name: 'value' }],
    body: [{ kind: 'return', value: list.long === null ? compared(list, value) : longLists.test(list.long) }],
  };
}

function compared(list: List, value: Expr): Expr {
  return chain(
    '||',
    list.ranges.map((range) => inRange(value, list.kind, range)),
  );
}
