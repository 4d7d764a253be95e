/** What a running program logs, as batches of PacketEvents. */

import { createEventClock } from './event-clock.ts';
import type { PacketEvent } from './event-decoder.ts';
import { type EventRing, mapEventRing } from './event-ring.ts';
import type { Libc } from './ffi/libc.ts';
import { type Watch, watchReadable } from './ffi/poll.ts';
import type { EventSource, LoadedProgram } from './load.ts';

export type { PacketEvent } from './event-decoder.ts';

/**
 * Batches in the order the kernel wrote them. The events wait in the kernel's ring and nowhere else: a slow reader costs no
 * memory, it makes the kernel count `lost` in the rule's counter. A program that logs nothing has a stream without events.
 */
export interface EventStream extends AsyncIterable<readonly PacketEvent[]>, Disposable {
  /** What is there now, oldest first, at most one batch; empty: nothing. For the rest after detaching. */
  read(): readonly PacketEvent[];
  /** Ends every iteration; events not yet read are gone. At any time, and again if you like. */
  close(): void;
}

/** A flood must not hold the event loop for longer than a few milliseconds. */
const BATCH_EVENTS = 1024;
/** From which look in vain on the ring is looked at how often. */
interface Look {
  readonly first: number;
  readonly interval_ms: number;
}

/**
 * The kernel wakes the reader for every 64 KiB; what is less than that is looked for every so often, the less often the longer
 * nothing has come: after 0.1 s and after 1 s.
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
  const { events, libc, claimEvents, followEvents } = loaded.internals;
  const release = claimEvents();
  const sources: Source[] = [];
  const pause = createPause(
    () => sources.every((source) => source.isEmpty()),
    () => (sources.length === 0 ? NEVER : LOOKS),
  );
  const clock = createEventClock(libc);
  const add = (added: EventSource | null) => {
    if (added !== null) sources.push(openSource(libc, added, pause, clock));
  };
  try {
    add(events);
  } catch (error) {
    release();
    throw error;
  }
  const unfollow = followEvents((next, settled) => {
    const before = [...sources];
    add(next);
    pause.end();
    // What is in an old ring when its program is through is all that there will ever be.
    void settled.then(() => {
      for (const source of before) source.ended = true;
    });
  });
  const source = {
    isEmpty: () => sources.every((one) => one.isEmpty()),
    take() {
      while (sources[0]?.ended && sources[0].isEmpty()) sources.shift()?.close();
      return sources.find((one) => !one.isEmpty())?.take() ?? [];
    },
    close() {
      unfollow();
      for (const one of sources.splice(0)) one.close();
      release();
    },
  };
  return createStream(loaded, source, pause);
}

interface Source {
  /** Nothing comes any more. */
  ended: boolean;
  isEmpty(): boolean;
  take(): readonly PacketEvent[];
  close(): void;
}

/** One ring, whose descriptor is the source's own. */
function openSource(libc: Libc, events: EventSource, pause: Pause, clock: () => bigint): Source {
  const fd = libc.dup(events.ring_fd);
  const ring = mapRing(libc, fd, events.ring_bytes);
  const watch = watchReadable(fd, pause.onReadable);
  pause.watch(watch);
  return {
    ended: false,
    isEmpty: ring.isEmpty,
    take() {
      const { memory, starts } = ring.take(BATCH_EVENTS);
      return events.decode(memory, starts, clock());
    },
    close() {
      pause.unwatch(watch);
      watch.close();
      ring.close();
      libc.close(fd);
    },
  };
}

function mapRing(libc: Libc, fd: number, ring_bytes: number): EventRing {
  try {
    return mapEventRing(libc, fd, ring_bytes);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

function createStream(loaded: LoadedProgram, source: Omit<Source, 'ended'>, pause: Pause): EventStream {
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    disown();
    pause.end();
    source.close();
  };
  const disown = loaded.internals.own(close);
  const read = () => (open && !source.isEmpty() ? source.take() : []);
  async function* batches(): AsyncGenerator<readonly PacketEvent[]> {
    while (open) {
      const batch = read();
      if (batch.length > 0) {
        yield batch;
        // Promises alone would starve timers and signals for as long as packets come.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (batch.length < BATCH_EVENTS && open) await pause.wait();
    }
  }
  return { read, close, [Symbol.dispose]: close, [Symbol.asyncIterator]: batches };
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
