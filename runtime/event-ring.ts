/**
 * The reading end of a BPF ring buffer, mapped into this process (kernel/bpf/ringbuf.c). The kernel maps the data twice in a
 * row, so that a record is always in one piece; positions only grow, modulo 2^64.
 */
import type { RecordMemory } from './event-decoder.ts';
import { LITTLE_ENDIAN, type Libc } from './ffi/libc.ts';
import { mapMemory } from './mapped-memory.ts';

export interface EventRing {
  /** Whether a record waits, finished or not. */
  isEmpty(): boolean;
  /** Takes the oldest records, at most `budget`, and gives their space back to the kernel. */
  take(budget: number): RecordBatch;
  /** May be called again. Afterwards nothing else of the ring may be called. */
  close(): void;
}

/** A copy: it outlives the ring. */
export interface RecordBatch {
  readonly memory: RecordMemory;
  /** Where in the memory each record begins, oldest first. */
  readonly starts: readonly number[];
}

/** Flags in a record's header; the rest of it is the length. */
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const LENGTH = 0x3fff_ffff;
const HEADER_BYTES = 8;
/** Not more at once: the kernel should have space back while there is still some left. */
const TAKE_BYTES = 128 << 10;

/**
 * @param size bytes of data, a power of two and of whole pages.
 * @throws RuntimeError PKT6008
 */
export function mapEventRing(libc: Libc, fd: number, size: number): EventRing {
  const page = libc.getpagesize();
  const consumer = mapMemory(libc, { fd, length_bytes: page, offset_bytes: 0, writable: true });
  const producer = mapOr(consumer.close, () =>
    mapMemory(libc, { fd, length_bytes: page + 2 * size, offset_bytes: page, writable: false }),
  );
  const consumed = new BigInt64Array(consumer.buffer, 0, 1);
  // Only the lower half is compared: the ring is far smaller than 4 GiB, and a load of 32 bits makes no BigInt.
  const produced = new Uint32Array(producer.buffer, LITTLE_ENDIAN ? 0 : 4, 1);
  const words = new Uint32Array(producer.buffer, page, (2 * size) / 4);
  // As a number it is exact up to 2^53 bytes: 285 years at 1 MB/s.
  let position = Number(Atomics.load(consumed, 0));

  const isEmpty = () => position >>> 0 === Atomics.load(produced, 0);
  const take = (budget: number): RecordBatch => {
    const first = (position >>> 0) & (size - 1);
    const available = Math.min((Atomics.load(produced, 0) - position) >>> 0, TAKE_BYTES);
    const starts: number[] = [];
    let length = 0;
    while (length < available && starts.length < budget) {
      const header = Atomics.load(words, (first + length) >>> 2);
      // A producer on another CPU has reserved this record and not finished it; those behind it wait.
      if ((header & BUSY) !== 0) break;
      if ((header & DISCARDED) === 0) starts.push(length + HEADER_BYTES);
      length += (HEADER_BYTES + (header & LENGTH) + 7) & ~7;
    }
    const bytes = new Uint8Array(producer.buffer.slice(page + first, page + first + length));
    position += length;
    if (length > 0) Atomics.store(consumed, 0, BigInt(position));
    return { memory: { bytes, view: new DataView(bytes.buffer) }, starts };
  };
  return {
    isEmpty,
    take,
    close() {
      consumer.close();
      producer.close();
    },
  };
}

function mapOr<T>(undo: () => void, map: () => T): T {
  try {
    return map();
  } catch (error) {
    undo();
    throw error;
  }
}
