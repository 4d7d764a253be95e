/** The layout of `templates/bench/driver.bpf.c`, and how its object becomes programs in the kernel. */
import { damaged } from '../abi/elf.ts';
import type { Manifest } from '../abi/manifest.ts';
import { captureMessages, type Libbpf } from '../ffi/libbpf.ts';
import { errnoName, LITTLE_ENDIAN, type Libc, type Pointer, RLIM_INFINITY, RLIMIT_MEMLOCK, stableMemory } from '../ffi/libc.ts';
import { kernelOlderThan } from '../kernel-version.ts';
import { loadError } from '../load-error.ts';
import { RuntimeError } from '../runtime-error.ts';

/** Packets that a trace can hold: PKTC_BENCH_PACKETS. */
export const TRACE_PACKETS_MAX = 8192;
/** Of every packet where all have one length: PKTC_BENCH_BYTES. */
export const EVEN_BYTES = 96;
/** Of the longest where each has its own: PKTC_BENCH_LONGEST. */
export const PACKET_BYTES_MAX = 2048;

/** Of all packets together: PKTC_BENCH_ROOM. */
export const TRACE_BYTES_MAX = 8 << 20;
/** struct pktc_bench_packet: where a packet begins, and how long it is. */
const ENTRY_BYTES = 8;
/** struct pktc_bench_state */
const STATE_BYTES = 56;
const BEGAN_OFFSET = 40;
const ENDED_OFFSET = 48;

export const DRIVE = 'pktc_bench_drive';
/** As DRIVE, but each pass has sources of its own; only where all packets have one length. */
export const FLOOD = 'pktc_bench_flood';
export const SEND = 'pktc_bench_send';
export const FLOOR_RUN = 'pktc_bench_floor_run';
export const FLOOR_PARSE = 'pktc_bench_floor_parse';
const PROGRAMS = [DRIVE, FLOOD, SEND, FLOOR_RUN, FLOOR_PARSE] as const;

export interface Driver {
  program(name: (typeof PROGRAMS)[number]): number;
  map(name: 'pktc_bench_state' | 'pktc_bench_call' | 'pktc_bench_trace'): number;
  close(): void;
}

/** @throws RuntimeError */
export function loadDriver(libbpf: Libbpf, libc: Libc, bytes: Uint8Array): Driver {
  const messages: string[] = [];
  const object = captureMessages(libbpf, libc, messages, () => {
    if (kernelOlderThan(5, 11)) libc.setrlimit(RLIMIT_MEMLOCK, new BigUint64Array([RLIM_INFINITY, RLIM_INFINITY]));
    const opened = libbpf.object_open_mem(bytes, bytes.length, null);
    if (opened === null) throw damaged(messages.at(-1) ?? 'libbpf cannot read it');
    if (kernelOlderThan(5, 18)) {
      for (const name of PROGRAMS) {
        const program = libbpf.object_find_program_by_name(opened, name);
        if (name !== FLOOD || program !== null) libbpf.program_set_flags?.(found(program, name), 0);
      }
    }
    const result = libbpf.object_load(opened);
    if (result === 0) return opened;
    libbpf.object_close(opened);
    throw loadError(-result, '', messages, NO_RULES);
  });
  return {
    program: (name) => libbpf.program_fd(found(libbpf.object_find_program_by_name(object, name), name)),
    map: (name) => libbpf.map_fd(found(libbpf.object_find_map_by_name(object, name), name)),
    close: () => libbpf.object_close(object),
  };
}

function found(part: Pointer | null, name: string): Pointer {
  if (part === null) throw damaged(`it has no \`${name}\``);
  return part;
}

/** What there is to say about a program that no rules were compiled to. */
const NO_RULES = { rules: [], line_map: [] } as unknown as Manifest;

/** Whether the driver for packets of one length can take these. */
export function areEven(frames: readonly Uint8Array[]): boolean {
  return frames.every((frame) => frame.length === EVEN_BYTES);
}

/** The value of `pktc_bench_trace`. @param frames at most `TRACE_PACKETS_MAX`, of 14 to `PACKET_BYTES_MAX` bytes */
export function traceBytes(frames: readonly Uint8Array[], even: boolean): Uint8Array {
  if (even) {
    const bytes = new Uint8Array(TRACE_PACKETS_MAX * EVEN_BYTES);
    for (const [index, frame] of frames.entries()) bytes.set(frame, index * EVEN_BYTES);
    return bytes;
  }
  const start = TRACE_PACKETS_MAX * ENTRY_BYTES;
  const bytes = new Uint8Array(start + TRACE_BYTES_MAX + PACKET_BYTES_MAX);
  const entries = new DataView(bytes.buffer);
  let offset = 0;
  for (const [index, frame] of frames.entries()) {
    entries.setUint32(ENTRY_BYTES * index, offset, LITTLE_ENDIAN);
    entries.setUint32(ENTRY_BYTES * index + 4, frame.length, LITTLE_ENDIAN);
    bytes.set(frame, start + offset);
    offset += Math.ceil(frame.length / 8) * 8;
  }
  return bytes;
}

/**
 * The value of `pktc_bench_state`: from the start of a part `[first, end)` of the trace, so many times through it.
 *
 * @param sources how many passes had sources of their own before
 */
export function stateBytes(first: number, end: number, passes: number, sources = 0): Uint8Array {
  const bytes = new Uint8Array(STATE_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, number] of [first, first, end, passes, sources].entries())
    view.setUint32(4 * index, number, LITTLE_ENDIAN);
  return bytes;
}

/** Nanoseconds from the end of the first pass to that of the last. @throws RuntimeError PKT6009 */
export function readClock(libbpf: Libbpf, state_fd: number): number {
  const { bytes } = stableMemory(STATE_BYTES);
  const result = libbpf.map_lookup_elem(state_fd, stableMemory(4).bytes, bytes);
  if (result < 0) {
    throw new RuntimeError('PKT6009', `the kernel does not say how long the packets took (${errnoName(-result)})`);
  }
  const view = new DataView(bytes.buffer);
  return Number(view.getBigUint64(ENDED_OFFSET, LITTLE_ENDIAN) - view.getBigUint64(BEGAN_OFFSET, LITTLE_ENDIAN));
}

/** The only value of an array. @throws RuntimeError PKT6014 */
export function writeMap(libbpf: Libbpf, map_fd: number, value: Uint8Array): void {
  const result = libbpf.map_update_elem(map_fd, new Uint8Array(4), value, 0n);
  if (result < 0) throw new RuntimeError('PKT6014', `the kernel did not take what the timing needs (${errnoName(-result)})`);
}
