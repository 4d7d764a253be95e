/**
 * What `log` reports, as packets in pcapng files: one, or one after the other. Each is complete in itself, and ends with a whole block
 * whatever happens. What cannot be written any more is counted; the program in the kernel goes on.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Manifest } from '../runtime/abi/manifest.ts';
import { largestPacket } from '../runtime/capture/write-pcapng.ts';
import type { PacketEvent } from '../runtime/events.ts';
import { createEventPackets, type EventPackets } from './events/event-packets.ts';
import { Failure } from './failure.ts';
import { createFile, type NewFile } from './new-file.ts';
import { failureOf, shownPath } from './read-file.ts';

export interface PacketFileOptions {
  /** The first file; later ones have a number ahead of the last dot: `trace.00001.pcapng`. */
  readonly file: string;
  /** Bytes of each packet at most. */
  readonly snapLength: number;
  /** Regular files that are there are replaced. */
  readonly overwrite: boolean;
  /** No file is larger, in bytes; null: as large as it gets. */
  readonly rotateSize_bytes: number | null;
  /** A packet that comes so long after its file was begun is in another; null: none is. */
  readonly rotateTime_ms: number | null;
  /** So many files stay, the newest of those made here; null: all. */
  readonly keep: number | null;
}

export interface PacketFile {
  /** Once, ahead of every packet. @param interfaces names by ifindex */
  begin(manifest: Pick<Manifest, 'hook' | 'pktc' | 'source'>, interfaces: ReadonlyMap<number, string>): void;
  /** When it returns, all of them are in the file or counted as lost. Never throws for what the system says. */
  write(events: readonly PacketEvent[]): void;
  /** May be called again. A file that was never begun is taken away. */
  close(): void;
  readonly state: PacketFileState;
  /** Whether it makes more files while it runs. */
  readonly rotates: boolean;
}

export interface PacketFileState {
  /** The newest file. */
  readonly file: string;
  /** How many were made. */
  readonly files: number;
  /** Packets written to all of them. */
  readonly packets: number;
  /** Packets that could not be written. */
  readonly lost: number;
  /** What ended the writing; null: nothing. */
  readonly problem: Failure | null;
}

/** Blocks wait here to be written together, until the end of a batch of events. */
const BUFFER_BYTES = 256 << 10;

/** @param onProblem told once, when nothing can be written any more @param now_ms a clock that only goes forward @throws Failure */
export function openPacketFile(
  options: PacketFileOptions,
  onProblem: (problem: Failure) => void,
  now_ms: () => number = () => performance.now(),
): PacketFile {
  const series = openSeries(options, now_ms);
  const waiting = createWaiting();
  const room = largestPacket(options.snapLength);
  const counts = { packets: 0, lost: 0 };
  const state: { packets: EventPackets | null; problem: Failure | null } = { packets: null, problem: null };

  const flush = () => {
    try {
      series.write(waiting.bytes());
      counts.packets += waiting.packetsIn(waiting.used);
    } catch (error) {
      const whole = waiting.wholeIn(series.written);
      counts.packets += waiting.packetsIn(whole);
      series.cutBack(whole);
      throw error;
    } finally {
      waiting.clear();
    }
  };
  const begin = (packets: EventPackets) => {
    waiting.add([packets.header()], false);
    flush();
  };
  const add = (event: PacketEvent, packets: EventPackets) => {
    if (series.isOver(waiting.used, room)) {
      flush();
      series.next();
      begin(packets);
    }
    if (waiting.used + room > BUFFER_BYTES) flush();
    waiting.add(packets.packet(event), true);
  };
  const untilProblem = (work: () => void) => {
    if (state.problem !== null) return;
    try {
      work();
    } catch (error) {
      state.problem = problemOf(series.path, error);
      onProblem(state.problem);
    }
  };
  return {
    rotates: options.rotateSize_bytes !== null || options.rotateTime_ms !== null,
    begin(manifest, interfaces) {
      const packets = createEventPackets(manifest, interfaces, options.snapLength);
      state.packets = packets;
      untilProblem(() => begin(packets));
    },
    write(events) {
      const { packets } = state;
      if (packets === null) throw new Error('packets come ahead of the beginning');
      const before = counts.packets;
      untilProblem(() => {
        for (const event of events) add(event, packets);
        flush();
      });
      counts.lost += events.length - (counts.packets - before);
    },
    close: () => untilProblem(series.close),
    get state() {
      return { ...counts, file: series.path, files: series.files, problem: state.problem };
    },
  };
}

/** Blocks on their way to the file. */
function createWaiting() {
  const buffer = new Uint8Array(BUFFER_BYTES);
  /** Where each packet ends, or the header. */
  let ends: { readonly at: number; readonly isPacket: boolean }[] = [];
  let used = 0;
  return {
    get used() {
      return used;
    },
    bytes: () => buffer.subarray(0, used),
    add(blocks: readonly Uint8Array[], isPacket: boolean) {
      for (const block of blocks) {
        buffer.set(block, used);
        used += block.length;
      }
      ends.push({ at: used, isPacket });
    },
    /** Bytes up to the end of what is whole among the first `length`. */
    wholeIn: (length: number) => ends.findLast(({ at }) => at <= length)?.at ?? 0,
    packetsIn: (length: number) => ends.filter(({ at, isPacket }) => isPacket && at <= length).length,
    clear() {
      ends = [];
      used = 0;
    },
  };
}

/** The files, one at a time. */
function openSeries(options: PacketFileOptions, now_ms: () => number) {
  const { file, overwrite, rotateSize_bytes, rotateTime_ms, keep } = options;
  /** Those that stay for now; nobody asks when all do. */
  const made: NewFile[] = [];
  const open = (name: string) => {
    const opened = createFile(name, overwrite);
    if (keep !== null) made.push(opened);
    return opened;
  };
  if (!overwrite && (rotateSize_bytes !== null || rotateTime_ms !== null)) refuseOthers(file);
  let current = open(file);
  let began_ms = now_ms();
  let files = 1;
  /** Bytes that a file has when nothing but the header is in it. */
  let header = 0;
  let before = 0;
  return {
    get path() {
      return current.path;
    },
    get files() {
      return files;
    },
    /** Bytes of the last `write` that got to the file. */
    get written() {
      return current.size - before;
    },
    write(bytes: Uint8Array) {
      before = current.size;
      current.write(bytes);
      if (header === 0) header = current.size;
    },
    /** Takes back what the last `write` left behind its first bytes; a file with nothing in it goes. */
    cutBack(whole: number) {
      current.truncate(before + whole);
      current.close();
      if (current.size === 0) current.remove();
    },
    /** Whether a packet of so many bytes, behind those that wait, is for the next file. A file has at least one. */
    isOver(waiting: number, more: number) {
      const size = current.size + waiting;
      if (size <= header) return false;
      if (rotateSize_bytes !== null && size + more > rotateSize_bytes) return true;
      return rotateTime_ms !== null && now_ms() - began_ms >= rotateTime_ms;
    },
    next() {
      current.close();
      while (keep !== null && made.length >= keep) made.shift()?.remove();
      current = open(numbered(file, files));
      files++;
      header = 0;
      began_ms = now_ms();
    },
    close() {
      current.close();
      if (current.size === 0) current.remove();
    },
  };
}

/** `trace.pcapng`, 1: `trace.00001.pcapng` */
function numbered(file: string, number: number): string {
  const { dir, name, ext } = path.parse(file);
  return path.join(dir, `${name}.${String(number).padStart(5, '0')}${ext}`);
}

/** Files of an earlier run would be taken for some of this one. @throws Failure */
function refuseOthers(file: string): void {
  const { dir, name, ext } = path.parse(file);
  try {
    const isNumbered = (one: string) =>
      one.startsWith(`${name}.`) && one.endsWith(ext) && /^\.\d{5,}$/.test(one.slice(name.length, one.length - ext.length));
    const other = readdirSync(dir === '' ? '.' : dir).find(isNumbered);
    if (other === undefined) return;
    throw new Failure(`${shownPath(path.join(dir, other))} is there already, from another run`, {
      help: 'name another file, or let those be replaced one by one with `--overwrite`',
    });
  } catch (error) {
    throw error instanceof Failure ? error : failureOf(file, error, 'write');
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota on this disk is used up',
  EFBIG: 'it is as large as a file may be here',
};

/** What ended the writing, for people. */
function problemOf(file: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''];
  if (reason === undefined) return failureOf(file, error, 'write');
  return new Failure(`cannot write ${shownPath(file)}: ${reason}; further packets are not written, and counted as lost`, {
    help: 'make room, or write less: `--rotate-size 100M --rotate-keep 10`, `--snaplen 96`, `log sample 1/100`',
  });
}
