/** What a running program logs, as batches of PacketEvents. */
import type { PacketEvent } from './event-decoder.ts';
import { type EventRing, mapEventRing } from './event-ring.ts';
import { CLOCK_BOOTTIME, CLOCK_REALTIME, type Libc } from './ffi/libc.ts';
import { type Watch, watchReadable } from './ffi/poll.ts';
import type { LoadedProgram } from './load.ts';

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
/** The kernel wakes the reader for every 64 KiB; what is less than that is looked for this often. */
const BUSY_INTERVAL_MS = 2;
const QUIET_INTERVAL_MS = 5;
/** So many looks in vain, and it is quiet. */
const QUIET_AFTER = 50;
/** A difference between the clocks that is larger than this means that somebody set the time. */
const CLOCK_STEP_NS = 10_000_000n;

/**
 * One stream at a time reads a program's ring.
 * @throws RuntimeError PKT6008; Error when the program is closed or its events are being read already.
 */
export function openEvents(loaded: LoadedProgram): EventStream {
  const { events, libc, claimEvents } = loaded.internals;
  const pause = createPause();
  if (events === null)
    return createStream(
      () => [],
      pause,
      loaded,
      () => {},
    );
  const release = claimEvents();
  const fd = libc.dup(events.ring_fd);
  let ring: EventRing;
  try {
    ring = mapEventRing(libc, fd, events.ring_bytes);
  } catch (error) {
    libc.close(fd);
    release();
    throw error;
  }
  const watch = watchReadable(fd, pause.onReadable);
  pause.useWatch(watch);
  const clock = createClock(libc);
  const read = () => {
    if (ring.isEmpty()) return [];
    const { memory, starts } = ring.take(BATCH_EVENTS);
    const clock_ns = clock();
    return starts.map((start) => events.decode(memory, start, clock_ns));
  };
  return createStream(read, pause, loaded, () => {
    watch.close();
    ring.close();
    libc.close(fd);
    release();
  });
}

function createStream(
  take: () => readonly PacketEvent[],
  pause: Pause,
  loaded: LoadedProgram,
  release: () => void,
): EventStream {
  const state = { open: true };
  const close = () => {
    if (!state.open) return;
    state.open = false;
    disown();
    pause.end();
    release();
  };
  const disown = loaded.internals.own(close);
  const read = () => (state.open ? take() : []);
  async function* batches(): AsyncGenerator<readonly PacketEvent[]> {
    while (state.open) {
      const batch = read();
      if (batch.length > 0) {
        yield batch;
        // Promises alone would starve timers and signals for as long as packets come.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (batch.length < BATCH_EVENTS && state.open) await pause.wait(batch.length > 0);
    }
  }
  return { read, close, [Symbol.dispose]: close, [Symbol.asyncIterator]: batches };
}

interface Pause {
  /** Until something may be in the ring, or `end`. */
  wait(busy: boolean): Promise<void>;
  /** The kernel says that there is plenty. */
  onReadable(): void;
  end(): void;
  useWatch(watch: Watch): void;
}

function createPause(): Pause {
  let watch: Watch | null = null;
  let waiting: { readonly promise: Promise<void>; readonly resolve: () => void; readonly timer: NodeJS.Timeout } | null = null;
  let vain = 0;
  const end = () => {
    if (waiting === null) return;
    const { resolve, timer } = waiting;
    waiting = null;
    clearTimeout(timer);
    resolve();
  };
  return {
    end,
    onReadable() {
      // With nobody waiting the watch would call on every turn of the event loop until the reader comes back.
      if (waiting === null) watch?.stop();
      else end();
    },
    useWatch(added) {
      watch = added;
    },
    wait(busy) {
      vain = busy ? 0 : vain + 1;
      if (waiting !== null) return waiting.promise;
      const { promise, resolve } = withResolvers();
      waiting = { promise, resolve, timer: setTimeout(end, vain > QUIET_AFTER ? QUIET_INTERVAL_MS : BUSY_INTERVAL_MS) };
      // Left running between waits: starting it anew would report the few events that the timer is there to gather.
      watch?.start();
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

/** Nanoseconds to add to the time since boot to have UTC. It stays as it is, lest time run backwards, until the clock is set. */
function createClock(libc: Libc): () => bigint {
  const timespec = new BigInt64Array(2);
  const now = (clock: number) => {
    libc.clock_gettime(clock, timespec);
    return (timespec[0] ?? 0n) * 1_000_000_000n + (timespec[1] ?? 0n);
  };
  const measure = () => now(CLOCK_REALTIME) - now(CLOCK_BOOTTIME);
  let offset_ns = measure();
  return () => {
    const measured_ns = measure();
    const drift_ns = measured_ns - offset_ns;
    if (drift_ns > CLOCK_STEP_NS || drift_ns < -CLOCK_STEP_NS) offset_ns = measured_ns;
    return offset_ns;
  };
}
