/** Value lists of the rules: short ones become a function of comparisons, long ones a table that is searched. Equal lists are one. */
import type { BigRange } from '../2-resolve/program.ts';
import { COMPARED_RANGES_MAX } from '../4-plan/cost.ts';
import { BLANK, binary, call, chain, type Declaration, decimal, type Expr, hex, name } from './c.ts';

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

interface List {
  readonly name: string;
  readonly kind: ValueKind;
  readonly ranges: readonly BigRange[];
  /** Where its ranges begin in the table of its width; null: compared one by one. */
  readonly tableStart: number | null;
}

export interface Lists {
  /** An expression that is true when `value` lies in one of `ranges`, of which there is at least one. */
  contains(value: Expr, kind: ValueKind, ranges: readonly BigRange[]): Expr;
  /** The functions and tables that those expressions use. */
  declarations(): readonly Declaration[];
}

export function createLists(): Lists {
  const lists = new Map<string, List>();
  const rows = { narrow: 0, wide: 0 };

  const listFor = (kind: ValueKind, ranges: readonly BigRange[]): List => {
    const key = `${kind.width}:${kind.digits}:${ranges.map(([first, last]) => `${first}-${last}`).join(',')}`;
    const known = lists.get(key);
    if (known !== undefined) return known;
    const table = kind.width === 'u128' ? 'wide' : 'narrow';
    const searched = ranges.length > COMPARED_RANGES_MAX;
    const list = { name: `pktc_list_${lists.size}`, kind, ranges, tableStart: searched ? rows[table] : null };
    if (searched) rows[table] += ranges.length;
    lists.set(key, list);
    return list;
  };

  return {
    contains: (value, kind, ranges) => {
      const [only] = ranges;
      if (only !== undefined && ranges.length === 1) return inRange(value, kind, only);
      return call(listFor(kind, ranges).name, value);
    },
    declarations: () => [...tables([...lists.values()]), ...[...lists.values()].flatMap((list) => [listFunction(list), BLANK])],
  };
}

function inRange(value: Expr, { width, max, digits }: ValueKind, [first, last]: BigRange): Expr {
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

function listFunction(list: List): Declaration {
  const value = name('value');
  return {
    kind: 'function',
    linkage: 'inline',
    returns: 'bool',
    name: list.name,
    parameters: [{ type: PARAMETER[list.kind.width], name: 'value' }],
    body: [
      { kind: 'return', value: list.tableStart === null ? compared(list, value) : searched(list, value, list.tableStart) },
    ],
  };
}

function compared(list: List, value: Expr): Expr {
  return chain(
    '||',
    list.ranges.map((range) => inRange(value, list.kind, range)),
  );
}

function searched(list: List, value: Expr, start: number): Expr {
  const place = [decimal(start), decimal(list.ranges.length)];
  return list.kind.width === 'u128'
    ? call('pktc_search6', name('value.high'), name('value.low'), ...place)
    : call('pktc_search', value, ...place);
}

/** One table a width, with the ranges of every list in it, and the header that searches it. */
function tables(lists: readonly List[]): readonly Declaration[] {
  const inTable = lists.filter((list) => list.tableStart !== null);
  const narrow = inTable.filter((list) => list.kind.width !== 'u128').flatMap((list) => list.ranges);
  const wide = inTable.filter((list) => list.kind.width === 'u128').flatMap((list) => list.ranges);
  const declarations: Declaration[] = [];
  if (narrow.length > 0) {
    declarations.push(
      { kind: 'table', type: 'pktc_range', name: 'pktc_ranges', rows: narrow.map((range) => range.map((value) => hex(value))) },
      { kind: 'include', path: 'pktc/search.h' },
      BLANK,
    );
  }
  if (wide.length > 0) {
    declarations.push(
      { kind: 'table', type: 'pktc_range6', name: 'pktc_ranges6', rows: wide.map((range) => range.map(halves)) },
      { kind: 'include', path: 'pktc/search6.h' },
      BLANK,
    );
  }
  return declarations;
}
