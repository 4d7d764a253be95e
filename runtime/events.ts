/** What a running program logs, as batches of PacketEvents. */
import { createEventClock, createKernelClock } from './event-clock.ts';
import { decoderOf, lendingDecoderOf, type PacketEvent } from './event-decoder.ts';
import type { RingStart } from './event-ring.ts';
import { type EventRings, mapEventRings } from './event-rings.ts';
import type { Libc } from './ffi/libc.ts';
import { type Watch, watchReadable } from './ffi/poll.ts';
import type { EventSource, LoadedProgram } from './load.ts';

export type { PacketEvent } from './event-decoder.ts';

/**
 * Batches in the order of time, over all rings of the program. The events wait in the kernel's rings and nowhere else: a slow reader costs
 * no memory, it makes the kernel count `lost` in the rule's counter. A program that logs nothing has a stream without events.
 */
export interface EventStream extends AsyncIterable<readonly PacketEvent[]>, Disposable {
  /**
   * What is there now, oldest first, at most one batch; empty: nothing. For the rest after detaching.
   * @param limit events that are wanted; the others stay where they are
   */
  read(limit?: number): readonly PacketEvent[];
  /** As iterating does. @param limit is asked how many events are wanted next, at least 1; the others stay where they are */
  batches(limit?: () => number): AsyncIterable<readonly PacketEvent[]>;
  /** As `batches`, for those who are through with a batch when they ask for the next one: its events are then others, in the same memory. */
  lent(limit?: () => number): AsyncIterable<readonly PacketEvent[]>;
  /** Events that were overwritten before this stream came to them, because another reader of the same rings was done with them. */
  readonly overtaken: number;
  /** Of the program at work; 0: no rule logs. */
  readonly rings: number;
  /** How much of the ring that is fullest waits for this stream: 0 to 1, or more when it was overtaken. */
  waiting(): number;
  /**
   * Leaves the events to somebody else, who begins where this stream is: all of them, from now on. Nothing more comes out of this one, which
   * goes on telling what events take the place of these. False: not yet, there are events of a program that went before.
   */
  handOver(to: (handed: HandedEvents) => EventTaker): boolean;
  /** Ends every iteration; events not yet read are gone. At any time, and again if you like. */
  close(): void;
}

export interface HandedEvents {
  readonly events: EventSource;
  /** Where the stream is, or was when it left them: by the identifiers of rings. */
  readonly positions: ReadonlyMap<number, number>;
  /** What turns the kernel's time since boot into UTC here, in nanoseconds. */
  readonly clock_ns: bigint;
}

export interface EventTaker {
  /** As `FollowingEvents` has it. */
  goOn(next: EventSource | null, settled: Promise<void>): void;
  /** As `EventStream` has it. */
  readonly overtaken: number;
}

/** A flood must not hold the event loop for longer than a few milliseconds. */
const BATCH_EVENTS = 1024;
/** From which look in vain on the ring is looked at how often. */
interface Look {
  readonly first: number;
  readonly interval_ms: number;
}

/**
 * The program wakes the reader for every so many bytes of a ring that are written (PKTC_WAKEUP_BYTES of action_log.h); what is less
 * than that is looked for every so often, the less often the longer nothing has come: after 0.1 s and after 1 s.
 */
const LOOKS: readonly Look[] = [
  { first: 0, interval_ms: 2 },
  { first: 50, interval_ms: 5 },
  { first: 230, interval_ms: 20 },
];
/** Nobody waits for longer than three weeks. */
const NEVER: readonly Look[] = [{ first: 0, interval_ms: 2 ** 31 - 1 }];

/**
 * One stream at a time reads a program's rings. When the program switches to another, the stream goes on with that one's events, behind
 * the last ones of the old.
 * @throws RuntimeError PKT6008; Error when the program is closed or its events are being read already.
 */
export function openEvents(loaded: LoadedProgram): EventStream {
  const { events, libc, claimEvents, followEvents, own } = loaded.internals;
  const release = claimEvents();
  const sources = createSources(libc);
  try {
    sources.begin(events);
  } catch (error) {
    release();
    throw error;
  }
  const unfollow = followEvents((next, settled) => sources.goOn(next, settled));
  return createStream(sources, own, () => {
    unfollow();
    release();
  });
}

/** Of a program that is not this process's alone. Closing the program leaves the stream open. */
export interface FollowingEvents extends EventStream {
  /** From now on the events of this one, behind those of the one before, of which nothing more comes when `settled` resolves. */
  goOn(loaded: LoadedProgram, settled: Promise<void>): void;
}

/**
 * Any number of these may read one ring, in any number of processes: each has every event, or counts it in `overtaken`. It begins with the
 * first one that no reader has taken.
 * @throws RuntimeError PKT6008
 */
export function openFollowingEvents(loaded: LoadedProgram): FollowingEvents {
  const { events, libc } = loaded.internals;
  const sources = createSources(libc);
  sources.begin(events);
  // A copy would have what `overtaken` was.
  return Object.assign(createStreamOfNobody(sources), {
    goOn: (next: LoadedProgram, settled: Promise<void>) => sources.goOn(next.internals.events, settled),
  });
}

/** As `EventTaker` and `EventStream` are. Where it has no position from before, it begins with the first event ever. */
export interface TakenEvents extends EventStream {
  goOn(next: EventSource | null, settled: Promise<void>): void;
}

/** Goes on where another stream was. @throws RuntimeError PKT6008 */
export function takeEvents(
  libc: Libc,
  events: EventSource | null,
  before: Pick<HandedEvents, 'positions' | 'clock_ns'>,
): TakenEvents {
  const { positions } = before;
  const sources = createSources(libc, before);
  sources.begin(events, (ring_id) => positions.get(ring_id) ?? 0);
  return Object.assign(createStreamOfNobody(sources), { goOn: sources.goOn });
}

/** A look at the newest events, which takes none from those who read. */
export interface EventView {
  /** Those that have come since the call before, at most so many, oldest first. */
  newest(count: number): readonly PacketEvent[];
  /** How much of the ring that is fullest waits to be read: 0 to 1. When it is full, nothing new comes into it. */
  used(): number;
  /** May be called again; afterwards there is nothing to see. */
  close(): void;
}

/** null: no rule logs. Closing the program leaves it open. @throws RuntimeError PKT6008 */
export function openEventView(loaded: LoadedProgram): EventView | null {
  const { events, libc } = loaded.internals;
  if (events === null) return null;
  const rings = openRings(libc, events, () => 0);
  const clock = createEventClock(libc);
  const decode = decoderOf(events.layout, events.names);
  let open = true;
  return {
    newest(count) {
      if (!open) return [];
      const { memory, starts } = rings.peek(count);
      return decode(memory, starts, clock());
    },
    used: () => (open ? rings.used() : 0),
    close() {
      if (!open) return;
      open = false;
      rings.close();
    },
  };
}

type Sources = ReturnType<typeof createSources>;

/** Programs, one behind the other: the last one is at work, those before it come to their ends. */
function createQueue(libc: Libc, before: Pick<HandedEvents, 'positions' | 'clock_ns'> | null) {
  const sources: Source[] = [];
  let overtaken = 0;
  const pause = createPause(
    () => sources.every((source) => source.isEmpty()),
    () => (sources.length === 0 ? NEVER : LOOKS),
  );
  const clock = createEventClock(libc, before?.clock_ns);
  /** How far this stream came in rings that it has left, by their identifiers: a program may come back. */
  const left = new Map(before?.positions);
  const drop = () => {
    const source = sources.shift();
    if (source === undefined) return;
    overtaken += source.overtaken;
    for (const [ring_id, position] of source.positions()) left.set(ring_id, position);
    source.close();
  };
  return {
    sources,
    pause,
    clock,
    left,
    drop,
    dropEnded() {
      while (sources[0]?.ended && sources[0].isEmpty()) drop();
    },
    add(events: EventSource | null, from: (ring_id: number) => RingStart) {
      if (events !== null) sources.push(openSource(libc, { events, from, pause, clock }));
    },
    overtaken: () => sources.reduce((sum, source) => sum + source.overtaken, overtaken),
    rings: () => sources.at(-1)?.events.rings.length ?? 0,
    waiting: () => sources.reduce((most, source) => Math.max(most, source.waiting()), 0),
    isEmpty: () => sources.every((one) => one.isEmpty()),
  };
}

function createSources(libc: Libc, before: Pick<HandedEvents, 'positions' | 'clock_ns'> | null = null) {
  const queue = createQueue(libc, before);
  const { sources, pause, left, drop, dropEnded, add } = queue;
  let taker: EventTaker | null = null;
  const goOn = (next: EventSource | null, settled: Promise<void>) => {
    const last = sources.at(-1);
    // Other rules for the same program: what their numbers mean is known to the newer one, also of rules that are gone.
    if (next !== null && last?.isOf(next)) return last.decodeWith(next);
    dropEnded();
    const back = next === null ? -1 : sources.findIndex((source) => source.isOf(next));
    const [returned] = back < 0 ? [] : sources.splice(back, 1);
    const before = sources.map((source) => ({ source, stay: ++source.stay }));
    if (returned === undefined) {
      // Other readers may be there already.
      add(next, (ring_id) => left.get(ring_id) ?? 0);
    } else {
      returned.stay++;
      returned.ended = false;
      if (next !== null) returned.decodeWith(next);
      sources.push(returned);
    }
    pause.end();
    // What is in an old ring when its program is through is all that there will be, unless it comes back.
    void settled.then(() => {
      for (const { source, stay } of before) source.ended ||= source.stay === stay;
    });
  };
  const handOver = (to: (handed: HandedEvents) => EventTaker): boolean => {
    dropEnded();
    const [only, ...others] = sources;
    if (only === undefined || only.ended || others.length > 0) return false;
    const { events } = only;
    drop();
    taker = to({ events, positions: left, clock_ns: queue.clock() });
    return true;
  };
  return {
    pause,
    begin: (events: EventSource | null, from: (ring_id: number) => RingStart = () => 'untaken') => add(events, from),
    handOver,
    goOn: (next: EventSource | null, settled: Promise<void>) => (taker ?? { goOn }).goOn(next, settled),
    rings: queue.rings,
    waiting: queue.waiting,
    isEmpty: queue.isEmpty,
    take(limit: number, lent: boolean): readonly PacketEvent[] {
      dropEnded();
      return sources.find((one) => !one.isEmpty())?.take(Math.min(limit, BATCH_EVENTS), lent) ?? [];
    },
    get overtaken() {
      return queue.overtaken() + (taker?.overtaken ?? 0);
    },
    close() {
      while (sources.length > 0) drop();
    },
  };
}

interface Source {
  /** As they were given last. */
  readonly events: EventSource;
  waiting(): number;
  isOf(events: EventSource): boolean;
  /** By the rings' identifiers. */
  positions(): readonly (readonly [number, number])[];
  /** Nothing comes any more. */
  ended: boolean;
  /** Grows whenever the ring is left or come back to. */
  stay: number;
  decodeWith(events: EventSource): void;
  readonly overtaken: number;
  isEmpty(): boolean;
  take(limit: number, lent: boolean): readonly PacketEvent[];
  close(): void;
}

interface Opening {
  readonly events: EventSource;
  readonly from: (ring_id: number) => RingStart;
  readonly pause: Pause;
  readonly clock: () => bigint;
}

/** The rings of one program. */
function openSource(libc: Libc, { events: first, from, pause, clock }: Opening): Source {
  let events = first;
  const rings = openRings(libc, events, from);
  const decodersFor = ({ layout, names }: EventSource) => ({
    own: decoderOf(layout, names),
    lent: lendingDecoderOf(layout, names),
  });
  let decoders = decodersFor(events);
  const watches = rings.fds.map((fd) => watchReadable(fd, pause.onReadable));
  for (const watch of watches) pause.watch(watch);
  const ids = events.rings.map(({ id }) => id);
  return {
    get events() {
      return events;
    },
    waiting: rings.waiting,
    isOf: (others) => others.rings[0]?.id === ids[0],
    positions: () => rings.positions.map((position, index) => [ids[index] ?? 0, position] as const),
    ended: false,
    stay: 0,
    decodeWith(other) {
      events = other;
      decoders = decodersFor(other);
    },
    isEmpty: rings.isEmpty,
    get overtaken() {
      return rings.overtaken;
    },
    take(limit, lent) {
      const { memory, starts } = rings.take(limit, { lent });
      return (lent ? decoders.lent : decoders.own)(memory, starts, clock());
    },
    close() {
      for (const watch of watches) {
        pause.unwatch(watch);
        watch.close();
      }
      rings.close();
    },
  };
}

/** With descriptors of their own. @throws RuntimeError PKT6008 */
function openRings(
  libc: Libc,
  events: EventSource,
  from: (ring_id: number) => RingStart,
): EventRings & { readonly fds: readonly number[] } {
  const fds = events.rings.map(({ fd }) => libc.dup(fd));
  const closeAll = () => {
    for (const fd of fds) libc.close(fd);
  };
  try {
    const starts = events.rings.map(({ id }) => from(id));
    const rings = mapEventRings(libc, fds, events, starts, createKernelClock(libc));
    const unmap = rings.close;
    const close = () => {
      unmap();
      closeAll();
    };
    // A copy would have what `overtaken` was.
    return Object.assign(rings, { fds, close });
  } catch (error) {
    closeAll();
    throw error;
  }
}

/** That no program closes when it is closed itself. */
function createStreamOfNobody(sources: Sources): EventStream {
  return createStream(
    sources,
    () => () => {},
    () => {},
  );
}

/** @param own is given what closes the stream, and gives what takes that back; `release` is called when it is closed. */
function createStream(sources: Sources, own: (close: () => void) => () => void, release: () => void): EventStream {
  const { pause } = sources;
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    disown();
    pause.end();
    sources.close();
    release();
  };
  const disown = own(close);
  const take = (limit: number, lent: boolean) => (open && !sources.isEmpty() ? sources.take(limit, lent) : []);
  const everyBatch = () => BATCH_EVENTS;
  async function* iterate(wanted: () => number, lent: boolean): AsyncGenerator<readonly PacketEvent[]> {
    while (open) {
      const limit = Math.min(wanted(), BATCH_EVENTS);
      const batch = take(limit, lent);
      if (batch.length > 0) {
        yield batch;
        // Promises alone would starve timers and signals for as long as packets come.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (batch.length < limit && open) await pause.wait();
    }
  }
  return {
    read: (limit = BATCH_EVENTS) => take(limit, false),
    close,
    get overtaken() {
      return sources.overtaken;
    },
    batches: (limit = everyBatch) => iterate(limit, false),
    lent: (limit = everyBatch) => iterate(limit, true),
    get rings() {
      return sources.rings();
    },
    waiting: () => (open ? sources.waiting() : 0),
    handOver: (to) => open && sources.handOver(to),
    [Symbol.dispose]: close,
    [Symbol.asyncIterator]: () => iterate(everyBatch, false),
  };
}

interface Pause {
  /** Until something may be in the ring, or `end`. */
  wait(): Promise<void>;
  /** The kernel says that there is plenty. */
  onReadable(): void;
  end(): void;
  watch(watch: Watch): void;
  unwatch(watch: Watch): void;
}

/** @param looks how often it is looked, asked at each look */
function createPause(isEmpty: () => boolean, looks: () => readonly Look[]): Pause {
  const watches = new Set<Watch>();
  let waiting: { readonly promise: Promise<void>; readonly resolve: () => void; timer: NodeJS.Timeout } | null = null;
  const end = () => {
    if (waiting === null) return;
    const { resolve, timer } = waiting;
    waiting = null;
    clearTimeout(timer);
    resolve();
  };
  /** Looks until there is something, ever less often: waking the reader for nothing is what costs. */
  const look = (vain: number) =>
    setTimeout(
      () => {
        if (!isEmpty()) end();
        else if (waiting !== null) waiting.timer = look(vain + 1);
      },
      looks().findLast(({ first }) => vain >= first)?.interval_ms,
    );
  return {
    end,
    onReadable() {
      // With nobody waiting the watch would call on every turn of the event loop until the reader comes back.
      if (waiting !== null) end();
      else for (const watch of watches) watch.stop();
    },
    watch: (watch) => void watches.add(watch),
    unwatch: (watch) => void watches.delete(watch),
    wait() {
      if (waiting !== null) return waiting.promise;
      const { promise, resolve } = withResolvers();
      waiting = { promise, resolve, timer: look(0) };
      // Left running between waits: starting it anew would report the few events that the timer is there to gather.
      for (const watch of watches) watch.start();
      return promise;
    },
  };
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
