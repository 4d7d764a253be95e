/** What the maps of a program take of the kernel's memory. */
import { closeSync, readFileSync } from 'node:fs';
import { koffi } from '../ffi/koffi.ts';
import { allocate, type Libbpf, PROGRAM_INFO } from '../ffi/libbpf.ts';
import { LITTLE_ENDIAN, stableMemory } from '../ffi/libc.ts';

/** struct bpf_map_info, up to `max_entries` */
const MAP_INFO = koffi.struct({
  type: 'uint32_t',
  id: 'uint32_t',
  key_size: 'uint32_t',
  value_size: 'uint32_t',
  max_entries: 'uint32_t',
});
const BPF_MAP_TYPE_ARRAY_OF_MAPS = 12;
const MAPS_MAX = 64;

/** Bytes of all maps that the program uses, those in an array of maps among them: `memlock` in `/proc/self/fdinfo`. */
export function mapMemory(libbpf: Libbpf, program_fd: number): number {
  const ids = stableMemory(4 * MAPS_MAX);
  const info = allocate(PROGRAM_INFO);
  info.set('nr_map_ids', MAPS_MAX);
  info.set('map_ids', ids.address);
  libbpf.obj_get_info_by_fd(program_fd, info.bytes, new Uint32Array([info.bytes.length]));
  const view = new DataView(ids.bytes.buffer);
  const count = Math.min(MAPS_MAX, info.get('nr_map_ids'));
  return sum(Array.from({ length: count }, (_, at) => view.getUint32(4 * at, LITTLE_ENDIAN)).map((id) => bytesOf(libbpf, id)));
}

function bytesOf(libbpf: Libbpf, id: number): number {
  const fd = libbpf.map_get_fd_by_id(id);
  if (fd < 0) return 0;
  try {
    return (
      Number(/^memlock:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? 0) + innerBytes(libbpf, fd)
    );
  } finally {
    closeSync(fd);
  }
}

/** An array of maps gives the number of the map when it is asked from outside. */
function innerBytes(libbpf: Libbpf, fd: number): number {
  const info = allocate(MAP_INFO);
  libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length]));
  if (info.get('type') !== BPF_MAP_TYPE_ARRAY_OF_MAPS) return 0;
  const inner = new Set<number>();
  for (let at = 0; at < info.get('max_entries'); at++) {
    const value = new Uint32Array(1);
    if (libbpf.map_lookup_elem(fd, new Uint8Array(new Uint32Array([at]).buffer), new Uint8Array(value.buffer)) === 0) {
      inner.add(value[0] ?? 0);
    }
  }
  return sum([...inner].map((id) => bytesOf(libbpf, id)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
