/** Bytes that the kernel keeps under a name: the only value of an array map, for a BPF file system has no plain files. */
import { BPF_F_MMAPABLE, BPF_MAP_TYPE_ARRAY, type Libbpf } from '../ffi/libbpf.ts';
import { errnoName, LITTLE_ENDIAN, type Libc } from '../ffi/libc.ts';
import { mapInfoOf } from '../kernel-object.ts';
import { mapMemory } from '../mapped-memory.ts';
import { RuntimeError } from '../runtime-error.ts';

/** The length of what follows: values are as long as they have to be, in whole pages. */
const LENGTH_BYTES = 8;

/** @throws RuntimeError PKT6008, PKT6014 */
export function pinBytes(libbpf: Libbpf, libc: Libc, path: string, bytes: Uint8Array): void {
  const size = LENGTH_BYTES + bytes.length;
  const fd = libbpf.map_create(BPF_MAP_TYPE_ARRAY, 'pktc_state', 4, size, 1, BPF_F_MMAPABLE);
  if (fd < 0) throw refused(-fd);
  try {
    const memory = mapMemory(libc, { fd, length_bytes: wholePages(libc, size), offset_bytes: 0, writable: true });
    try {
      new DataView(memory.buffer).setBigUint64(0, BigInt(bytes.length), LITTLE_ENDIAN);
      new Uint8Array(memory.buffer).set(bytes, LENGTH_BYTES);
    } finally {
      memory.close();
    }
    const result = libbpf.obj_pin(fd, path);
    if (result < 0) throw refused(-result);
  } finally {
    libc.close(fd);
  }
}

/** @returns a copy; null: there is nothing under that name. @throws RuntimeError PKT6008 */
export function readPinnedBytes(libbpf: Libbpf, libc: Libc, path: string): Uint8Array | null {
  const fd = libbpf.obj_get(path);
  if (fd < 0) return null;
  try {
    const size = mapInfoOf(libbpf, fd).get('value_size');
    const memory = mapMemory(libc, { fd, length_bytes: wholePages(libc, size), offset_bytes: 0, writable: false });
    try {
      const length = Number(new DataView(memory.buffer).getBigUint64(0, LITTLE_ENDIAN));
      return new Uint8Array(memory.buffer.slice(LENGTH_BYTES, Math.min(size, LENGTH_BYTES + length)));
    } finally {
      memory.close();
    }
  } finally {
    libc.close(fd);
  }
}

function wholePages(libc: Libc, bytes: number): number {
  const page = libc.getpagesize();
  return Math.ceil(bytes / page) * page;
}

function refused(errno: number): RuntimeError {
  return new RuntimeError(
    'PKT6014',
    `the kernel does not keep what is needed to find the program again (${errnoName(errno)})`,
    {
      help: 'run `pktc doctor`',
    },
  );
}
