/** A BPF map's memory in this process. Whoever maps it owns it: a view that is touched after `close` kills the process. */
import { errnoName, type Libc, MAP_FAILED, MAP_SHARED, PROT_READ, PROT_WRITE, viewMemory } from './ffi/libc.ts';
import { RuntimeError } from './runtime-error.ts';

export interface MappedMemory {
  readonly buffer: ArrayBuffer;
  /** May be called again. Afterwards `buffer` must not be touched. */
  close(): void;
}

export interface Mapping {
  readonly fd: number;
  readonly length_bytes: number;
  readonly offset_bytes: number;
  readonly writable: boolean;
}

/** @throws RuntimeError PKT6008 */
export function mapMemory(libc: Libc, mapping: Mapping): MappedMemory {
  const { fd, length_bytes, offset_bytes, writable } = mapping;
  const address = libc.mmap(null, length_bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, offset_bytes);
  if (address === MAP_FAILED) {
    const reason = errnoName(libc.errno());
    throw new RuntimeError('PKT6008', `cannot map ${length_bytes} bytes of a BPF map into memory (${reason})`, {
      help: 'free some memory, or raise the limit on address space (`ulimit -v`)',
    });
  }
  const state = { open: true };
  return {
    buffer: viewMemory(address, length_bytes),
    close() {
      if (!state.open) return;
      state.open = false;
      libc.munmap(address, length_bytes);
    },
  };
}
