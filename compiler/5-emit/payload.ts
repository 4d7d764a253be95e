/** `payload contains`: what the C and the object of a program get of its patterns. */
import { type ContainsPredicate, FIRST_FOUND_BIT, type PatternSearch, searchKey } from '../4-plan/patterns.ts';
import { BLANK, call, type Declaration, decimal, type Expr, name } from './c.ts';
import type { ProgramData } from './data.ts';
import { type PatternTable, patternTable } from './payload-table.ts';

export interface PayloadSearch {
  /** True when the payload has one of the patterns. @param fields `f`, or the packet in a tunnel */
  contains(predicate: ContainsPredicate, fields: string): Expr;
  /** Sizes of the automaton and the functions that walk it; ahead of the rules. */
  declarations(): readonly Declaration[];
  data(): readonly ProgramData[];
}

/** @param search null: no rule searches */
export function createPayloadSearch(search: PatternSearch | null): PayloadSearch {
  const bits = new Map([...(search?.searches.keys() ?? [])].map((key, at) => [key, at + FIRST_FOUND_BIT]));
  const table = search === null ? null : patternTable(search);
  return {
    contains: (predicate, fields) => {
      const bit = bits.get(searchKey(predicate));
      return bit === undefined ? name('false') : call('pktc_payload_contains', name('ctx'), name(fields), decimal(bit));
    },
    declarations: () => (table === null ? [] : declarationsOf(table)),
    data: () => (table === null ? [] : [{ variable: 'pktc_patterns', bytes: table.bytes }]),
  };
}

function declarationsOf({ tableBytes, finds, bounds }: PatternTable): readonly Declaration[] {
  return [
    { kind: 'define', name: 'PKTC_PATTERN_TABLE_BYTES', value: decimal(tableBytes) },
    { kind: 'define', name: 'PKTC_PATTERN_FINDS', value: decimal(finds) },
    { kind: 'define', name: 'PKTC_PATTERN_BOUNDS', value: decimal(bounds) },
    { kind: 'include', path: 'pktc/payload_search.h' },
    BLANK,
  ];
}
