/** Which boxes of one set are those of another, which came of the same rules before some of them changed. */
import type { BoxSet } from './box-set.ts';

export interface MatchedBoxes {
  /** Number in the set that came later, by the number in the one before: ascending, -1 for boxes that are gone. */
  readonly numbers: Int32Array;
  /** How many boxes both sets begin with, and end with behind those. */
  readonly ahead: number;
  readonly behind: number;
  /** Boxes that are gone, and those that have come: numbers of their own sets. */
  readonly gone: readonly number[];
  readonly come: readonly number[];
}

/** Rules that are looked at behind a difference, to see where both sets go on alike. */
const AHEAD = 16;

/** Only whole rules are alike: all boxes of an entry, or none. @param most null is given when more boxes than this differ */
export function matchBoxes(before: BoxSet, now: BoxSet, most: number): MatchedBoxes | null {
  const [old, fresh] = [entriesOf(before), entriesOf(now)];
  const same = (one: number, other: number) => sameEntry(before, old, one, now, fresh, other);
  const numbers = new Int32Array(before.count).fill(-1);
  const gone: number[] = [];
  const come: number[] = [];
  const ahead = entriesAhead(before, old, now, fresh);
  const behind = entriesBehind(before, old, now, fresh, ahead);
  const ends = { ahead: boxAt(old, ahead), behind: before.count - boxAt(old, old.count - behind) };
  for (let box = 0; box < ends.ahead; box++) numbers[box] = box;
  const by = now.count - before.count;
  for (let box = before.count - ends.behind; box < before.count; box++) numbers[box] = box + by;
  let [one, other] = [ahead, ahead];
  const [oneEnd, otherEnd] = [old.count - behind, fresh.count - behind];
  while (one < oneEnd || other < otherEnd) {
    if (one < oneEnd && other < otherEnd && same(one, other)) {
      const by = boxAt(fresh, other) - boxAt(old, one);
      for (let box = boxAt(old, one); box < boxAt(old, one + 1); box++) numbers[box] = box + by;
      one++;
      other++;
      continue;
    }
    const [skipOne, skipOther] = toNextAlike(oneEnd - one, otherEnd - other, (a, b) => same(one + a, other + b));
    for (const end = one + skipOne; one < end; one++) list(old, one, gone);
    for (const end = other + skipOther; other < end; other++) list(fresh, other, come);
    if (gone.length + come.length > most) return null;
  }
  return { numbers, ...ends, gone, come };
}

/** How many entries both sets begin with. */
function entriesAhead(before: BoxSet, old: Entries, now: BoxSet, fresh: Entries): number {
  let boxes = Math.min(before.count, now.count);
  for (const { a, b, width } of columnPairs(before, now)) boxes = Math.floor(alikeAhead(a, b, width * boxes) / width);
  const most = Math.min(old.count, fresh.count);
  let entries = 0;
  while (entries < most && boxAt(old, entries + 1) === boxAt(fresh, entries + 1) && boxAt(old, entries + 1) <= boxes) entries++;
  return entries;
}

/** How many entries both sets end with, behind the first ones. */
function entriesBehind(before: BoxSet, old: Entries, now: BoxSet, fresh: Entries, ahead: number): number {
  let boxes = Math.min(before.count - boxAt(old, ahead), now.count - boxAt(fresh, ahead));
  for (const { a, b, width } of columnPairs(before, now)) {
    boxes = Math.floor(alikeBehind(a, width * before.count, b, width * now.count, width * boxes) / width);
  }
  const most = Math.min(old.count, fresh.count) - ahead;
  const last = (of: BoxSet, entries: Entries, count: number) => of.count - boxAt(entries, entries.count - count);
  let entries = 0;
  while (entries < most) {
    const next = last(before, old, entries + 1);
    if (next !== last(now, fresh, entries + 1) || next > boxes) break;
    entries++;
  }
  return entries;
}

type Column = Uint32Array | Uint16Array | Uint8Array;

/** All that makes a box, but for its entry; `width` elements a box. */
function columnPairs(
  before: BoxSet,
  now: BoxSet,
): readonly { readonly a: Column; readonly b: Column; readonly width: number }[] {
  const words = before.family === 4 ? 2 : 4;
  const scalars = before.scalars.map((a, scalar) => ({ a, b: now.scalars[scalar] ?? new Uint16Array(), width: 2 }));
  const columns = [
    { a: before.src, b: now.src, width: words },
    { a: before.dst, b: now.dst, width: words },
    { a: before.srcLength, b: now.srcLength, width: 1 },
    { a: before.dstLength, b: now.dstLength, width: 1 },
    ...scalars,
    { a: before.bitsMask, b: now.bitsMask, width: 1 },
    { a: before.bitsValue, b: now.bitsValue, width: 1 },
    { a: before.checked, b: now.checked, width: 1 },
  ];
  return columns.filter(({ a, b }) => a.length > 0 || b.length > 0);
}

/** Elements that are compared at once, as memory. */
const BLOCK = 1024;

function sameBlock(a: Column, at: number, b: Column, there: number): boolean {
  return Buffer.compare(blockOf(a, at), blockOf(b, there)) === 0;
}

function blockOf({ buffer, byteOffset, BYTES_PER_ELEMENT: size }: Column, at: number): Buffer {
  return Buffer.from(buffer, byteOffset + size * at, size * BLOCK);
}

function alikeAhead(a: Column, b: Column, most: number): number {
  let count = 0;
  while (count + BLOCK <= most && sameBlock(a, count, b, count)) count += BLOCK;
  while (count < most && a[count] === b[count]) count++;
  return count;
}

function alikeBehind(a: Column, aEnd: number, b: Column, bEnd: number, most: number): number {
  let count = 0;
  while (count + BLOCK <= most && sameBlock(a, aEnd - count - BLOCK, b, bEnd - count - BLOCK)) count += BLOCK;
  while (count < most && a[aEnd - 1 - count] === b[bEnd - 1 - count]) count++;
  return count;
}

/** Where the boxes of each entry begin, and behind the last where they end. */
interface Entries {
  readonly count: number;
  readonly starts: Uint32Array;
}

function entriesOf({ entry, count }: BoxSet): Entries {
  const starts = new Uint32Array(count + 1);
  let entries = 0;
  for (let box = 0; box < count; box++) if (box === 0 || entry[box] !== entry[box - 1]) starts[entries++] = box;
  starts[entries] = count;
  return { count: entries, starts };
}

function boxAt({ starts }: Entries, entry: number): number {
  return starts[entry] as number;
}

function list(entries: Entries, entry: number, to: number[]): void {
  for (let box = boxAt(entries, entry); box < boxAt(entries, entry + 1); box++) to.push(box);
}

/** How many entries of each set are left out until the next ones are alike: as few as possible; one each when none are near. */
function toNextAlike(ones: number, others: number, same: (a: number, b: number) => boolean): readonly [number, number] {
  for (let sum = 1; sum <= AHEAD; sum++) {
    for (let a = 0; a <= sum; a++) {
      const b = sum - a;
      if (a > ones || b > others) continue;
      // One set may end here.
      if (a === ones && b === others) return [a, b];
      if (a < ones && b < others && same(a, b)) return [a, b];
    }
  }
  return [Math.min(1, ones), Math.min(1, others)];
}

function sameEntry(before: BoxSet, old: Entries, one: number, now: BoxSet, fresh: Entries, other: number): boolean {
  const from = boxAt(old, one);
  const into = boxAt(fresh, other);
  const count = boxAt(old, one + 1) - from;
  if (count !== boxAt(fresh, other + 1) - into) return false;
  for (let box = 0; box < count; box++) if (!sameBox(before, from + box, now, into + box)) return false;
  return true;
}

function sameBox(before: BoxSet, one: number, now: BoxSet, other: number): boolean {
  const words = before.family === 4 ? 2 : 4;
  if (!alike(before.src, now.src, words, one, other) || !alike(before.dst, now.dst, words, one, other)) return false;
  if (before.srcLength[one] !== now.srcLength[other] || before.dstLength[one] !== now.dstLength[other]) return false;
  for (let scalar = 0; scalar < before.scalars.length; scalar++) {
    if (!alike(before.scalars[scalar] as Uint16Array, now.scalars[scalar] as Uint16Array, 2, one, other)) return false;
  }
  const bits = before.bitsMask[one] === now.bitsMask[other] && before.bitsValue[one] === now.bitsValue[other];
  return bits && before.checked[one] === now.checked[other];
}

function alike(a: Uint32Array | Uint16Array, b: Uint32Array | Uint16Array, words: number, one: number, other: number): boolean {
  for (let word = 0; word < words; word++) if (a[words * one + word] !== b[words * other + word]) return false;
  return true;
}
