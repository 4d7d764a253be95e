/** What is loaded and attached in the kernel, by its own numbers: to see that a close left nothing. */
import koffi from 'koffi';
import { allocate, LINK_INFO, MAP_INFO, openLibbpf, PROGRAM_INFO } from '../../runtime/ffi/libbpf.ts';
import { openLibc, stableMemory } from '../../runtime/ffi/libc.ts';

const LIBRARY = koffi.load('libbpf.so.1');
const nextLink: (id: number, next: Uint32Array) => number = LIBRARY.func('int bpf_link_get_next_id(uint32_t, void *)');
const nextProgram: (id: number, next: Uint32Array) => number = LIBRARY.func('int bpf_prog_get_next_id(uint32_t, void *)');
const nextMap: (id: number, next: Uint32Array) => number = LIBRARY.func('int bpf_map_get_next_id(uint32_t, void *)');
const linkFd: (id: number) => number = LIBRARY.func('int bpf_link_get_fd_by_id(uint32_t)');

/** How many links the kernel has with one of these programs, whoever holds them. */
export function linksOf(programs: readonly { readonly id: number }[]): number {
  const libbpf = openLibbpf();
  const libc = openLibc();
  const ids = new Set(programs.map(({ id }) => id));
  const next = new Uint32Array(1);
  let links = 0;
  for (let id = 0; nextLink(id, next) === 0; id = next[0] ?? 0) {
    const fd = linkFd(next[0] ?? 0);
    if (fd < 0) continue;
    const info = allocate(LINK_INFO);
    libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length]));
    if (ids.has(info.get('prog_id'))) links++;
    libc.close(fd);
  }
  return links;
}

/** Whether a program is still loaded. */
export function isLoaded({ id }: { readonly id: number }): boolean {
  const fd = openLibbpf().prog_get_fd_by_id(id);
  if (fd < 0) return false;
  openLibc().close(fd);
  return true;
}

/** Every program that the kernel has, whoever holds it. */
export function programsInKernel(): readonly { readonly id: number; readonly tag: string }[] {
  const libbpf = openLibbpf();
  const libc = openLibc();
  return idsOf(nextProgram).flatMap((id) => {
    const fd = libbpf.prog_get_fd_by_id(id);
    if (fd < 0) return [];
    const info = allocate(PROGRAM_INFO);
    libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length]));
    libc.close(fd);
    return [{ id, tag: Buffer.from(info.getBytes('tag')).toString('hex') }];
  });
}

export interface MapInKernel {
  /** The caller closes it. */
  readonly fd: number;
  readonly name: string;
  /** enum bpf_map_type */
  readonly type: number;
  readonly value_bytes: number;
  readonly entries: number;
}

/** Every map that the kernel has, one after the other. */
export function mapsInKernel(): Generator<MapInKernel> {
  return mapsWithIds(idsOf(nextMap));
}

const MAPS_MAX = 32;

/** The maps of a program. */
export function mapsOf({ fd }: { readonly fd: number }): Generator<MapInKernel> {
  const ids = stableMemory(4 * MAPS_MAX);
  const info = allocate(PROGRAM_INFO);
  info.set('nr_map_ids', MAPS_MAX);
  info.set('map_ids', ids.address);
  openLibbpf().obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length]));
  return mapsWithIds([...new Uint32Array(ids.bytes.buffer).subarray(0, info.get('nr_map_ids'))]);
}

function* mapsWithIds(ids: readonly number[]): Generator<MapInKernel> {
  const libbpf = openLibbpf();
  for (const id of ids) {
    const fd = libbpf.map_get_fd_by_id(id);
    if (fd < 0) continue;
    const info = allocate(MAP_INFO);
    libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length]));
    const name = Buffer.from(info.getBytes('name')).toString('latin1').replace(/\0.*$/s, '');
    yield { fd, name, type: info.get('type'), value_bytes: info.get('value_size'), entries: info.get('max_entries') };
  }
}

function idsOf(nextId: (id: number, next: Uint32Array) => number): readonly number[] {
  const ids: number[] = [];
  const next = new Uint32Array(1);
  for (let id = 0; nextId(id, next) === 0; id = next[0] ?? 0) ids.push(next[0] ?? 0);
  return ids;
}
