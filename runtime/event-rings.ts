/**
 * All rings of one program as one: its records in the order of their time. A record's time is taken after its place in the ring, so what
 * was written before a moment has a place in its ring by then.
 */
import {
  createLender,
  type EventRing,
  emptyBatch,
  HEADER_BYTES,
  mapEventRing,
  memoryFor,
  type RecordBatch,
  type RecordTimes,
  type RingShape,
  type RingStart,
  type Room,
  type Taking,
} from './event-ring.ts';
import { LITTLE_ENDIAN, type Libc } from './ffi/libc.ts';

export interface EventRings {
  isEmpty(): boolean;
  /** Takes the oldest records, at most `budget`, and gives their space back to the kernel. */
  take(budget: number, how?: Pick<Taking, 'lent'>): RecordBatch;
  /** As `EventRing` has it. */
  peek(budget: number): RecordBatch;
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

/** Data that are overwritten while they are read are not read over and over again at once. */
const TRIES = 3;
const BATCH_MAX = 1 << 16;

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
  const lend = createLender();
  return {
    isEmpty: () => rings.every((ring) => ring.isEmpty()),
    take(budget, { lent = false } = {}) {
      const [only] = rings;
      if (rings.length === 1 && only !== undefined) return only.take(budget, { lent });
      for (let tries = 0; tries < TRIES; tries++) {
        const taken = takeInOrder(rings, budget, { now_ns, lent, room: lent ? lend : memoryFor });
        if (taken.starts.length > 0) return taken;
      }
      return emptyBatch();
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

interface TakingInOrder {
  readonly now_ns: () => number;
  readonly lent: boolean;
  readonly room: Room;
}

function takeInOrder(rings: readonly EventRing[], budget: number, { now_ns, lent, room }: TakingInOrder): RecordBatch {
  const [only] = rings.filter((ring) => !ring.isEmpty());
  if (only === undefined) return emptyBatch();
  const end = only.produced;
  // Looked at behind what is taken from the only one: what comes to others now is younger.
  if (rings.every((ring) => ring === only || ring.isEmpty())) return only.take(budget, { end, lent });
  return takeMerged(rings, budget, now_ns(), room);
}

/** @param before_ns of what is written later, another ring may have something older that was not there yet */
function takeMerged(all: readonly EventRing[], budget: number, before_ns: number, room: Room): RecordBatch {
  const rings = all.filter((ring) => !ring.isEmpty());
  const surveys = rings.map((ring) => ring.survey(Math.ceil((2 * budget) / rings.length)));
  const counts = surveys.map(() => 0);
  const order = new Uint8Array(Math.min(budget, BATCH_MAX));
  let length = 0;
  while (length < order.length) {
    let [oldest, oldest_ns] = [-1, before_ns];
    for (let at = 0; at < surveys.length; at++) {
      const { times_ns, count } = surveys[at] as RecordTimes;
      const next = counts[at] as number;
      if (next < count && (times_ns[next] as number) <= oldest_ns) [oldest, oldest_ns] = [at, times_ns[next] as number];
    }
    if (oldest < 0) break;
    order[length++] = oldest;
    const next = (counts[oldest] as number) + 1;
    counts[oldest] = next;
    const { count, isCut } = surveys[oldest] as RecordTimes;
    if (next === count && isCut) break;
  }
  return takeCounted(rings, counts, order.subarray(0, length), room);
}

/** @param order the ring of each record */
function takeCounted(rings: readonly EventRing[], counts: readonly number[], order: Uint8Array, room: Room): RecordBatch {
  const spacing = rings[0]?.spacing ?? 0;
  const memory = room(order.length * spacing);
  const places: number[] = [];
  let at = 0;
  for (const [index, ring] of rings.entries()) {
    const count = counts[index] as number;
    places.push(ring.takeSurveyed(count, memory.bytes, at) ? at + HEADER_BYTES : -1);
    at += count * spacing;
  }
  const starts = new Int32Array(order.length);
  let taken = 0;
  for (let record = 0; record < order.length; record++) {
    const ring = order[record] as number;
    const place = places[ring] as number;
    if (place < 0) continue;
    starts[taken++] = place;
    places[ring] = place + spacing;
  }
  return { memory, starts: starts.subarray(0, taken) };
}

function newestOf(rings: readonly EventRing[], { time_at }: RingShape, budget: number): RecordBatch {
  const batches = rings.map((ring) => ring.peek(budget));
  const memory = memoryFor(batches.reduce((sum, { memory: { bytes } }) => sum + bytes.length, 0));
  const { view } = memory;
  let at = 0;
  const starts = batches.flatMap(({ memory: { bytes }, starts: of }) => {
    const from = at;
    memory.bytes.set(bytes, from);
    at += bytes.length;
    return Array.from(of, (start) => from + start);
  });
  const time = (start: number) => view.getBigUint64(start + time_at, LITTLE_ENDIAN);
  const sorted = starts.sort((a, b) => (time(a) < time(b) ? -1 : time(a) > time(b) ? 1 : 0));
  return { memory, starts: Int32Array.from(sorted.slice(-budget)) };
}

function fullest(rings: readonly EventRing[], part: (ring: EventRing) => number): number {
  return rings.reduce((most, ring) => Math.max(most, part(ring)), 0);
}
