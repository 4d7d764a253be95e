/**
 * Which bits of the key say that a field is there. An absent field is 0 in the key, and so most conditions need no more: `dport 80`
 * leaves 0 out, `not dport 80` takes it with the packets that have no port. Where a condition takes 0 and not the absent field, or the
 * other way round, a bit tells them apart.
 */
import type { Field } from '../../../grammar/fields/field.ts';
import { FIELDS, fieldNamed } from '../../../grammar/fields/index.ts';
import type { Predicate } from '../../2-resolve/program.ts';
import { isNeverAbsent, slotName } from '../slots.ts';
import type { Bits, Presence, Scalar } from '../tree/box-set.ts';

/** Bits of the word: a record has a byte for them, or two. */
const BITS = [8, 16] as const;
const MOST = 16;

/** What is counted while the conditions of a program are gone through. */
export interface Asked {
  /** Bits of the flags that rules ask for. */
  readonly flags: Map<string, number>;
  /** Predicates that ask whether the field is there, and nothing else. */
  readonly alone: Map<string, number>;
  /** Predicates that tell 0 from an absent field. */
  readonly zeroes: Map<string, number>;
}

export function nothingAsked(): Asked {
  return { flags: new Map(), alone: new Map(), zeroes: new Map() };
}

/** @param rules that ask the same */
export function countAsked(predicate: Predicate, { flags, alone, zeroes }: Asked, rules: number): void {
  const { field } = predicate;
  if (predicate.kind === 'present') alone.set(field, (alone.get(field) ?? 0) + rules);
  if (tellsZero(predicate)) zeroes.set(field, (zeroes.get(field) ?? 0) + rules);
  if (predicate.kind === 'bits' || predicate.kind === 'some') flags.set(field, (flags.get(field) ?? 0) | predicate.mask);
}

/** Whether 0 is among the values for which the predicate holds; negated, it holds for an absent field and not for 0. */
export function tellsZero(predicate: Predicate): boolean {
  if (predicate.kind === 'in') return predicate.ranges[0]?.[0] === 0;
  return predicate.kind === 'bits' && predicate.value === 0;
}

/** null: no rule asks for flags, or for a presence. @param flags the field of flags */
export function bitsFor(asked: Asked, scalars: readonly Scalar[], flags: Field | null): Bits | null {
  const used = flags === null ? 0 : (asked.flags.get(flags.name) ?? 0);
  const places = new Map(scalars.map(({ field }, at): [string, Presence['of']] => [field, at]));
  if (flags !== null) places.set(flags.name, 'flags');
  const times = (name: string) => (asked.alone.get(name) ?? 0) + (places.has(name) ? (asked.zeroes.get(name) ?? 0) : 0);
  const wanted = FIELDS.filter((field) => times(field.name) > 0 && canBeAbsent(field));
  const room = MOST - countOf(used);
  const chosen = new Set([...wanted].sort((a, b) => times(b.name) - times(a.name)).slice(0, room));
  if (flags === null && chosen.size === 0) return null;
  const width = chosen.size + countOf(used) <= BITS[0] && used < 1 << BITS[0] ? BITS[0] : BITS[1];
  // From the top, where flags stand that are seldom asked for: what the C looks like should not change with them.
  const free = Array.from({ length: width }, (_, at) => 1 << (width - 1 - at)).filter((bit) => (used & bit) === 0);
  const presence = wanted
    .filter((field) => chosen.has(field))
    .map(({ name }, at): Presence => ({ field: name, slot: slotName(name), bit: free[at] ?? 0, of: places.get(name) ?? null }));
  return {
    flags: flags === null ? null : { field: flags.name, slot: slotName(flags.name) },
    presence,
    bytes: width === BITS[0] ? 1 : 2,
    max: 2 ** width - 1,
  };
}

function countOf(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Fields whose slot says so itself: addresses have two, and are told apart by the kind of packet. */
function canBeAbsent(field: Field): boolean {
  const { type, read } = field;
  return type.kind !== 'address' && (read.kind === 'header' || read.kind === 'fact') && !isNeverAbsent(field);
}

/** Whether every packet has the field. */
export function isAlwaysThere(name: string): boolean {
  const field = fieldNamed(name);
  return field !== undefined && isNeverAbsent(field);
}
