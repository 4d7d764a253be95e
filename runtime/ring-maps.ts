/** The rings of a program's events in the kernel: how many there are, and the array that the program finds them in (event.h). */
import { cpus } from 'node:os';
import type { ManifestEvents } from './abi/manifest.ts';
import { BPF_MAP_TYPE_RINGBUF, type Libbpf } from './ffi/libbpf.ts';
import { errnoName, errnoNumber, LITTLE_ENDIAN, type Libc } from './ffi/libc.ts';
import { privilegeError } from './load-error.ts';
import { RuntimeError } from './runtime-error.ts';

/** Eight CPUs that log write more than anybody reads; where there are more, few of them share one. */
const RINGS_MAX = 8;

export interface Rings {
  /** A power of two. */
  readonly count: number;
  /** Of each: a power of two. */
  readonly bytes: number;
}

/** At most one a CPU that is at work now, and CPUs that come later share them; the fewer they are, the larger. */
export function ringsFor({ ring_bytes, rings_bytes }: ManifestEvents, online = cpus().length): Rings {
  const most = Math.min(RINGS_MAX, online, rings_bytes / ring_bytes);
  const count = most < 2 ? 1 : 2 ** Math.floor(Math.log2(most));
  return { count, bytes: rings_bytes / count };
}

/** In the object there is one name for all of them. */
export function ringName(events: string, index: number): string {
  return `${events}_${index}`;
}

/**
 * @param array descriptor of the array, which has an element for each
 * @param made takes their descriptors, one after the other
 * @throws RuntimeError PKT6005, PKT6008, PKT6014
 */
export function makeRings(
  { libbpf, libc }: { readonly libbpf: Libbpf; readonly libc: Libc },
  array: number,
  { count, bytes: wanted }: Rings,
  made: number[],
): void {
  const page = libc.getpagesize();
  // As libbpf makes the ring that says what those in the array are like: whole pages.
  const bytes = Math.max(page, wanted);
  for (let index = 0; index < count; index++) {
    const fd = libbpf.map_create(BPF_MAP_TYPE_RINGBUF, 'pktc_events', 0, 0, bytes, 0);
    if (fd < 0) throw ringError(-fd);
    made.push(fd);
    const [key, value] = [word(index), word(fd)];
    const result = libbpf.map_update_elem(array, key, value, 0n);
    if (result < 0) throw ringError(-result);
  }
}

function word(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value, LITTLE_ENDIAN);
  return new Uint8Array(view.buffer);
}

function ringError(errno: number): RuntimeError {
  if (errno === errnoNumber('EPERM')) return privilegeError();
  if (errno === errnoNumber('ENOMEM')) {
    return new RuntimeError('PKT6008', 'the kernel has no memory for the rings of events', {
      help: 'free some memory, or raise the memory limit of this control group',
    });
  }
  return new RuntimeError('PKT6014', `the kernel did not make a ring of events (${errnoName(errno)})`, {
    help: 'run `pktc doctor`',
  });
}
