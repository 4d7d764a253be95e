/** A thread that reads some of a program's rings and writes their events as lines; another one prints them (line-workers.ts). */
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import type { PacketEvent } from '../../runtime/event-decoder.ts';
import { type TakenEvents, takeEvents } from '../../runtime/events.ts';
import { type Libc, openLibc } from '../../runtime/ffi/libc.ts';
import { type ReceivedEvents, receiveEvents } from '../../runtime/handed-events.ts';
import { createEventLines, type EventLines } from './event-json.ts';
import type { FromWorker, ToWorker } from './line-messages.ts';

type Message<Kind extends ToWorker['kind']> = Extract<ToWorker, { readonly kind: Kind }>;

/** Batches of lines that are on their way to the thread that prints. */
const ON_THE_WAY = 3;
/** Read at the end: more than a ring holds, for packets may go on coming. */
const LAST_BATCHES = 256;
/** Memory for lines, in steps of so many bytes. */
const ROOM_BYTES = 64 << 10;

function work(port: MessagePort): void {
  const libc = openLibc();
  const outlet = createOutlet(port);
  let reading: Reading | null = null;
  const handle = (message: ToWorker) => {
    if (message.kind === 'begin') reading = createReading(libc, port, outlet, message, receiveAll);
    else if (message.kind === 'printed') outlet.printed(message.memory);
    else reading?.handle(message);
  };
  /** What has been sent until now, without a turn of the event loop. */
  const receiveAll = () => {
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) handle(next.message);
  };
  port.on('message', handle);
  tell(port, { kind: 'ready' });
}

type Reading = ReturnType<typeof createReading>;

function createReading(libc: Libc, port: MessagePort, outlet: Outlet, begin: Message<'begin'>, receiveAll: () => void) {
  const { interfaces } = begin;
  const only = begin.only === null ? null : new Set(begin.only);
  const names = new Map(interfaces);
  const lines = createEventLines(names);
  const programs = createPrograms(libc);
  const stream = begunWith(programs, begin, libc);
  const settling = new Map<number, () => void>();
  const write = async (batch: readonly PacketEvent[]) => {
    // Names of new rules are sent before there are events of theirs.
    receiveAll();
    const chosen = only === null ? batch : batch.filter(({ rule_name }) => rule_name !== null && only.has(rule_name));
    await outlet.send(lines, chosen, stream.overtaken);
  };
  const consume = async () => {
    for await (const batch of stream.lent()) await write(batch);
  };
  const consuming = consume();
  const finish = async (drain: boolean) => {
    const rest: (readonly PacketEvent[])[] = [];
    if (drain) {
      for (let batch = stream.read(); batch.length > 0 && rest.length < LAST_BATCHES; batch = stream.read()) rest.push(batch);
    }
    stream.close();
    await consuming;
    for (const batch of rest) await write(batch);
    // What was overtaken at the very end.
    await outlet.send(lines, [], stream.overtaken);
    tell(port, { kind: 'done' });
    port.close();
  };
  return {
    handle(message: Exclude<ToWorker, { readonly kind: 'begin' | 'printed' }>) {
      if (message.kind === 'program') {
        const settled = new Promise<void>((resolve) => settling.set(message.change, resolve));
        programs.receive(message.part, (events) => stream.goOn(events, settled));
      } else if (message.kind === 'settled') {
        settling.get(message.change)?.();
        settling.delete(message.change);
        programs.forget();
      } else if (message.kind === 'names') {
        programs.rename(message.program, message.names);
      } else if (message.kind === 'interfaces') {
        names.clear();
        for (const [ifindex, name] of message.interfaces) names.set(ifindex, name);
      } else {
        // An error here ends the thread, and is told by the other one.
        void finish(message.drain);
      }
    },
  };
}

function begunWith(programs: Programs, begin: Message<'begin'>, libc: Libc): TakenEvents {
  const streams: TakenEvents[] = [];
  programs.receive(begin.part, (events) => streams.push(takeEvents(libc, events, begin)));
  return streams[0] as TakenEvents;
}

type Programs = ReturnType<typeof createPrograms>;

/** Names of rules may come for them. */
function createPrograms(libc: Libc) {
  let known: ReceivedEvents[] = [];
  return {
    /** @param read has descriptors of its own afterwards */
    receive(part: Message<'begin'>['part'], read: (events: ReceivedEvents | null) => void) {
      if (part === null) return read(null);
      const events = receiveEvents(libc, part);
      known = [...known.filter(({ program }) => program !== events.program), events];
      read(events);
      events.close();
    },
    rename(program: number, names: readonly (string | null)[]) {
      known.find((events) => events.program === program)?.setNames(names);
    },
    /** Those before the last one: their rules do not change any more. */
    forget() {
      known = known.slice(-1);
    },
  };
}

type Outlet = ReturnType<typeof createOutlet>;

/** Lines in memory that goes to the other thread and comes back; when so much is on its way, it waits. */
function createOutlet(port: MessagePort) {
  const free: ArrayBuffer[] = [];
  let left = ON_THE_WAY;
  let wake = () => {};
  return {
    async send(lines: EventLines, events: readonly PacketEvent[], overtaken: number) {
      while (left === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      left--;
      const text = lines(events);
      const used = free.pop();
      const memory =
        used !== undefined && used.byteLength >= text.length
          ? used
          : new ArrayBuffer(Math.ceil((text.length + 1) / ROOM_BYTES) * ROOM_BYTES);
      const bytes = new Uint8Array(memory, 0, text.length);
      bytes.set(text);
      tell(port, { kind: 'lines', bytes, events: events.length, overtaken }, [memory]);
    },
    printed(memory: ArrayBuffer | null) {
      left++;
      if (memory !== null) free.push(memory);
      wake();
    },
  };
}

function tell(port: MessagePort, message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

if (parentPort !== null) work(parentPort);
