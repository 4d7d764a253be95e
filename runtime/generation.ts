/**
 * Which generation of the data a program takes what it remembers of flows for, which it asks ahead of the data
 * (templates/include/pktc/plain.h): one word of mapped memory, so that every CPU sees it change at once.
 */
import type { Libc } from './ffi/libc.ts';
import { mapMemory } from './mapped-memory.ts';

export interface Generation {
  /** 0: nothing is remembered. */
  read(): number;
  write(generation: number): void;
  close(): void;
}

/** While data are replaced: no data have this generation. */
export const NO_GENERATION = 0;

/** @param fd of the map; it stays the caller's. @throws RuntimeError PKT6008 */
export function openGeneration(libc: Libc, fd: number): Generation {
  const memory = mapMemory(libc, { fd, length_bytes: libc.getpagesize(), offset_bytes: 0, writable: true });
  const words = new Uint32Array(memory.buffer);
  return {
    read: () => Atomics.load(words, 0),
    write: (generation) => void Atomics.store(words, 0, generation),
    close: memory.close,
  };
}
