/**
 * Value lists that are too long to be compared range by range: what the C says of them, and their tables, which are data of the
 * object. The C has the lengths of the tables, rounded up, and no value.
 */
import type { BigRange, NumberRange, WideRanges } from '../2-resolve/program.ts';
import { equalRanges, wordsOf } from '../2-resolve/wide-ranges.ts';
import { BLANK, call, type Declaration, decimal, type Expr, name } from './c.ts';
import type { ProgramData } from './data.ts';
import type { ValueKind, ValueRange } from './lists.ts';
import { addBits } from './sets/bits.ts';
import { addDirect, createDirect, PAGE_WORDS } from './sets/direct.ts';
import { edges32, edges128 } from './sets/edges.ts';
import { type Growing, growing } from './sets/growing.ts';
import { addLines, createLines, lineTablesOf, planLines } from './sets/lines.ts';
import { createSetTables, type Table, tableOf } from './sets/tables.ts';

/**
 * From so many ranges on a list of 32-bit values has 8 MiB to itself and is asked in two reads; below, it has about 12 bytes a range.
 */
export const DIRECT_RANGES_MIN = 2 ** 14;
/** The longest lists get them. */
const DIRECT_LISTS_MAX = 4;

/** From so many ranges on a list of IPv6 addresses is put into lines, if most of its prefixes find a place there; they take 128 KiB at least. */
export const LINES_RANGES_MIN = 2 ** 11;

/** Places in rules that ask a long list; where there are more, the lists are asked by a call. */
const INLINE_USES_MAX = 16;

const BITS_MAX = 0xffffn;
/** A range of 64-bit values. */
const ROW_WORDS = 4;

export interface LongLists {
  /** @returns the list's own name */
  add(kind: ValueKind, ranges: readonly ValueRange[]): object;
  /** Whether `value`, a parameter of the list's function, is in a list that `add` has returned. */
  test(list: object): Expr;
  /** Headers with the sizes of their tables. */
  declarations(): readonly Declaration[];
  data(): readonly ProgramData[];
}

type Form = 'bits' | 'direct' | 'set' | 'set6' | 'rows';

interface LongList {
  readonly kind: ValueKind;
  readonly ranges: readonly ValueRange[];
}

/** A table and what reads it. */
interface Header {
  readonly path: string;
  readonly tables: readonly Table[];
}

interface Built {
  readonly tests: ReadonlyMap<object, Expr>;
  readonly headers: readonly Header[];
}

export function createLongLists(): LongLists {
  const lists: LongList[] = [];
  const seen = new Map<readonly ValueRange[], LongList[]>();
  let uses = 0;
  let built: Built | null = null;
  const all = (): Built => {
    built ??= build(lists);
    return built;
  };
  return {
    add: (kind, ranges) => {
      uses += 1;
      const alike = (list: LongList) => list.kind.width === kind.width && list.kind.max === kind.max;
      const known = seen.get(ranges)?.find(alike) ?? lists.find((list) => alike(list) && equalRanges(list.ranges, ranges));
      const list = known ?? { kind, ranges };
      if (known === undefined) {
        lists.push(list);
        built = null;
      }
      seen.set(ranges, [...(seen.get(ranges) ?? []), list]);
      return list;
    },
    test: (list) => all().tests.get(list) ?? name('false'),
    declarations: () => {
      const { headers } = all();
      if (headers.length === 0) return [];
      const apart =
        uses > INLINE_USES_MAX ? [{ kind: 'define', name: 'PKTC_SET_LINKAGE', value: name('__noinline') } as const] : [];
      return [...apart, ...headers.flatMap(headerDeclarations), BLANK];
    },
    data: () => all().headers.flatMap(({ tables }) => tables.map(({ data }) => data)),
  };
}

function headerDeclarations({ path, tables }: Header): readonly Declaration[] {
  return [
    ...tables.map(({ constant, length }): Declaration => ({ kind: 'define', name: constant, value: decimal(length) })),
    { kind: 'include', path },
  ];
}

/** The form of each list, by what it costs. */
function formsOf(lists: readonly LongList[]): readonly Form[] {
  const direct = lists
    .filter(({ kind, ranges }) => kind.width === 'u32' && kind.max > BITS_MAX && ranges.length >= DIRECT_RANGES_MIN)
    .toSorted((a, b) => b.ranges.length - a.ranges.length)
    .slice(0, DIRECT_LISTS_MAX);
  return lists.map((list) => {
    if (list.kind.width === 'u128') return 'set6';
    if (list.kind.width === 'u64') return 'rows';
    if (list.kind.max <= BITS_MAX) return 'bits';
    return direct.includes(list) ? 'direct' : 'set';
  });
}

function build(lists: readonly LongList[]): Built {
  const forms = formsOf(lists);
  const words = () => growing((length) => new Uint32Array(length));
  const [bits, places, rows, direct, sets] = [words(), words(), words(), createDirect(), createSetTables()];
  const lines = createLines();
  const value = name('value');
  const tests = new Map<object, Expr>();
  lists.forEach((list, index) => {
    const { ranges } = list;
    switch (forms[index]) {
      case 'bits':
        tests.set(list, call('pktc_in_bits', value, decimal(addBits(bits, ranges as readonly NumberRange[]))));
        break;
      case 'direct':
        tests.set(list, call('pktc_in_direct', value, decimal(addDirect(direct, edges32(ranges as readonly NumberRange[])))));
        break;
      case 'set':
        tests.set(list, call('pktc_in_set', value, decimal(sets.add32(edges32(ranges as readonly NumberRange[])))));
        break;
      case 'set6': {
        const wide: WideRanges = ranges as readonly BigRange[];
        const plan = ranges.length < LINES_RANGES_MIN ? null : planLines(wordsOf(wide));
        const number = plan ? addLines(lines, plan, sets.add128) : sets.add128(edges128(wide));
        const asked = plan ? 'pktc_in_lines' : 'pktc_in_set6';
        tests.set(list, call(asked, name('value.high'), name('value.low'), decimal(number)));
        break;
      }
      default: {
        const number = places.length() / 2;
        places.append(Uint32Array.of(rows.length() / ROW_WORDS, ranges.length));
        rows.append(new Uint32Array(BigUint64Array.from(ranges.flat(), BigInt).buffer));
        tests.set(list, call('pktc_search64', value, decimal(number)));
      }
    }
  });
  return { tests, headers: headersOf(new Set(forms), { bits, places, rows, direct, sets, lines }) };
}

interface Tables {
  readonly bits: Growing<Uint32Array>;
  readonly places: Growing<Uint32Array>;
  readonly rows: Growing<Uint32Array>;
  readonly direct: ReturnType<typeof createDirect>;
  readonly sets: ReturnType<typeof createSetTables>;
  readonly lines: ReturnType<typeof createLines>;
}

function headersOf(forms: ReadonlySet<Form>, { bits, places, rows, direct, sets, lines }: Tables): readonly Header[] {
  const headers: Header[] = [];
  if (forms.has('bits')) {
    headers.push({
      path: 'pktc/set_bits.h',
      tables: [tableOf('PKTC_BIT_WORDS', 'pktc_bits', bits.view(), 2, bits.length() / 2)],
    });
  }
  if (forms.has('direct')) {
    const [groups, pages] = [direct.groups.view(), direct.pages.view()];
    const count = groups.length / 2;
    headers.push({
      path: 'pktc/set_direct.h',
      tables: [
        tableOf('PKTC_DIRECT_GROUPS', 'pktc_direct_groups', groups, 2, count),
        tableOf('PKTC_DIRECT_PAGES', 'pktc_direct_pages', pages, PAGE_WORDS),
      ],
    });
  }
  if (forms.has('set') || forms.has('set6')) headers.push({ path: 'pktc/set.h', tables: sets.tables() });
  if (forms.has('set6')) headers.push({ path: 'pktc/set6.h', tables: sets.wideTables() });
  if (lines.sets.length() > 0) headers.push({ path: 'pktc/set_lines.h', tables: lineTablesOf(lines) });
  if (forms.has('rows')) {
    headers.push({
      path: 'pktc/search64.h',
      tables: [
        tableOf('PKTC_LISTS64', 'pktc_lists64', places.view(), 2, places.length() / 2),
        tableOf('PKTC_RANGES64', 'pktc_ranges64', rows.view(), ROW_WORDS),
      ],
    });
  }
  return headers;
}
