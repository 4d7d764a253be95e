/** Which boxes of one set are those of another, which came of the same rules before some of them changed. */
import type { BoxSet } from './box-set.ts';

export interface MatchedBoxes {
  /** Number in the set that came later, by the number in the one before: ascending, -1 for boxes that are gone. */
  readonly numbers: Int32Array;
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
  let [one, other] = [0, 0];
  while (one < old.count || other < fresh.count) {
    if (one < old.count && other < fresh.count && same(one, other)) {
      const by = boxAt(fresh, other) - boxAt(old, one);
      for (let box = boxAt(old, one); box < boxAt(old, one + 1); box++) numbers[box] = box + by;
      one++;
      other++;
      continue;
    }
    const [skipOne, skipOther] = toNextAlike(old.count - one, fresh.count - other, (a, b) => same(one + a, other + b));
    for (const end = one + skipOne; one < end; one++) list(old, one, gone);
    for (const end = other + skipOther; other < end; other++) list(fresh, other, come);
    if (gone.length + come.length > most) return null;
  }
  return { numbers, gone, come };
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
