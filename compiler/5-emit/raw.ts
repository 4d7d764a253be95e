/** Raw reads in conditions: `templates/include/pktc/raw.h` fetches the bytes when a rule asks. */
import type { Field, FieldRead } from '../../grammar/fields/field.ts';
import type { Predicate } from '../2-resolve/program.ts';
import type { Place, Slot } from '../4-plan/plan.ts';
import { binary, call, chain, decimal, type Expr, hex, member, name } from './c.ts';
import type { Lists, ValueKind } from './lists.ts';

/** The packet that a rule looks at, by its name in C: the packet itself, or the one in a tunnel. */
export type View = 'f' | 'in';

export type RawRead = Extract<FieldRead, { kind: 'raw' }>;
export type RawField = Field & { readonly read: RawRead };

/** PKTC_ABSENT: a bit that no value has. */
const ABSENT = 1n << 63n;

/** What is absent lies above every range that a list can have. */
const MAX = (1n << 64n) - 1n;

export interface RawContext {
  readonly slots: ReadonlyMap<string, Slot>;
  readonly lists: Lists;
  readonly few?: boolean;
}

/** The value of a member, read afresh for each comparison: `pktc_read` in `bpf.h`, `pktc_value` in `few.h`. */
export function readingOf(value: Expr, { few }: { readonly few?: boolean }): Expr {
  return call(few === true ? 'pktc_value' : 'pktc_read', value);
}

/** What has to be present for the read, and the read with its comparison, which is false when a byte is not there. */
export function rawTest(
  predicate: Predicate,
  read: RawRead,
  context: RawContext,
  view: View,
): { readonly needs: readonly Slot[]; readonly test: Expr } {
  const values = (slot: PlaceSlot) => readingOf(member(view, slot), context);
  const { needs, value } = fetch(read, view, values);
  const test = compared(predicate, read, value, context.lists);
  return {
    needs: needs.map((need) => context.slots.get(need)).filter((slot) => slot !== undefined),
    test: read.base === 'tail' ? chain('&&', [longEnough(read, values), test]) : test,
  };
}

type PlaceSlot = Place | 'len' | 'payload_len';

/** A payload shorter than that has no place to begin at. */
function longEnough({ offset }: RawRead, values: (slot: PlaceSlot) => Expr): Expr {
  return binary(values('payload_len'), '>=', decimal(offset));
}

interface Fetch {
  readonly needs: readonly string[];
  readonly value: Expr;
}

function fetch({ base, offset, size }: RawRead, view: View, values: (slot: PlaceSlot) => Expr): Fetch {
  const from = (start: Expr, end: Expr) => call('pktc_raw', name('ctx'), start, decimal(size), end);
  const behind = (start: Expr) => (offset === 0 ? start : binary(start, '+', decimal(offset)));
  const end = values('datagram_end');
  switch (base) {
    case 'frame': {
      if (view === 'f') return { needs: [], value: call('pktc_raw_frame', name('ctx'), decimal(offset), decimal(size)) };
      const start = values('frame_off');
      return { needs: [], value: from(behind(start), binary(start, '+', values('len'))) };
    }
    case 'network':
      return { needs: ['network_off'], value: from(behind(values('network_off')), end) };
    case 'transport':
      return { needs: ['transport_off'], value: from(behind(values('transport_off')), end) };
    case 'payload':
      return { needs: ['payload_off'], value: from(behind(values('payload_off')), end) };
    case 'tail':
      return { needs: ['payload_len'], value: from(binary(end, '-', decimal(offset)), end) };
  }
}

function compared(predicate: Predicate, { size }: RawRead, value: Expr, lists: Lists): Expr {
  const digits = 2 * size;
  switch (predicate.kind) {
    case 'in': {
      const kind: ValueKind = { width: 'u64', max: MAX, digits };
      if (predicate.ranges.length === 0) return name('false');
      return lists.contains(value, kind, predicate.ranges);
    }
    case 'bits':
      return binary(binary(value, '&', hex(ABSENT | BigInt(predicate.mask))), '==', hex(predicate.value, digits));
    case 'some':
      return binary(binary(value, '&', hex(predicate.mask, digits)), '!=', decimal(0));
    case 'present':
      return binary(value, '!=', name('PKTC_ABSENT'));
    default:
      return name('false');
  }
}
