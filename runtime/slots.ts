/**
 * Which counter is whose. A rule that lives on through changes of the rules keeps its slot, and so its counter; the slot of one that
 * is gone keeps its name, for the events that are still on their way, and is given away again only when there is no other.
 */
import { DEFAULT_SLOT } from './abi/manifest.ts';

export interface SlotRule {
  readonly name: string;
  readonly identity: string;
}

/** One set of rules and the slots of its counters. Never changed: another set of rules has another. */
export interface Slots {
  /** Slots that there are, with the default's. */
  readonly capacity: number;
  readonly rules: readonly SlotRule[];
  /** By rule, in evaluation order. */
  readonly of: Uint32Array;
  /** Of packets that no verdict caught. */
  readonly default: number;
  /** Index of the rule in `rules` whose slot it is; -1: none of these rules. */
  ruleAt(slot: number): number;
  /** Name of the rule that has the slot or had it last; null: nobody has. */
  nameAt(slot: number): string | null;
}

interface Removed extends SlotRule {
  /** The change that removed it. */
  readonly generation: number;
}

export interface DataSlots extends Slots {
  readonly generation: number;
  /** The first slot that nobody ever had. */
  readonly next: number;
  /** By slot, the longest gone first. */
  readonly removed: ReadonlyMap<number, Removed>;
  /** Taken away from rules that are gone: to be set to zero before they count for somebody else. */
  readonly reused: readonly number[];
}

/** Rules that are compiled into the program: the index is the slot, and the default's is the last. */
export function fixedSlots(rules: readonly SlotRule[]): Slots {
  const of = inOrder(rules.length, 0);
  const capacity = rules.length + 1;
  return slotsOf({ capacity, rules, of, default: rules.length }, new Map());
}

/** Over 100,000 rules `from` and iterators take as long as everything else here together. */
function inOrder(count: number, first: number): Uint32Array {
  const slots = new Uint32Array(count);
  for (let index = 0; index < count; index++) slots[index] = first + index;
  return slots;
}

/** The first rules of a program whose rules are data; there must be room for them. */
export function firstSlots(rules: readonly SlotRule[], capacity: number): DataSlots {
  const of = inOrder(rules.length, DEFAULT_SLOT + 1);
  const next = DEFAULT_SLOT + 1 + rules.length;
  const removed = new Map<number, Removed>();
  const slots = slotsOf({ capacity, rules, of, default: DEFAULT_SLOT }, removed);
  return { ...slots, generation: 1, next, removed, reused: [] };
}

/**
 * The slots of the rules that come next; null: there are not enough of them.
 * @param settled the last change of rules that no packet is behind any more: what it removed, nobody counts for
 */
export function nextSlots(now: DataSlots, rules: readonly SlotRule[], settled: number): DataSlots | null {
  const generation = now.generation + 1;
  const { start, oldEnd, newEnd } = changedPart(now.rules, rules);
  const pool = createPool();
  for (let index = start; index < oldEnd; index++) pool.add(now.rules[index]?.identity ?? '', now.of[index] ?? 0);
  for (const [slot, { identity }] of now.removed) pool.add(identity, slot);

  const of = new Uint32Array(rules.length);
  of.set(now.of.subarray(0, start));
  of.set(now.of.subarray(oldEnd), newEnd);
  const removed = new Map(now.removed);
  for (let index = start; index < oldEnd; index++) {
    const rule = now.rules[index];
    if (rule !== undefined) removed.set(now.of[index] ?? 0, { name: rule.name, identity: rule.identity, generation });
  }
  const newcomers: number[] = [];
  for (let index = start; index < newEnd; index++) {
    const slot = pool.take(rules[index]?.identity ?? '');
    if (slot === undefined) newcomers.push(index);
    else {
      of[index] = slot;
      removed.delete(slot);
    }
  }
  const fresh = Math.min(newcomers.length, now.capacity - now.next);
  for (let index = 0; index < fresh; index++) of[newcomers[index] ?? 0] = now.next + index;
  const reused = reuse(removed, newcomers.length - fresh, settled);
  if (reused === null) return null;
  for (const [index, slot] of reused.entries()) of[newcomers[fresh + index] ?? 0] = slot;
  const slots = slotsOf({ capacity: now.capacity, rules, of, default: DEFAULT_SLOT }, removed);
  return { ...slots, generation, next: now.next + fresh, removed, reused };
}

/** Takes so many slots from rules that are gone, those first that went first; null: there are not as many. */
function reuse(removed: Map<number, Removed>, count: number, settled: number): readonly number[] | null {
  const slots: number[] = [];
  for (const [slot, { generation }] of removed) {
    if (slots.length === count) break;
    if (generation <= settled) slots.push(slot);
  }
  if (slots.length < count) return null;
  for (const slot of slots) removed.delete(slot);
  return slots;
}

/** Slots as another process finds them again, as JSON. */
export interface SlotsRecord {
  readonly generation: number;
  readonly next: number;
  readonly of: readonly number[];
  /** Slot, name, identity, and the change that removed the rule; the longest gone first. */
  readonly removed: readonly (readonly [number, string, string, number])[];
}

export function recordOfSlots({ generation, next, of, removed }: DataSlots): SlotsRecord {
  const gone = [...removed].map(([slot, rule]) => [slot, rule.name, rule.identity, rule.generation] as const);
  return { generation, next, of: [...of], removed: gone };
}

/** @param rules those that the record was made of */
export function slotsOfRecord(record: SlotsRecord, rules: readonly SlotRule[], capacity: number): DataSlots {
  const { generation, next } = record;
  const removed = new Map(
    record.removed.map(([slot, name, identity, change]) => [slot, { name, identity, generation: change }]),
  );
  const of = Uint32Array.from(record.of);
  return { ...slotsOf({ capacity, rules, of, default: DEFAULT_SLOT }, removed), generation, next, removed, reused: [] };
}

/** What lies between the rules that both sets begin with and those that both end with. */
function changedPart(before: readonly SlotRule[], after: readonly SlotRule[]) {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start]?.identity === after[start]?.identity) start++;
  let [oldEnd, newEnd] = [before.length, after.length];
  while (oldEnd > start && newEnd > start && before[oldEnd - 1]?.identity === after[newEnd - 1]?.identity) {
    oldEnd--;
    newEnd--;
  }
  return { start, oldEnd, newEnd };
}

/** Slots by identity; rules that say the same have the same one. */
function createPool() {
  const slots = new Map<string, number[]>();
  return {
    add(identity: string, slot: number) {
      const same = slots.get(identity);
      if (same === undefined) slots.set(identity, [slot]);
      else same.push(slot);
    },
    take: (identity: string) => slots.get(identity)?.shift(),
  };
}

function slotsOf(slots: Pick<Slots, 'capacity' | 'rules' | 'of' | 'default'>, removed: ReadonlyMap<number, SlotRule>): Slots {
  const rules = new Int32Array(slots.capacity).fill(-1);
  for (let index = 0; index < slots.of.length; index++) rules[slots.of[index] ?? 0] = index;
  const ruleAt = (slot: number) => rules[slot] ?? -1;
  return {
    ...slots,
    ruleAt,
    nameAt: (slot) => slots.rules[ruleAt(slot)]?.name ?? removed.get(slot)?.name ?? null,
  };
}
