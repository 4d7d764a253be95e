/**
 * All rings of one program as one: its records in the order of their time. A record's time is taken after its place in the ring, so what
 * was written before a moment has a place in its ring by then.
 */
import { type EventRing, mapEventRing, type RecordBatch, type RingShape, type RingStart } from './event-ring.ts';
import { LITTLE_ENDIAN, type Libc } from './ffi/libc.ts';

export interface EventRings {
  isEmpty(): boolean;
  /** Takes the oldest records, at most `budget`, and gives their space back to the kernel. */
  take(budget: number): RecordsInOrder;
  /** As `EventRing` has it. */
  peek(budget: number): RecordsInOrder;
  /** How much of the ring that is fullest waits for whoever takes: 0 to 1. */
  used(): number;
  /** How much of the ring that is fullest waits for this reader. */
  waiting(): number;
  /** Of each ring. */
  readonly positions: readonly number[];
  readonly overtaken: number;
  /** May be called again. Afterwards nothing else may be called. */
  close(): void;
}

/** Copies: they outlive the rings. */
export interface RecordsInOrder {
  readonly batches: readonly RecordBatch[];
  /** Which batch each record is of, the oldest record first; null: there is one batch. */
  readonly order: Uint8Array | null;
}

/** Data that are overwritten while they are read are not read over and over again at once. */
const TRIES = 3;
const NONE: RecordsInOrder = { batches: [], order: null };

/**
 * @param fds of the rings, at most 256
 * @param from of each ring
 * @param now_ns as programs in the kernel have it
 * @throws RuntimeError PKT6008
 */
export function mapEventRings(
  libc: Libc,
  fds: readonly number[],
  shape: RingShape,
  from: readonly RingStart[],
  now_ns: () => number,
): EventRings {
  const rings: EventRing[] = [];
  const close = () => {
    for (const ring of rings) ring.close();
  };
  try {
    for (const [index, fd] of fds.entries()) rings.push(mapEventRing(libc, fd, shape, from[index]));
  } catch (error) {
    close();
    throw error;
  }
  return {
    isEmpty: () => rings.every((ring) => ring.isEmpty()),
    take(budget) {
      const [only] = rings;
      if (rings.length === 1 && only !== undefined) return { batches: [only.take(budget)], order: null };
      for (let tries = 0; tries < TRIES; tries++) {
        const taken = takeInOrder(rings, budget, now_ns());
        if (taken.batches.some(({ starts }) => starts.length > 0)) return taken;
      }
      return NONE;
    },
    peek: (budget) => newestOf(rings, shape, budget),
    used: () => fullest(rings, (ring) => ring.used()),
    waiting: () => fullest(rings, (ring) => ring.waiting()),
    get positions() {
      return rings.map(({ position }) => position);
    },
    get overtaken() {
      return rings.reduce((sum, ring) => sum + ring.overtaken, 0);
    },
    close,
  };
}

/** One list for each batch becomes one for all. */
export function inOrder<T>(lists: readonly (readonly T[])[], order: Uint8Array | null): readonly T[] {
  if (order === null) return lists[0] ?? [];
  const next = lists.map(() => 0);
  const all: T[] = [];
  for (const list of order) {
    const at = next[list] ?? 0;
    next[list] = at + 1;
    all.push((lists[list] as readonly T[])[at] as T);
  }
  return all;
}

/** @param before_ns of what is written later, another ring may have something older that was not there yet */
function takeInOrder(all: readonly EventRing[], budget: number, before_ns: number): RecordsInOrder {
  const rings = all.filter((ring) => !ring.isEmpty());
  if (rings.length === 0) return NONE;
  const walks = rings.map((ring) => ring.walk());
  const order = new Uint8Array(Math.min(budget, 1 << 16));
  let count = 0;
  while (count < order.length) {
    let [oldest, oldest_ns] = [0, Number.POSITIVE_INFINITY];
    for (let at = 0; at < walks.length; at++) {
      const { time_ns } = walks[at] as (typeof walks)[number];
      if (time_ns < oldest_ns) [oldest, oldest_ns] = [at, time_ns];
    }
    if (oldest_ns > before_ns) break;
    order[count++] = oldest;
    const walk = walks[oldest];
    walk?.step();
    if (walk?.isCut) break;
  }
  const batches = walks.map((walk) => walk.take());
  return { batches, order: whatIsThere(order.subarray(0, count), batches) };
}

/** What was overwritten while it was taken is in no batch. */
function whatIsThere(order: Uint8Array, batches: readonly RecordBatch[]): Uint8Array {
  const gone = new Set(batches.flatMap(({ starts }, at) => (starts.length === 0 ? [at] : [])));
  return gone.size === 0 ? order : order.filter((batch) => !gone.has(batch));
}

function newestOf(rings: readonly EventRing[], { time_at }: RingShape, budget: number): RecordsInOrder {
  const batches = rings.map((ring) => ring.peek(budget));
  const records = batches.flatMap(({ memory, starts }, batch) =>
    starts.map((start) => ({ batch, start, time: memory.view.getBigUint64(start + time_at, LITTLE_ENDIAN) })),
  );
  records.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const newest = records.slice(-budget);
  const starts = (of: number) => newest.flatMap(({ batch, start }) => (batch === of ? [start] : []));
  return {
    batches: batches.map(({ memory }, batch) => ({ memory, starts: starts(batch) })),
    order: Uint8Array.from(newest, ({ batch }) => batch),
  };
}

function fullest(rings: readonly EventRing[], part: (ring: EventRing) => number): number {
  return rings.reduce((most, ring) => Math.max(most, part(ring)), 0);
}
