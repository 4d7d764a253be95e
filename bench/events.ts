/** Events from the kernel's ring to a reader: pktc's, beside libbpf's own in C, over the same events of the same program. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import koffi from 'koffi';
import { createEventLines } from '../cli/events/event-json.ts';
import { widenPipe } from '../cli/events/wide-pipe.ts';
import { compile } from '../library/index.ts';
import { type EventStream, openEvents, type PacketEvent } from '../runtime/events.ts';
import { openLibc } from '../runtime/ffi/libc.ts';
import { type LoadedProgram, loadArtifact } from '../runtime/load.ts';
import { type EventProducer, openEventProducer, type Produced, type Production } from './event-producer.ts';
import { measureTraffic } from './event-traffic.ts';
import { frameOf } from './packet.ts';
import type { Options, Part, Table } from './part.ts';

const ROUNDS = 5;
const QUICK_ROUNDS = 2;
const EVENTS = 4_000_000;
const QUICK_EVENTS = 500_000;
/** As large as each is where two CPUs have one. */
const RING_BYTES = 16 << 20;
const MILLION = 1_000_000;
const PACED_SECONDS = 3;
/** A thread that makes events needs a moment to begin. */
const FIRST_MS = 30_000;
/** Nothing more comes. */
const IDLE_MS = 300;
/** include/uapi/linux/time.h */
const CLOCK_THREAD_CPUTIME_ID = 3;
const LOG = 'match any -> log\n';
const LOG_AT_TC = `hook tc ingress\n${LOG}`;

const FRAME = frameOf({ family: 4, src: 0x0a090909n, dst: 0xc0000201n, proto: 6, sport: 40_000, dport: 443 });

/** What one reader made of one production. */
interface Reading {
  readonly read: number;
  /** From the first event to the last, without the time that nothing came. */
  readonly seconds: number;
  /** Processor time of the thread that reads. */
  readonly cpu_ns: number;
}

type Wanted = Pick<Production, 'events' | 'rate'>;

type Reader = (loaded: LoadedProgram, made: Promise<Produced>) => Promise<Reading>;

interface Measured {
  readonly read_rate: number;
  readonly made_rate: number;
  readonly lost: number;
  readonly ns_per_packet: number;
  /** Of the reader, an event. */
  readonly cpu_ns: number;
}

export const events: Part = {
  name: 'events',
  summary: 'events a second from the kernel to a reader, beside libbpf in C; and what they cost packets of traffic',
  async run(options: Options, say): Promise<readonly Table[]> {
    const { quick } = options;
    const folder = mkdtempSync(path.join(tmpdir(), 'pktc-bench-events-'));
    const pipe = openPipe(folder);
    const producer = openEventProducer();
    try {
      const lines = asLines(pipe.fd);
      const readers: Readonly<Record<string, Reader>> = {
        'libbpf in C, a callback an event': inC(compileConsumer(folder)),
        'pktc, objects': asObjects(),
        'pktc, NDJSON into a pipe': lines,
      };
      const rounds = quick ? QUICK_ROUNDS : ROUNDS;
      const atOnce = { events: quick ? QUICK_EVENTS : EVENTS, rate: null };
      const paced = (rate: number) => ({ events: (quick ? 1 : PACED_SECONDS) * rate, rate });
      const rows: Record<string, Measured[]> = {};
      const add = async (name: string, reader: Reader | null, events: Wanted) => {
        rows[name] = [...(rows[name] ?? []), await measure(producer, reader, events)];
      };
      for (let round = 1; round <= rounds; round++) {
        for (const [name, reader] of Object.entries(readers)) {
          await add(name, reader, atOnce);
          say(`events, round ${round} of ${rounds}: ${name}`);
        }
        await add('pktc, objects, a million a second', asObjects(), paced(MILLION));
        await add('pktc, NDJSON, a million a second', lines, paced(MILLION));
        await add('pktc, NDJSON, four million a second', lines, paced(4 * MILLION));
        await add('nobody', null, atOnce);
      }
      return [tableOf(rows), await measureTraffic(options, say)];
    } finally {
      await producer.close();
      pipe.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(producer: EventProducer, reader: Reader | null, { events, rate }: Wanted): Promise<Measured> {
  const { artifact } = await compile({ text: rate === null ? LOG : LOG_AT_TC });
  // The reader in C knows one.
  const loaded = loadArtifact(artifact, { rings: { count: 1, bytes: RING_BYTES } });
  try {
    const fd = loaded.programs[0]?.fd ?? -1;
    const made = producer.ask({ fd, frame: FRAME, events, rate });
    const reading = reader === null ? null : await reader(loaded, made);
    const { seconds, ns_per_packet } = await made;
    const [counter] = loaded.counters();
    const lost = Number(counter?.lost ?? 0n);
    const logged = Number(counter?.logged ?? 0n);
    if (reading !== null && reading.read !== logged) throw new Error(`read ${reading.read} of ${logged} events`);
    if (logged + lost !== events) throw new Error(`${logged} events and ${lost} lost are not ${events}`);
    return {
      read_rate: reading === null ? 0 : reading.read / reading.seconds,
      made_rate: events / seconds,
      lost: lost / events,
      ns_per_packet,
      cpu_ns: reading === null ? 0 : reading.cpu_ns / reading.read,
    };
  } finally {
    loaded.close();
  }
}

/** Blocks this thread for as long as events come. */
function inC(library: string): Reader {
  const consume = koffi.load(library).func('long pktc_bench_consume(int map_fd, int first_ms, int idle_ms, void *took_ns)');
  return async (loaded) => {
    const took_ns = new BigInt64Array(1);
    const begin_ns = threadTime();
    const read = Number(consume(loaded.internals.events?.rings[0]?.fd ?? -1, FIRST_MS, IDLE_MS, took_ns));
    return { read, seconds: Number(took_ns[0]) / 1e9, cpu_ns: threadTime() - begin_ns };
  };
}

/** Every event with all its fields, looked at and let go, and not lent: as a program has them that iterates over the stream. */
function asObjects(): Reader {
  return (loaded, made) =>
    readAll(
      openEvents(loaded),
      made,
      (stream) => stream,
      () => {},
    );
}

/** What makes lines is there once, as in `pktc run`. */
function asLines(fd: number): Reader {
  const lines = createEventLines(new Map());
  return (loaded, made) =>
    readAll(
      openEvents(loaded),
      made,
      (stream) => stream.lent(),
      (batch) => {
        const bytes = lines(batch);
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      },
    );
}

async function readAll(
  stream: EventStream,
  made: Promise<Produced>,
  batchesOf: (stream: EventStream) => AsyncIterable<readonly PacketEvent[]>,
  take: (batch: readonly PacketEvent[]) => void,
): Promise<Reading> {
  const begin_ns = threadTime();
  let [first_ms, last_ms, read] = [0, 0, 0];
  const accept = (batch: readonly PacketEvent[]) => {
    if (first_ms === 0) first_ms = performance.now();
    take(batch);
    read += batch.length;
    last_ms = performance.now();
  };
  const finish = made.then(() => {
    for (let batch = stream.read(); batch.length > 0; batch = stream.read()) accept(batch);
    stream.close();
  });
  for await (const batch of batchesOf(stream)) accept(batch);
  await finish;
  return { read, seconds: (last_ms - first_ms) / 1000, cpu_ns: threadTime() - begin_ns };
}

/** CLOCK_THREAD_CPUTIME_ID, in nanoseconds. */
function threadTime(): number {
  const time = new BigInt64Array(2);
  openLibc().clock_gettime(CLOCK_THREAD_CPUTIME_ID, time);
  return Number(time[0] ?? 0n) * 1e9 + Number(time[1] ?? 0n);
}

/** Somebody reads it, as fast as can be. A named one: what Node calls a pipe to a child is a socket. */
function openPipe(folder: string): { readonly fd: number; close(): void } {
  const name = path.join(folder, 'pipe');
  execFileSync('mkfifo', [name]);
  const child = spawn('cat', [name], { stdio: ['ignore', 'ignore', 'inherit'] });
  const fd = openSync(name, 'w');
  widenPipe(openLibc(), fd);
  return {
    fd,
    close() {
      closeSync(fd);
      child.kill();
    },
  };
}

function compileConsumer(folder: string): string {
  const library = path.join(folder, 'ring_consumer.so');
  const source = path.join(import.meta.dirname, 'ring_consumer.c');
  const link = ['-shared', '-fPIC', '-nostdlib', '-Wl,--no-as-needed', '-l:libbpf.so.1'];
  execFileSync('clang', ['-O2', '-Wall', '-Werror', source, ...link, '-o', library], { stdio: 'inherit' });
  return library;
}

function tableOf(rows: Readonly<Record<string, readonly Measured[]>>): Table {
  const of = (list: readonly Measured[], value: (one: Measured) => number) => median(list.map(value));
  const byC = of(Object.values(rows)[0] ?? [], (one) => one.read_rate);
  const millions = (value: number) => (value / 1e6).toFixed(2);
  return {
    title:
      'Millions of events a second, one a packet of 96 bytes, made on one CPU and read on another; medians. `of C`: beside the first row in the same rounds; `reader`: ns of processor time an event.',
    command: 'npm run bench:events',
    head: ['way', 'made', 'read', 'of C', 'reader', 'lost', 'ns a packet'],
    rows: Object.entries(rows).map(([name, list]) => {
      const read = of(list, (one) => one.read_rate);
      return [
        name,
        millions(of(list, (one) => one.made_rate)),
        read === 0 ? '' : millions(read),
        read === 0 ? '' : (read / byC).toFixed(2),
        read === 0 ? '' : of(list, (one) => one.cpu_ns).toFixed(0),
        `${(100 * of(list, (one) => one.lost)).toFixed(1)} %`,
        of(list, (one) => one.ns_per_packet).toFixed(0),
      ];
    }),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
