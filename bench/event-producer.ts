/** A thread that has the kernel log events: test runs of a program, one packet over and over. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { allocate, openLibbpf, TEST_RUN_OPTIONS } from '../runtime/ffi/libbpf.ts';
import { stableMemory } from '../runtime/ffi/libc.ts';
import { openThread, type Thread } from './thread.ts';

export interface Production {
  /** Of the program. With a rate it is not one for XDP: to begin test runs of those takes the kernel some 17 ms. */
  readonly fd: number;
  readonly frame: Uint8Array;
  readonly events: number;
  /** Events a second, in bursts of `BURST_MS`; null: as many as there can be. */
  readonly rate: number | null;
}

export interface Produced {
  readonly seconds: number;
  /** What the kernel says that one run took. */
  readonly ns_per_packet: number;
}

/** Longer than a thread sleeps too long, and so short that a sixteenth of the ring holds what four million a second are. */
const BURST_MS = 2;
const AT_ONCE = 500_000;
const SERVE = 'event-producer';

export type EventProducer = Thread<Production, Produced>;

/** Begins at once, and answers when all are made. One for all productions: to begin one keeps the processors busy for longer than a ring lasts. */
export const openEventProducer = (): EventProducer => openThread(import.meta.url, SERVE);

function makeAll({ fd, frame, events, rate }: Production): Produced {
  const libbpf = openLibbpf();
  const options = allocate(TEST_RUN_OPTIONS);
  const memory = stableMemory(frame.length);
  memory.bytes.set(frame);
  options.set('data_in', memory.address);
  options.set('data_size_in', frame.length);
  const burst = rate === null ? AT_ONCE : Math.round((rate * BURST_MS) / 1000);
  const started_ms = performance.now();
  let spent_ns = 0;
  for (let made = 0, calls = 0; made < events; calls++) {
    if (rate !== null) sleepUntil(started_ms + calls * BURST_MS);
    const repeat = Math.min(burst, events - made);
    options.set('repeat', repeat);
    const result = libbpf.prog_test_run_opts(fd, options.bytes);
    if (result < 0) throw new Error(`test run: errno ${-result}`);
    spent_ns += Number(options.get('duration')) * repeat;
    made += repeat;
  }
  // Its memory is freed when nothing speaks of it any more, and the kernel has but the address.
  memory.bytes.fill(0);
  return { seconds: (performance.now() - started_ms) / 1000, ns_per_packet: spent_ns / events };
}

function sleepUntil(due_ms: number): void {
  const wait_ms = due_ms - performance.now();
  if (wait_ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, wait_ms);
}

if (!isMainThread && workerData === SERVE) {
  parentPort?.on('message', (production: Production) => parentPort?.postMessage(makeAll(production)));
}
