/**
 * A set that a program fills, as it lies in the kernel, read and changed in place: a hash table in an array that both map. How a place
 * changes hands is told in templates/include/pktc/dynamic_sets.h; this is the same for one CPU more.
 */
import type { ManifestSet } from './abi/manifest.ts';
import type { Libbpf } from './ffi/libbpf.ts';
import { CLOCK_BOOTTIME, LITTLE_ENDIAN, type Libc } from './ffi/libc.ts';
import { mapInfoOf } from './kernel-object.ts';
import { mapMemory } from './mapped-memory.ts';

/** An element as 32-bit words: the family, 4 or 6, where there are addresses, then what each field is; see `ManifestKeyPart`. */
export type ElementWords = ArrayLike<number>;

export interface SetElement {
  readonly words: readonly number[];
  /** What is left of its time, in nanoseconds; null: it stays until it is taken out. */
  readonly left_ns: bigint | null;
}

export interface SetState {
  /** Elements whose time is not over. */
  readonly elements: number;
  readonly size: number;
  /** How often an element was not added because the set was full, since it was made. */
  readonly refused: bigint;
}

/** Changes at one time: the clock is read once. */
export interface SetChange {
  /** `stays`: it was there, and stays at least as long. */
  add(words: ElementWords): 'added' | 'stays' | 'full';
}

/** Some of the elements of a set, by the places that they have in it: a bit for each place. */
export interface PickedElements {
  /** Where it is there. */
  add(words: ElementWords): void;
  addPlace(at: number): void;
  hasPlace(at: number): boolean;
}

export interface DynamicSet {
  readonly about: ManifestSet;
  /**
   * @param lasts_ns from now on; null: until they are taken out
   * @param picked is given what is added and what stays
   */
  change(lasts_ns: bigint | null, picked?: PickedElements | null): SetChange;
  /** None of them yet. */
  pick(): PickedElements;
  /** False: it was not there. */
  delete(words: ElementWords): boolean;
  /** Takes out all but these. Returns how many. */
  flush(but?: PickedElements): number;
  elements(): Generator<SetElement>;
  state(): SetState;
  /** As after loading; for a program that is at work nowhere. */
  reset(): void;
  close(): void;
}

const BUCKET_PLACES = 8;
const FIRST_PLACE = 4;
const CONSTANTS_PLACE = 0;
const COUNTS_PLACE = 2;
/** Words of a place ahead of the element. */
const UNTIL_WORDS = 2;
/** What a place has instead of a time; none: it was never used. */
const TAKEN = 1n;
const FREED = 2n;
const FREED_STATE = 2;
const STAYS = 1n << 63n;
const ATTEMPTS = 4;
/** Words of struct pktc_filled_counts. */
const USED = 0;
const REFUSED = 2;

/** @param now_ns the program's time @throws RuntimeError PKT6008 */
export function openDynamicSet(libbpf: Libbpf, libc: Libc, fd: number, about: ManifestSet, now_ns: () => bigint): DynamicSet {
  const info = mapInfoOf(libbpf, fd);
  const [stride_bytes, entries] = [info.get('value_size'), info.get('max_entries')];
  const page = libc.getpagesize();
  const length_bytes = Math.ceil((stride_bytes * entries) / page) * page;
  const memory = mapMemory(libc, { fd, length_bytes, offset_bytes: 0, writable: true });
  const table = tableOf(memory.buffer, stride_bytes, entries, wordsOf(about));
  return {
    about,
    change: (lasts_ns, picked = null) => changeAt(table, about.size, now_ns(), { lasts_ns, picked }),
    pick: () => pickFrom(table),
    delete: (words) => deleteElement(table, words, now_ns()),
    flush: (but) => flush(table, now_ns(), but),
    elements: () => elementsOf(table, now_ns()),
    state: () => stateOf(table, about.size, now_ns()),
    reset() {
      const kept = table.words.slice(CONSTANTS_PLACE * table.stride, CONSTANTS_PLACE * table.stride + 1);
      table.words.fill(0);
      table.words.set(kept, CONSTANTS_PLACE * table.stride);
    },
    close: memory.close,
  };
}

/** Makes elements lie where nobody outside can foretell. Before packets come. */
export function seedSet(libbpf: Libbpf, libc: Libc, fd: number, seed: number): void {
  const page = libc.getpagesize();
  const bytes = mapInfoOf(libbpf, fd).get('value_size');
  const memory = mapMemory(libc, { fd, length_bytes: Math.ceil(bytes / page) * page, offset_bytes: 0, writable: true });
  new DataView(memory.buffer).setUint32(0, seed, LITTLE_ENDIAN);
  memory.close();
}

/** 32-bit words of an element. */
export function wordsOf({ key }: ManifestSet): number {
  const family = key.some(({ type }) => type === 'address') ? 1 : 0;
  return key.reduce((sum, { type, bits }) => sum + (type === 'address' ? 4 : bits > 32 ? 2 : 1), family);
}

/** As `bpf_ktime_get_boot_ns`. */
export function bootTime(libc: Libc): () => bigint {
  const timespec = new BigInt64Array(2);
  return () => {
    libc.clock_gettime(CLOCK_BOOTTIME, timespec);
    return (timespec[0] ?? 0n) * 1_000_000_000n + (timespec[1] ?? 0n);
  };
}

interface Table {
  readonly words: Uint32Array;
  readonly signed: Int32Array;
  readonly times: BigUint64Array;
  /** Words of a place, an even number. */
  readonly stride: number;
  /** Words of an element. */
  readonly width: number;
  readonly buckets: number;
}

function tableOf(buffer: ArrayBuffer, stride_bytes: number, entries: number, width: number): Table {
  const buckets = (entries - FIRST_PLACE) / BUCKET_PLACES;
  const [words, signed, times] = [new Uint32Array(buffer), new Int32Array(buffer), new BigUint64Array(buffer)];
  return { words, signed, times, stride: stride_bytes / 4, width, buckets };
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

function hashOf({ words, stride, width }: Table, element: ElementWords): number {
  let hash = words[CONSTANTS_PLACE * stride] ?? 0;
  for (let index = 0; index < width; index += 1) hash = mix(hash, element[index] ?? 0);
  return mix(hash, width);
}

/** Of its two buckets, where the first place begins, in words. */
function bucketAt({ buckets, stride }: Table, hash: number, second: boolean): number {
  const other = (Math.imul((hash >>> 16) | (hash << 16), 0xc2b2ae35) >>> 7) | 1;
  const bucket = (second ? hash ^ other : hash) & (buckets - 1);
  return (FIRST_PLACE + bucket * BUCKET_PLACES) * stride;
}

/** A time in two halves, for comparisons without allocation. */
interface Instant {
  readonly low: number;
  readonly high: number;
}

function instant(time_ns: bigint): Instant {
  return { low: Number(time_ns & 0xffff_ffffn), high: Number(time_ns >> 32n) };
}

function lives(table: Table, at: number, now: Instant): boolean {
  const high = table.words[at + 1] ?? 0;
  return high > now.high || (high === now.high && (table.words[at] ?? 0) > now.low);
}

/** 0, 1 or 2: no element; else some time. */
function stateAt(table: Table, at: number): number {
  return (table.words[at + 1] ?? 0) !== 0 ? 3 : Math.min(3, table.words[at] ?? 0);
}

function isSame(table: Table, at: number, element: ElementWords): boolean {
  for (let index = 0; index < table.width; index += 1) {
    if (table.words[at + UNTIL_WORDS + index] !== (element[index] ?? 0) >>> 0) return false;
  }
  return true;
}

function* placesWith(table: Table, element: ElementWords): Generator<number> {
  const hash = hashOf(table, element);
  for (const second of [false, true]) {
    let at = bucketAt(table, hash, second);
    for (let place = 0; place < BUCKET_PLACES && stateAt(table, at) !== 0; place += 1, at += table.stride) {
      if (stateAt(table, at) === 3 && isSame(table, at, element)) yield at;
    }
  }
}

function pickFrom(table: Table): PickedElements {
  const { stride, buckets } = table;
  const bits = new Uint8Array((FIRST_PLACE + buckets * BUCKET_PLACES + 7) >> 3);
  const addPlace = (at: number) => {
    const place = at / stride;
    bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
  };
  return {
    add(words) {
      for (const at of placesWith(table, words)) addPlace(at);
    },
    addPlace,
    hasPlace(at) {
      const place = at / stride;
      return ((bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
    },
  };
}

interface Changing {
  readonly lasts_ns: bigint | null;
  /** Is given what is added or stays; null: nobody asks. */
  readonly picked: PickedElements | null;
}

function changeAt(table: Table, size: number, now_ns: bigint, { lasts_ns, picked }: Changing): SetChange {
  const now = instant(now_ns);
  const until_ns = lasts_ns === null ? now_ns | STAYS : now_ns + lasts_ns;
  const counts = COUNTS_PLACE * table.stride;
  let swept = false;
  const reserve = (): boolean => {
    if (Atomics.add(table.signed, counts + USED, 1) >>> 0 < size) return true;
    Atomics.sub(table.signed, counts + USED, 1);
    return false;
  };
  const makeRoom = (): boolean => {
    if (swept) return false;
    swept = true;
    return release(table, (at) => stateAt(table, at) === 3 && !lives(table, at, now)) > 0;
  };
  const insert = (hash: number, element: ElementWords): boolean => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const at = roomFor(table, hash, now);
      if (at < 0) return false;
      const state = stateAt(table, at);
      const fresh = state === 0 || state === FREED_STATE;
      // What it is expected to be: a number of 64 bits is only made of what is there where it has to be looked at.
      const seen = fresh ? (state === 0 ? 0n : FREED) : Atomics.load(table.times, at / 2);
      if (fresh && !reserve() && !(makeRoom() && reserve())) return false;
      if (!fresh && (seen <= FREED || seen > now_ns)) continue;
      if (Atomics.compareExchange(table.times, at / 2, seen, TAKEN) === seen) {
        for (let index = 0; index < table.width; index += 1) table.words[at + UNTIL_WORDS + index] = element[index] ?? 0;
        Atomics.store(table.times, at / 2, until_ns);
        picked?.addPlace(at);
        return true;
      }
      if (fresh) Atomics.sub(table.signed, counts + USED, 1);
    }
    return false;
  };
  return {
    add(element) {
      const hash = hashOf(table, element);
      const there = renew(table, hash, element, { now, until_ns, picked });
      if (there !== null) return there;
      if (insert(hash, element)) return 'added';
      Atomics.add(table.times, (counts + REFUSED) / 2, 1n);
      return 'full';
    },
  };
}

/** null: it is not there. */
function renew(
  table: Table,
  hash: number,
  element: ElementWords,
  { now, until_ns, picked }: Pick<Changing, 'picked'> & { readonly now: Instant; readonly until_ns: bigint },
): 'added' | 'stays' | null {
  for (let second = 0; second < 2; second += 1) {
    let at = bucketAt(table, hash, second === 1);
    for (let place = 0; place < BUCKET_PLACES; place += 1, at += table.stride) {
      const state = stateAt(table, at);
      if (state === 0) break;
      if (state !== 3 || !isSame(table, at, element)) continue;
      const lived = lives(table, at, now);
      if (!extend(table, at, until_ns)) continue;
      picked?.addPlace(at);
      return lived ? 'stays' : 'added';
    }
  }
  return null;
}

/** False: the element is gone meanwhile. */
function extend({ times }: Table, at: number, until_ns: bigint): boolean {
  let seen = Atomics.load(times, at / 2);
  while (seen > FREED) {
    if (seen >= until_ns || seen >= STAYS) return true;
    const before = Atomics.compareExchange(times, at / 2, seen, until_ns);
    if (before === seen) return true;
    seen = before;
  }
  return false;
}

/** A place whose time is over, else a free one in the bucket that has more of them; -1: none. */
function roomFor(table: Table, hash: number, now: Instant): number {
  let [best, fullest] = [-1, BUCKET_PLACES + 1];
  for (let second = 0; second < 2; second += 1) {
    let at = bucketAt(table, hash, second === 1);
    let [free, full] = [-1, 0];
    for (let place = 0; place < BUCKET_PLACES; place += 1, at += table.stride) {
      const state = stateAt(table, at);
      if (state === 3 && !lives(table, at, now)) return at;
      if (state === 0 || state === FREED_STATE) {
        if (free < 0) free = at;
        // Behind a place that was never used there is none that was.
        if (state === 0) break;
      } else full += 1;
    }
    if (free >= 0 && full < fullest) [best, fullest] = [free, full];
  }
  return best;
}

/** Frees places. Returns how many. */
function release(table: Table, wanted: (at: number) => boolean): number {
  const end = (FIRST_PLACE + table.buckets * BUCKET_PLACES) * table.stride;
  let freed = 0;
  for (let at = FIRST_PLACE * table.stride; at < end; at += table.stride) if (wanted(at) && free(table, at)) freed += 1;
  return freed;
}

function free({ times, signed, stride }: Table, at: number): boolean {
  let seen = Atomics.load(times, at / 2);
  while (seen > FREED) {
    const before = Atomics.compareExchange(times, at / 2, seen, FREED);
    if (before === seen) {
      Atomics.sub(signed, COUNTS_PLACE * stride + USED, 1);
      return true;
    }
    seen = before;
  }
  return false;
}

/** CPUs that added it at the same time may have put it into several places. */
function deleteElement(table: Table, element: ElementWords, now_ns: bigint): boolean {
  const now = instant(now_ns);
  let found = false;
  for (const at of [...placesWith(table, element)]) {
    const lived = lives(table, at, now);
    if (free(table, at) && lived) found = true;
  }
  return found;
}

function flush(table: Table, now_ns: bigint, but: PickedElements | undefined): number {
  const now = instant(now_ns);
  let living = 0;
  release(table, (at) => {
    if (stateAt(table, at) !== 3 || but?.hasPlace(at)) return false;
    if (lives(table, at, now)) living += 1;
    return true;
  });
  return living;
}

function wordsAt({ words, width }: Table, at: number): readonly number[] {
  return Array.from(words.subarray(at + UNTIL_WORDS, at + UNTIL_WORDS + width));
}

function* elementsOf(table: Table, now_ns: bigint): Generator<SetElement> {
  const end = (FIRST_PLACE + table.buckets * BUCKET_PLACES) * table.stride;
  for (let at = FIRST_PLACE * table.stride; at < end; at += table.stride) {
    if (stateAt(table, at) !== 3) continue;
    const before = Atomics.load(table.times, at / 2);
    const words = wordsAt(table, at);
    const until_ns = Atomics.load(table.times, at / 2);
    // It has changed hands meanwhile when it was over before, or is now.
    if (before <= now_ns || until_ns <= now_ns) continue;
    yield { words, left_ns: until_ns >= STAYS ? null : until_ns - now_ns };
  }
}

function stateOf(table: Table, size: number, now_ns: bigint): SetState {
  const now = instant(now_ns);
  const end = (FIRST_PLACE + table.buckets * BUCKET_PLACES) * table.stride;
  let elements = 0;
  for (let at = FIRST_PLACE * table.stride; at < end; at += table.stride) {
    if (stateAt(table, at) === 3 && lives(table, at, now)) elements += 1;
  }
  return { elements, size, refused: Atomics.load(table.times, (COUNTS_PLACE * table.stride + REFUSED) / 2) };
}
