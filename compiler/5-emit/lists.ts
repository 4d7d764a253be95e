/**
 * Value lists of the rules: short ones become a function of comparisons, long ones rows of a table that is searched. The C has the
 * lengths of the tables and not their values, which are data of the object: a list may change without anything to compile.
 */
import { createHash } from 'node:crypto';
import type { BigRange, NumberRange } from '../2-resolve/program.ts';
import { COMPARED_RANGES_MAX } from '../4-plan/cost.ts';
import { BLANK, binary, call, chain, type Declaration, decimal, type Expr, hex, name } from './c.ts';
import type { ProgramData } from './data.ts';

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

/** Rows of a table that one list has, from `start` on. */
interface Rows {
  readonly start: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

interface List {
  readonly name: string;
  readonly kind: ValueKind;
  readonly ranges: readonly ValueRange[];
  /** null: compared one by one. */
  readonly rows: Rows | null;
}

export interface Lists {
  /** An expression that is true when `value` lies in one of `ranges`, of which there is at least one. */
  contains(value: Expr, kind: ValueKind, ranges: readonly ValueRange[]): Expr;
  /** The functions and tables that those expressions use. */
  declarations(): readonly Declaration[];
  /** The values of the tables. */
  data(): readonly ProgramData[];
}

/** One table a width: the variable, the constant with its number of rows, the header that declares and searches it. */
const TABLES: Readonly<Record<Width, { readonly variable: string; readonly rows: string; readonly header: string }>> = {
  u32: { variable: 'pktc_ranges', rows: 'PKTC_RANGES', header: 'pktc/search.h' },
  u64: { variable: 'pktc_ranges64', rows: 'PKTC_RANGES64', header: 'pktc/search64.h' },
  u128: { variable: 'pktc_ranges6', rows: 'PKTC_RANGES6', header: 'pktc/search6.h' },
};
const WIDTHS: readonly Width[] = ['u32', 'u64', 'u128'];

export function createLists(): Lists {
  const lists = new Map<string, List>();
  const length: Record<Width, number> = { u32: 0, u64: 0, u128: 0 };

  const seen: Record<Width, Map<readonly ValueRange[], List>> = { u32: new Map(), u64: new Map(), u128: new Map() };

  /** Rules that name one long list have it as one array. */
  const listFor = (kind: ValueKind, ranges: readonly ValueRange[]): List => {
    if (ranges.length <= COMPARED_RANGES_MAX) return listOf(kind, ranges);
    const list = seen[kind.width].get(ranges) ?? listOf(kind, ranges);
    seen[kind.width].set(ranges, list);
    return list;
  };

  const listOf = (kind: ValueKind, ranges: readonly ValueRange[]): List => {
    const bytes = rowBytes(kind.width, ranges);
    const searched = ranges.length > COMPARED_RANGES_MAX;
    // How numbers are written matters where they are.
    const look = searched ? 'searched' : String(kind.digits);
    const key = `${kind.width}:${look}:${createHash('sha256').update(bytes).digest('hex')}`;
    const known = lists.get(key);
    if (known !== undefined) return known;
    const rows = searched ? { start: length[kind.width], count: ranges.length, bytes } : null;
    const list: List = { name: `pktc_list_${lists.size}`, kind, ranges, rows };
    if (searched) length[kind.width] += ranges.length;
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
      ...WIDTHS.flatMap((width) => tableDeclarations(width, length[width])),
      ...[...lists.values()].flatMap((list) => [listFunction(list), BLANK]),
    ],
    data: () => WIDTHS.flatMap((width) => tableData(width, [...lists.values()])),
  };
}

/** In the byte order of this machine, for which clang compiles. */
function rowBytes(width: Width, ranges: readonly ValueRange[]): Uint8Array {
  const rows = rowsOf(width, ranges);
  return new Uint8Array(rows.buffer);
}

function rowsOf(width: Width, ranges: readonly ValueRange[]): Uint32Array | BigUint64Array {
  let at = 0;
  if (width === 'u32') {
    const rows = new Uint32Array(2 * ranges.length);
    for (const [first, last] of ranges) {
      rows[at++] = Number(first);
      rows[at++] = Number(last);
    }
    return rows;
  }
  const rows = new BigUint64Array((width === 'u64' ? 2 : 4) * ranges.length);
  for (const range of ranges) {
    for (const bound of range) {
      const value = BigInt(bound);
      if (width === 'u128') rows[at++] = value >> HALF;
      rows[at++] = value & LOW;
    }
  }
  return rows;
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

function listFunction(list: List): Declaration {
  const value = name('value');
  return {
    kind: 'function',
    linkage: 'inline',
    returns: 'bool',
    name: list.name,
    parameters: [{ type: PARAMETER[list.kind.width], name: 'value' }],
    body: [{ kind: 'return', value: list.rows === null ? compared(list, value) : searched(list.kind, value, list.rows) }],
  };
}

function compared(list: List, value: Expr): Expr {
  return chain(
    '||',
    list.ranges.map((range) => inRange(value, list.kind, range)),
  );
}

function searched({ width }: ValueKind, value: Expr, { start, count }: Rows): Expr {
  const place = [decimal(start), decimal(count)];
  if (width === 'u128') return call('pktc_search6', name('value.high'), name('value.low'), ...place);
  return call(width === 'u32' ? 'pktc_search' : 'pktc_search64', value, ...place);
}

function tableDeclarations(width: Width, rows: number): readonly Declaration[] {
  const table = TABLES[width];
  if (rows === 0) return [];
  return [{ kind: 'define', name: table.rows, value: decimal(rows) }, { kind: 'include', path: table.header }, BLANK];
}

/** The rows of all lists of a width, in the order of their places. */
function tableData(width: Width, lists: readonly List[]): readonly ProgramData[] {
  const parts = lists.flatMap((list) => (list.kind.width === width && list.rows !== null ? [list.rows.bytes] : []));
  const [only] = parts;
  if (only === undefined) return [];
  return [{ variable: TABLES[width].variable, bytes: parts.length === 1 ? only : joined(parts) }];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
