/**
 * The reading end of a BPF ring buffer, mapped into this process (kernel/bpf/ringbuf.c). The kernel maps the data twice in a
 * row, so that a record is always in one piece; positions only grow, modulo 2^64.
 *
 * Several processes may read one ring, each all of it. The kernel knows one position, behind which it writes anew. Here it is that of the
 * reader who is furthest: each has a position of its own, and moves the kernel's when it comes past it, in one atomic step and never
 * back. So nobody is in charge, and nobody is missed who dies. A slower reader has the whole ring for what lies between; what is
 * overwritten under it, it notices, and knows how many records that were, as all have one length.
 */
import type { RecordMemory } from './event-decoder.ts';
import { LITTLE_ENDIAN, type Libc } from './ffi/libc.ts';
import { mapMemory } from './mapped-memory.ts';

export interface EventRing {
  /** Whether a record waits, finished or not. */
  isEmpty(): boolean;
  /** Of the record that is written next: what lies before it is there. */
  readonly produced: number;
  /** Takes the oldest records, at most `budget`, and gives their space back to the kernel. */
  take(budget: number, how?: Taking): RecordBatch;
  /** When the oldest records were written, of at most `budget`. */
  survey(budget: number): RecordTimes;
  /** Takes the first ones of those that were surveyed last, to a place in memory. False: they were overwritten meanwhile, nothing is taken. */
  takeSurveyed(count: number, into: Uint8Array, at: number): boolean;
  /** From the beginning of a record to that of the next, in bytes; what they begin with is a header. */
  readonly spacing: number;
  /**
   * The newest records, at most `budget`, as far as the last call had not given them. Takes nothing: for those who take it is as if nobody had
   * looked. What is left out does not count as overtaken.
   */
  peek(budget: number): RecordBatch;
  /** How much of the ring waits for whoever takes: 0 to 1. */
  used(): number;
  /** How much of it waits for this reader: more than 1 when it was overtaken. */
  waiting(): number;
  /** Of the next record that this reader takes, in bytes since the first one. */
  readonly position: number;
  /** Records that were overwritten before this reader came to them; they lay before those that the last `take` gave. */
  readonly overtaken: number;
  /** May be called again. Afterwards nothing else of the ring may be called. */
  close(): void;
}

export interface Taking {
  /** Only records that lie before it. */
  readonly end?: number;
  /** To a place that is used again by the next one who takes so: no memory is asked for, and what was there is in the processor's caches. */
  readonly lent?: boolean;
}

/** A copy: it outlives the ring. */
export interface RecordBatch {
  readonly memory: RecordMemory;
  /** Where in the memory each record begins, oldest first. Until the next call. */
  readonly starts: Int32Array;
}

/** For whoever takes records of several rings in the order of time. */
export interface RecordTimes {
  /** Nanoseconds since boot, the oldest first. Until the next survey. */
  readonly times_ns: Float64Array;
  readonly count: number;
  /** Whether there are more. */
  readonly isCut: boolean;
}

/** Flags in a record's header; the rest of it is the length. */
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const LENGTH = 0x3fff_ffff;
export const HEADER_BYTES = 8;
/** Not more at once: the kernel should have space back while there is still some left. */
const TAKE_BYTES = 128 << 10;

/** To begin with. */
const FEW_RECORDS = 1024;

/** Data that are overwritten while they are read are not read over and over again at once. */
const TRIES = 3;
/** Of the ring, that a reader who was overtaken has ahead of the writer. */
const SAFE_PART = 4;

export interface RingShape {
  /** Of data: a power of two, in whole pages. */
  readonly ring_bytes: number;
  /** Of each record, without what the ring adds. */
  readonly record_bytes: number;
  /** Where in a record its time is: 64 bits, of the host. */
  readonly time_at: number;
}

/** What a ring begins with: 0, the first record ever written; or the first one that no reader has taken. */
export type RingStart = number | 'untaken';

/**
 * @param from a position that `position` once gave, or 0; what is overwritten there counts as overtaken
 * @throws RuntimeError PKT6008
 */
export function mapEventRing(libc: Libc, fd: number, shape: RingShape, from: RingStart = 'untaken'): EventRing {
  const size = shape.ring_bytes;
  const shared = mapShared(libc, fd, size);
  const place = createPlace(shared, shape, from);
  const { isOverwritten, catchUp, spacing } = place;
  const lend = createLender();
  /** null: it was overwritten meanwhile. */
  const copy = (end: number, budget: number, room: Room) => {
    const copied = shared.copy(place.position % size, Math.min(end - place.position, TAKE_BYTES), budget, room);
    return isOverwritten(shared.producedAfterwards()) ? null : copied;
  };
  const take = (budget: number, { end: before, lent = false }: Taking = {}): RecordBatch => {
    for (let tries = 0; tries < TRIES; tries++) {
      const end = shared.produced();
      const copied = isOverwritten(end) ? null : copy(before ?? end, budget, lent ? lend : memoryFor);
      if (copied === null) {
        catchUp(end);
        continue;
      }
      place.advance(copied.length);
      return copied.batch;
    }
    return emptyBatch();
  };
  const peek = (budget: number): RecordBatch => {
    const end = shared.produced();
    const newest = Math.min(budget, Math.floor((size * (SAFE_PART - 1)) / SAFE_PART / spacing));
    place.position = Math.max(place.position, end - newest * spacing);
    const copied = copy(end, budget, memoryFor);
    if (copied === null) return emptyBatch();
    place.position += copied.length;
    return copied.batch;
  };
  return {
    ...createSurveyor(shared, place, shape),
    get produced() {
      return shared.produced();
    },
    spacing,
    waiting: () => (shared.produced() - place.position) / size,
    isEmpty: () => place.position % 2 ** 32 === shared.producedLow(),
    take,
    peek,
    used: () => (shared.produced() - shared.consumed()) / size,
    get position() {
      return place.position;
    },
    get overtaken() {
      return place.overtaken;
    },
    close: shared.close,
  };
}

type Shared = ReturnType<typeof mapShared>;
type Place = ReturnType<typeof createPlace>;

/** Where in the ring this reader is. */
function createPlace(shared: Shared, { ring_bytes: size, record_bytes }: RingShape, from: RingStart) {
  const spacing = wholeWords(HEADER_BYTES + record_bytes);
  const place = {
    spacing,
    // As a number it is exact up to 2^53 bytes: 285 years at 1 MB/s.
    position: from === 'untaken' ? shared.consumed() : from,
    overtaken: 0,
    /** The kernel writes the header of a record before it says that it is there. */
    isOverwritten: (end: number) => end - place.position > size - HEADER_BYTES,
    /** To what will not be overwritten at once: some way off, or where the foremost reader is, if that is less. */
    catchUp(end: number) {
      const safe = end - size + size / SAFE_PART;
      const skipped = Math.ceil((safe - place.position) / spacing);
      const foremost = (shared.consumed() - place.position) / spacing;
      const records = Math.min(skipped, foremost);
      place.overtaken += records;
      place.position += records * spacing;
    },
    /** Past what has been taken. */
    advance(length: number) {
      place.position += length;
      if (length > 0) shared.advance(BigInt(place.position));
    },
  };
  return place;
}

function createSurveyor(
  shared: Shared,
  place: Place,
  { ring_bytes: size, time_at }: RingShape,
): Pick<EventRing, 'survey' | 'takeSurveyed'> {
  const { spacing } = place;
  let times_ns = new Float64Array();
  return {
    survey(budget) {
      const now = shared.produced();
      if (place.isOverwritten(now)) place.catchUp(now);
      const end = shared.produced();
      const most = Math.min(budget, Math.ceil(TAKE_BYTES / spacing), Math.max(0, end - place.position) / spacing);
      if (times_ns.length < most) times_ns = new Float64Array(most);
      const count = shared.times(place.position % size, { count: most, spacing, time_at }, times_ns);
      return { times_ns, count, isCut: count === most && place.position + count * spacing < end };
    },
    takeSurveyed(count, into, at) {
      const length = count * spacing;
      shared.copyTo(place.position % size, length, into, at);
      if (place.isOverwritten(shared.producedAfterwards())) return false;
      place.advance(length);
      return true;
    },
  };
}

/** The memory that kernel and readers have in common. */
function mapShared(libc: Libc, fd: number, size: number) {
  const page = libc.getpagesize();
  const consumer = mapMemory(libc, { fd, length_bytes: page, offset_bytes: 0, writable: true });
  const producer = mapOr(consumer.close, () =>
    mapMemory(libc, { fd, length_bytes: page + 2 * size, offset_bytes: page, writable: false }),
  );
  const consumed = new BigInt64Array(consumer.buffer, 0, 1);
  const produced = new BigInt64Array(producer.buffer, 0, 1);
  // To see that something has come the lower half is enough, and a load of 32 bits makes no BigInt.
  const producedLow = new Uint32Array(producer.buffer, LITTLE_ENDIAN ? 0 : 4, 1);
  const words = new Uint32Array(producer.buffer, page, (2 * size) / 4);
  const bytes = new Uint8Array(words.buffer, page);
  const [low, high] = LITTLE_ENDIAN ? [0, 1] : [1, 0];
  const readInOrder = createFence();
  let starts: Int32Array = new Int32Array(FEW_RECORDS);
  const load = (of: BigInt64Array) => Number(Atomics.load(of, 0));
  return {
    consumed: () => load(consumed),
    produced: () => load(produced),
    producedLow: () => Atomics.load(producedLow, 0),
    producedAfterwards() {
      readInOrder();
      return load(produced);
    },
    /** Never back, whoever else is doing the same. */
    advance(to: bigint) {
      let now = Atomics.load(consumed, 0);
      while (now < to) {
        const found = Atomics.compareExchange(consumed, 0, now, to);
        if (found === now) return;
        now = found;
      }
    },
    /** Of records from a place in the data on, as many as are finished: exact up to 104 days, and to some nanoseconds later. */
    times(first: number, { count, spacing, time_at }: { count: number; spacing: number; time_at: number }, into: Float64Array) {
      let at = first >>> 2;
      for (let record = 0; record < count; record++, at += spacing >>> 2) {
        if ((Atomics.load(words, at) & BUSY) !== 0) return record;
        const time = at + ((HEADER_BYTES + time_at) >>> 2);
        into[record] = (words[time + high] as number) * 2 ** 32 + (words[time + low] as number);
      }
      return count;
    },
    copyTo(first: number, length: number, into: Uint8Array, at: number) {
      into.set(bytes.subarray(first, first + length), at);
    },
    /** Whole records from a place in the data on, as many as are finished. */
    copy(first: number, available: number, budget: number, room: Room) {
      let count = 0;
      let length = 0;
      while (length < available && count < budget) {
        const header = words[(first + length) >>> 2] as number;
        // A producer on another CPU has reserved this record and not finished it; those behind it wait.
        if ((header & BUSY) !== 0) break;
        if (count === starts.length) starts = longer(starts);
        if ((header & DISCARDED) === 0) starts[count++] = length + HEADER_BYTES;
        length += wholeWords(HEADER_BYTES + (header & LENGTH));
      }
      // Once for all of them: a call for each header takes longer than to read it.
      readInOrder();
      const memory = room(length);
      memory.bytes.set(bytes.subarray(first, first + length));
      return { length, batch: { memory, starts: starts.subarray(0, count) } };
    },
    close() {
      consumer.close();
      producer.close();
    },
  };
}

/** What was read before it is called is older than what is read afterwards, on every processor. */
function createFence(): () => void {
  const fence = new Int32Array(1);
  return () => {
    Atomics.store(fence, 0, 1);
    Atomics.load(fence, 0);
  };
}

export function emptyBatch(): RecordBatch {
  return { memory: memoryFor(0), starts: new Int32Array() };
}

/** Memory for so many bytes. */
export type Room = (length: number) => RecordMemory;

/** Of its own; it is not cleared. */
export function memoryFor(length: number): RecordMemory {
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** The same again and again. */
export function createLender(): Room {
  let room = memoryFor(0);
  return (length) => {
    if (room.bytes.length < length) room = memoryFor(2 * length);
    return room;
  };
}

function longer(numbers: Int32Array): Int32Array {
  const copy = new Int32Array(2 * numbers.length);
  copy.set(numbers);
  return copy;
}

/** The ring begins every record at a multiple of eight. */
function wholeWords(bytes: number): number {
  return (bytes + 7) & ~7;
}

function mapOr<T>(undo: () => void, map: () => T): T {
  try {
    return map();
  } catch (error) {
    undo();
    throw error;
  }
}
