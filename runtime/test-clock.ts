/** The time that a program knows which is only tried on packets: the loader has told it not to ask the kernel. */
import type { Libc } from './ffi/libc.ts';
import { mapMemory } from './mapped-memory.ts';

export interface TestClock {
  now_ns(): bigint;
  /** Never backwards. @param time_ns since some beginning */
  advance(time_ns: bigint): void;
  /** To the beginning. */
  reset(): void;
  close(): void;
}

/** Small times have a meaning of their own in sets: the clock begins behind them. */
const BEGINNING_NS = 1n << 40n;

/** @throws RuntimeError PKT6008 */
export function openClock(libc: Libc, fd: number): TestClock {
  const memory = mapMemory(libc, { fd, length_bytes: libc.getpagesize(), offset_bytes: 0, writable: true });
  const time = new BigUint64Array(memory.buffer, 0, 1);
  time[0] = BEGINNING_NS;
  return {
    now_ns: () => time[0] ?? 0n,
    advance(time_ns) {
      const next = BEGINNING_NS + time_ns;
      if (next > (time[0] ?? 0n)) time[0] = next;
    },
    reset() {
      time[0] = BEGINNING_NS;
    },
    close: memory.close,
  };
}
