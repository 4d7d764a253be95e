/**
 * Threads that write lines, one a ring, for as soon as one thread alone does not keep up. They read, choose and write; this one prints what they
 * hand over, whole lines at a time, so there is one place that knows of a slow pipe, a reader that has gone, and what was printed.
 */
import { Worker } from 'node:worker_threads';
import type { EventStream, EventTaker, HandedEvents } from '../../runtime/events.ts';
import type { Libc } from '../../runtime/ffi/libc.ts';
import { partOfEvents, programOf } from '../../runtime/handed-events.ts';
import type { EventSource } from '../../runtime/kernel-program.ts';
import { Failure } from '../failure.ts';
import type { FromWorker, Lines, ToWorker } from './line-messages.ts';

/** `auto`: as soon as one thread does not keep up; `always`: from the beginning. */
export type WorkersWhen = 'auto' | 'always' | 'never';

export interface LineWorkersOptions {
  readonly libc: Libc;
  readonly when: WorkersWhen;
  /** Whether one thread is not enough, asked with each batch. @param waiting how full the fullest ring is of what is not read */
  readonly isOverloaded: (waiting: number) => boolean;
  /** From how many rings on it is asked. Absent: as many as leave CPUs for threads. */
  readonly leastRings?: number;
  /** Names of rules; null: all of them. */
  readonly only: ReadonlySet<string> | null;
  /** Names by ifindex, as they are now. */
  readonly interfaces: () => ReadonlyMap<number, string>;
  /** Resolves when they are printed, or never will be. Whether their memory may be used again then. */
  readonly print: (lines: Lines) => Promise<boolean>;
  /** They could not be started, and one thread goes on alone. */
  readonly onRefused: (error: Error) => void;
  /** One has failed at work: events are missing. PKT6130 */
  readonly onFailed: (error: Failure) => void;
  readonly start?: () => Worker;
}

export interface LineWorkers {
  /** Whether they read the events of the stream from now on; asked between its batches. */
  relieve(stream: EventStream): boolean;
  /** Names of interfaces have changed. */
  interfacesChanged(): void;
  /**
   * Ends them; resolves when all that they read is printed. At once when they have never read.
   * @param drain prints what is in the rings now
   */
  finish(drain: boolean): Promise<void>;
}

/** With two CPUs that log, the threads of two rings and the one that prints would have none for themselves. */
const LEAST_RINGS = 4;

/** Next to the command's own file, as the build puts it. */
const startWorker = () => new Worker(new URL('./event-worker.js', import.meta.url));

export function createLineWorkers(options: LineWorkersOptions): LineWorkers {
  const { when, isOverloaded, leastRings = LEAST_RINGS, onRefused, start = startWorker } = options;
  let crew: Crew | null = null;
  let state: 'alone' | 'starting' | 'ready' | 'reading' | 'over' = when === 'never' ? 'over' : 'alone';
  const begin = (rings: number) => {
    state = 'starting';
    crew = createCrew(rings, options, start);
    crew.ready.then(
      () => {
        if (state === 'starting') state = 'ready';
      },
      (error: Error) => {
        if (state !== 'starting') return;
        state = 'over';
        onRefused(error);
      },
    );
  };
  const isWanted = (stream: EventStream) => when === 'always' || (stream.rings >= leastRings && isOverloaded(stream.waiting()));
  const relieve = (stream: EventStream): boolean => {
    if (state === 'alone' && isWanted(stream)) begin(stream.rings);
    if (state !== 'ready' || crew === null) return state === 'reading';
    if (stream.handOver(crew.begin)) state = 'reading';
    return state === 'reading';
  };
  return {
    relieve,
    interfacesChanged() {
      if (state === 'reading') crew?.interfacesChanged();
    },
    async finish(drain) {
      const were = state;
      state = 'over';
      if (were === 'reading') await crew?.finish(drain);
      await crew?.close();
    },
  };
}

type Crew = ReturnType<typeof createCrew>;

function createCrew(count: number, options: LineWorkersOptions, start: () => Worker) {
  const { libc, interfaces, print, onFailed } = options;
  const only = options.only === null ? null : [...options.only];
  const members = Array.from({ length: count }, () => createMember(start, print, onFailed));
  const tellEach = (message: (part: number) => ToWorker) => {
    for (const [part, member] of members.entries()) member.tell(message(part));
  };
  let change = 0;
  let unfollow = () => {};
  /** Of those before it, rules do not change any more. */
  const follow = (events: EventSource) => {
    unfollow();
    const tellNames = () => {
      const names = events.namesBySlot();
      tellEach(() => ({ kind: 'names', program: programOf(events), names }));
    };
    events.namesChanged.add(tellNames);
    unfollow = () => void events.namesChanged.delete(tellNames);
  };
  const taker: EventTaker = {
    goOn(next, settled) {
      const now = ++change;
      tellEach((part) => ({ kind: 'program', part: next && partOfEvents(libc, next, part, count), change: now }));
      if (next !== null) follow(next);
      void settled.then(() => tellEach(() => ({ kind: 'settled', change: now })));
    },
    get overtaken() {
      return members.reduce((sum, { overtaken }) => sum + overtaken, 0);
    },
  };
  return {
    ready: Promise.all(members.map(({ ready }) => ready)),
    begin({ events, positions, clock_ns }: HandedEvents): EventTaker {
      tellEach((part) => ({
        kind: 'begin',
        part: partOfEvents(libc, events, part, count),
        positions,
        clock_ns,
        only,
        interfaces: interfaces(),
      }));
      follow(events);
      return taker;
    },
    interfacesChanged: () => tellEach(() => ({ kind: 'interfaces', interfaces: interfaces() })),
    async finish(drain: boolean) {
      tellEach(() => ({ kind: 'finish', drain }));
      await Promise.all(members.map(({ done }) => done));
    },
    async close() {
      unfollow();
      await Promise.all(members.map((member) => member.close()));
    },
  };
}

/** One thread. Its lines are printed one batch after the other, whoever else's are between them. */
function createMember(start: () => Worker, print: LineWorkersOptions['print'], onFailed: LineWorkersOptions['onFailed']) {
  const worker = start();
  const [ready, done] = [settleable(), settleable()];
  let overtaken = 0;
  let printing: Promise<void> = Promise.resolve();
  let isReady = false;
  let isOver = false;
  const fail = (error: Error) => {
    ready.reject(error);
    if (isOver) return;
    isOver = true;
    if (isReady) onFailed(workerError(error));
    // What it had handed over is printed all the same.
    void printing.then(done.resolve);
  };
  const tell = (message: ToWorker, transfer: ArrayBuffer[] = []) => {
    if (!isOver) worker.postMessage(message, transfer);
  };
  const printLines = async (lines: Lines) => {
    overtaken = lines.overtaken;
    const memory = (await print(lines)) ? (lines.bytes.buffer as ArrayBuffer) : null;
    tell({ kind: 'printed', memory }, memory === null ? [] : [memory]);
  };
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'lines') {
      printing = printing.then(() => printLines(message)).catch(fail);
    } else if (message.kind === 'ready') {
      isReady = true;
      ready.resolve();
    } else {
      isOver = true;
      void printing.then(done.resolve);
    }
  });
  worker.on('error', fail);
  worker.on('messageerror', fail);
  worker.on('exit', (code) => fail(new Error(`it ended with ${code}`)));
  return {
    ready: ready.promise,
    done: done.promise,
    tell,
    get overtaken() {
      return overtaken;
    },
    /** Not before it is loaded: koffi, whose thread is stopped meanwhile, aborts the process (Error::ThrowAsJavaScriptException). */
    async close() {
      isOver = true;
      await ready.promise.catch(() => {});
      await worker.terminate();
    },
  };
}

function workerError({ message }: Error): Failure {
  return new Failure(`a thread that writes events as lines has failed: ${message}`, {
    code: 'PKT6130',
    help: 'run it with `--workers never`, which does without such threads, and report this',
  });
}

function settleable() {
  let [resolve, reject] = [() => {}, (_: Error) => {}];
  const promise = new Promise<void>((settle, refuse) => {
    [resolve, reject] = [settle, refuse];
  });
  // Whoever waits for it hears of it; nobody has to.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
