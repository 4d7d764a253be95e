/** Which lists of option kinds each kind is in, as data of the object. */
import { kindListBit } from '../4-plan/kind-lists.ts';
import type { Plan } from '../4-plan/plan.ts';
import type { ProgramData } from './data.ts';

/** PKTC_KINDS in `templates/include/pktc/kinds.h`. */
const KINDS = 256;

export function kindData({ kindLists, slots }: Plan): readonly ProgramData[] {
  if (!slots.some((slot) => WALKED.has(slot.name))) return [];
  const bits = new BigUint64Array(KINDS);
  for (const list of kindLists) {
    for (const kind of list) bits[kind] = (bits[kind] ?? 0n) | kindListBit(kindLists, list);
  }
  return [{ variable: 'pktc_kind_bits', bytes: new Uint8Array(bits.buffer) }];
}

/** Slots for which the program walks options, and so has the table. */
const WALKED: ReadonlySet<string> = new Set(['ip_options', 'ip6_ext', 'tcp_option', 'tcp_mss']);
