/** Every function and structure of libbpf that the runtime uses (libbpf.h, bpf.h; kernel structures: include/uapi/linux/bpf.h). */
import type { LibraryHandle, TypeObject } from 'koffi';
import { RuntimeError } from '../runtime-error.ts';
import { koffi } from './koffi.ts';
import { LITTLE_ENDIAN, type Libc, type Pointer, stableMemory } from './libc.ts';

export interface Libbpf {
  /** `1.1.2`; null before 0.6, which could not tell. */
  readonly version: string | null;
  /** Whether `bpf_object_open_opts` has a place for the verifier's log (libbpf 0.7). */
  readonly takesLogBuffer: boolean;
  set_print(callback: Pointer | null): Pointer | null;
  object_open_mem(object: Uint8Array, size: number, options: Uint8Array | null): Pointer | null;
  /** 0, or a negative errno; so is every `int` below that is not a descriptor. */
  object_load(object: Pointer): number;
  object_close(object: Pointer): void;
  object_find_program_by_name(object: Pointer, name: string): Pointer | null;
  object_find_map_by_name(object: Pointer, name: string): Pointer | null;
  program_fd(program: Pointer): number;
  map_fd(map: Pointer): number;
  map_set_max_entries(map: Pointer, entries: number): number;
  map_max_entries(map: Pointer): number;
  /** Before load: takes a map that is there already. */
  map_reuse_fd(map: Pointer, fd: number): number;
  /** Before load: the bytes of a data section; `size` takes their number. After load, writes do not reach the kernel. */
  map_initial_value(map: Pointer, size: BigUint64Array): Pointer | null;
  /** A descriptor, or a negative errno. */
  link_create(program_fd: number, target: number, attach_type: number, options: Uint8Array): number;
  prog_test_run_opts(program_fd: number, options: Uint8Array): number;
  obj_get_info_by_fd(fd: number, info: Uint8Array, length: Uint32Array): number;
  /** Gives a program, a map or a link a name on a BPF file system, which holds it when every process has let go. */
  obj_pin(fd: number, path: string): number;
  /** A descriptor of what has that name, or a negative errno. */
  obj_get(path: string): number;
  prog_get_fd_by_id(id: number): number;
  map_get_fd_by_id(id: number): number;
  /** `next` takes the first identifier behind `id`; `-ENOENT`: there is none. */
  link_get_next_id(id: number, next: Uint32Array): number;
  link_get_fd_by_id(id: number): number;
  /** Programs at a hook of an interface, in their order: `count` has the room in `ids`, and takes their number. */
  prog_query(
    ifindex: number,
    attach_type: number,
    query_flags: number,
    attach_flags: null,
    ids: Uint32Array,
    count: Uint32Array,
  ): number;
  map_lookup_elem(map_fd: number, key: Uint8Array, value: Uint8Array): number;
  map_update_elem(map_fd: number, key: Uint8Array, value: Uint8Array, flags: bigint): number;
  map_delete_elem(map_fd: number, key: Uint8Array): number;
  /** In another thread, for updates that wait; `key` and `value` must lie in memory that does not move. */
  map_update_elem_aside(map_fd: number, key: Uint8Array, value: Uint8Array, flags: bigint): Promise<number>;
  /** A descriptor, or a negative errno. `inner_fd`: a map like those that an array of maps is to hold. */
  map_create(
    type: number,
    name: string,
    key_bytes: number,
    value_bytes: number,
    max_entries: number,
    flags: number,
    inner_fd?: number,
  ): number;
  /** Before load: what the maps in an array of maps are like. null: it holds no maps, or libbpf is older than 0.6. */
  map_inner_map(map: Pointer): Pointer | null;
  /** Before load. */
  map_set_value_size(map: Pointer, bytes: number): number;
  /** Before load. */
  map_set_map_flags(map: Pointer, flags: number): number;
  /** Puts another program in the place of the one that a link holds, at once. */
  link_update(link_fd: number, program_fd: number): number;
  /** Takes its program off, whoever still holds the link: 0, or a negative errno. */
  link_detach(link_fd: number): number;
  /** Flags that the kernel is given at load; null: libbpf before 0.6, which sets none by itself. */
  readonly program_set_flags: ((program: Pointer, flags: number) => number) | null;
  /** Before 6.6: programs as filters of a `clsact` queueing discipline. null: libbpf before 0.6. */
  readonly tc: TcFunctions | null;
  /** null: libbpf before 0.8. */
  readonly xdp_query: ((ifindex: number, flags: number, options: Uint8Array) => number) | null;
}

/** Filters of traffic control (struct bpf_tc_hook, struct bpf_tc_opts); each returns 0 or a negative errno. */
export interface TcFunctions {
  hook_create(hook: Uint8Array): number;
  hook_destroy(hook: Uint8Array): number;
  attach(hook: Uint8Array, options: Uint8Array): number;
  detach(hook: Uint8Array, options: Uint8Array): number;
  query(hook: Uint8Array, options: Uint8Array): number;
}

/** enum bpf_map_type, and flags of its maps */
export const BPF_MAP_TYPE_ARRAY = 2;
export const BPF_MAP_TYPE_ARRAY_OF_MAPS = 12;
export const BPF_MAP_TYPE_RINGBUF = 27;
export const BPF_F_MMAPABLE = 1 << 10;
/** enum bpf_attach_type */
export const BPF_CGROUP_INET_INGRESS = 0;
export const BPF_CGROUP_INET_EGRESS = 1;
export const BPF_XDP = 37;
export const BPF_TCX_INGRESS = 46;
export const BPF_TCX_EGRESS = 47;
/** enum bpf_tc_attach_point */
export const BPF_TC_INGRESS = 1;
export const BPF_TC_EGRESS = 2;
/** enum bpf_tc_flags */
export const BPF_TC_F_REPLACE = 1;
/** enum bpf_prog_type */
export const BPF_PROG_TYPE_EXT = 28;
/** enum bpf_link_type */
export const BPF_LINK_TYPE_XDP = 6;
/** include/uapi/linux/if_link.h */
export const XDP_FLAGS_SKB_MODE = 2;
export const XDP_FLAGS_DRV_MODE = 4;
/** enum libbpf_print_level */
const LIBBPF_DEBUG = 2;
/** enum libbpf_strict_mode */
const LIBBPF_STRICT_CLEAN_PTRS = 1;
const LIBBPF_STRICT_DIRECT_ERRS = 2;

const SONAMES = ['libbpf.so.1', 'libbpf.so.0'] as const;

/** struct bpf_object_open_opts, up to `kernel_log_level` */
export const OPEN_OPTIONS = koffi.struct({
  sz: 'size_t',
  object_name: 'void *',
  relaxed_maps: 'bool',
  pin_root_path: 'void *',
  unused: 'uint32_t',
  kconfig: 'void *',
  btf_custom_path: 'void *',
  kernel_log_buf: 'void *',
  kernel_log_size: 'size_t',
  kernel_log_level: 'uint32_t',
});

/** struct bpf_link_create_opts, as much of it as these hooks need */
export const LINK_OPTIONS = koffi.struct({ sz: 'size_t', flags: 'uint32_t', padding: 'uint32_t' });

/** struct bpf_test_run_opts */
export const TEST_RUN_OPTIONS = koffi.struct({
  sz: 'size_t',
  data_in: 'void *',
  data_out: 'void *',
  data_size_in: 'uint32_t',
  data_size_out: 'uint32_t',
  ctx_in: 'void *',
  ctx_out: 'void *',
  ctx_size_in: 'uint32_t',
  ctx_size_out: 'uint32_t',
  retval: 'uint32_t',
  repeat: 'int',
  duration: 'uint32_t',
  flags: 'uint32_t',
  cpu: 'uint32_t',
  batch_size: 'uint32_t',
});

/** struct bpf_xdp_query_opts, up to `attach_mode` */
export const XDP_QUERY_OPTIONS = koffi.struct({
  sz: 'size_t',
  prog_id: 'uint32_t',
  drv_prog_id: 'uint32_t',
  hw_prog_id: 'uint32_t',
  skb_prog_id: 'uint32_t',
  attach_mode: 'uint8_t',
});

/** struct bpf_prog_info, up to `name` */
export const PROGRAM_INFO = koffi.struct({
  type: 'uint32_t',
  id: 'uint32_t',
  tag: koffi.array('uint8_t', 8),
  jited_prog_len: 'uint32_t',
  xlated_prog_len: 'uint32_t',
  jited_prog_insns: 'uint64_t',
  xlated_prog_insns: 'uint64_t',
  load_time: 'uint64_t',
  created_by_uid: 'uint32_t',
  nr_map_ids: 'uint32_t',
  map_ids: 'uint64_t',
  name: koffi.array('uint8_t', 16),
});

/**
 * struct bpf_link_info. `target` is the index of the interface, or the lower half of a control group's number (never 0 there:
 * the kernel counts from 1); 0 once the interface or the group is gone.
 */
export const LINK_INFO = koffi.struct({
  type: 'uint32_t',
  id: 'uint32_t',
  prog_id: 'uint32_t',
  padding: 'uint32_t',
  target: 'uint32_t',
  unused: koffi.array('uint32_t', 7),
});

/** struct bpf_map_info, up to `name` */
export const MAP_INFO = koffi.struct({
  type: 'uint32_t',
  id: 'uint32_t',
  key_size: 'uint32_t',
  value_size: 'uint32_t',
  max_entries: 'uint32_t',
  map_flags: 'uint32_t',
  name: koffi.array('uint8_t', 16),
});

/** struct bpf_map_create_opts */
const MAP_OPTIONS = koffi.struct({
  sz: 'size_t',
  btf_fd: 'uint32_t',
  btf_key_type_id: 'uint32_t',
  btf_value_type_id: 'uint32_t',
  btf_vmlinux_value_type_id: 'uint32_t',
  inner_map_fd: 'uint32_t',
  map_flags: 'uint32_t',
  map_extra: 'uint64_t',
  numa_node: 'uint32_t',
  map_ifindex: 'uint32_t',
});

/** struct bpf_tc_hook */
export const TC_HOOK = koffi.struct({
  sz: 'size_t',
  ifindex: 'int',
  attach_point: 'uint32_t',
  parent: 'uint32_t',
  padding: 'uint32_t',
});

/** struct bpf_tc_opts */
export const TC_OPTIONS = koffi.struct({
  sz: 'size_t',
  prog_fd: 'int',
  flags: 'uint32_t',
  prog_id: 'uint32_t',
  handle: 'uint32_t',
  priority: 'uint32_t',
  padding: 'uint32_t',
});

/** A structure in memory that does not move, its members read and written by name. */
export interface Structure {
  readonly bytes: Uint8Array;
  set(member: string, value: number | Pointer): void;
  get(member: string): number;
  getBytes(member: string): Uint8Array;
}

/** @param type one of the structures above; `sz`, where there is one, is filled in. */
export function allocate(type: TypeObject): Structure {
  const { bytes } = stableMemory(koffi.sizeof(type));
  const view = new DataView(bytes.buffer);
  const find = (name: string) => {
    const member = type.members?.[name];
    if (member === undefined) throw new Error(`no member \`${name}\` in this structure`);
    return { offset: member.offset, size: member.type.size };
  };
  const structure: Structure = {
    bytes,
    set(name, value) {
      const { offset, size } = find(name);
      if (size === 8) view.setBigUint64(offset, BigInt(value), LITTLE_ENDIAN);
      else view.setUint32(offset, Number(value), LITTLE_ENDIAN);
    },
    get(name) {
      const { offset, size } = find(name);
      return size === 8 ? Number(view.getBigUint64(offset, LITTLE_ENDIAN)) : view.getUint32(offset, LITTLE_ENDIAN);
    },
    getBytes(name) {
      const { offset, size } = find(name);
      return bytes.subarray(offset, offset + size);
    },
  };
  if (type.members?.sz !== undefined) structure.set('sz', bytes.length);
  return structure;
}

/**
 * The library, looked for when it is needed. libbpf's messages are silenced until somebody listens (`captureMessages`).
 * @throws RuntimeError PKT6002
 */
export function openLibbpf(names: readonly string[] = SONAMES): Libbpf {
  const library = loadFirst(names);
  const optional = (definition: string): ReturnType<LibraryHandle['func']> | null => {
    try {
      return library.func(definition);
    } catch {
      return null;
    }
  };
  const version: string | null = optional('const char *libbpf_version_string()')?.().replace(/^v/, '') ?? null;
  // Before 1.0, errors came back as pointers unless one asked for NULL and negative errno (libbpf_legacy.h).
  optional('int libbpf_set_strict_mode(int)')?.(LIBBPF_STRICT_CLEAN_PTRS | LIBBPF_STRICT_DIRECT_ERRS);
  const set_print = library.func('void *libbpf_set_print(void *)');
  set_print(null);
  const map_update_elem = library.func('int bpf_map_update_elem(int, void *, void *, uint64_t)');
  const inner_map = optional('void *bpf_map__inner_map(void *)');
  return {
    version,
    takesLogBuffer: version !== null && !version.startsWith('0.6'),
    set_print,
    object_open_mem: library.func('void *bpf_object__open_mem(void *, size_t, void *)'),
    object_load: library.func('int bpf_object__load(void *)'),
    object_close: library.func('void bpf_object__close(void *)'),
    object_find_program_by_name: library.func('void *bpf_object__find_program_by_name(void *, const char *)'),
    object_find_map_by_name: library.func('void *bpf_object__find_map_by_name(void *, const char *)'),
    program_fd: library.func('int bpf_program__fd(void *)'),
    map_fd: library.func('int bpf_map__fd(void *)'),
    map_set_max_entries: library.func('int bpf_map__set_max_entries(void *, uint32_t)'),
    map_max_entries: library.func('uint32_t bpf_map__max_entries(void *)'),
    map_reuse_fd: library.func('int bpf_map__reuse_fd(void *, int)'),
    map_initial_value: library.func('void *bpf_map__initial_value(void *, void *)'),
    link_create: library.func('int bpf_link_create(int, int, int, void *)'),
    prog_test_run_opts: library.func('int bpf_prog_test_run_opts(int, void *)'),
    obj_get_info_by_fd: library.func('int bpf_obj_get_info_by_fd(int, void *, void *)'),
    obj_pin: library.func('int bpf_obj_pin(int, const char *)'),
    obj_get: library.func('int bpf_obj_get(const char *)'),
    prog_get_fd_by_id: library.func('int bpf_prog_get_fd_by_id(uint32_t)'),
    map_get_fd_by_id: library.func('int bpf_map_get_fd_by_id(uint32_t)'),
    link_get_next_id: library.func('int bpf_link_get_next_id(uint32_t, void *)'),
    link_get_fd_by_id: library.func('int bpf_link_get_fd_by_id(uint32_t)'),
    prog_query: library.func('int bpf_prog_query(int, int, uint32_t, void *, void *, void *)'),
    map_lookup_elem: library.func('int bpf_map_lookup_elem(int, void *, void *)'),
    map_update_elem,
    map_update_elem_aside: (...args) =>
      new Promise((resolve, reject) => {
        map_update_elem.async(...args, (error: Error | null, result: number) => (error ? reject(error) : resolve(result)));
      }),
    map_delete_elem: library.func('int bpf_map_delete_elem(int, void *)'),
    map_create: mapCreation(optional),
    map_inner_map: (map) => inner_map?.(map) ?? null,
    map_set_value_size: library.func('int bpf_map__set_value_size(void *, uint32_t)'),
    map_set_map_flags: library.func('int bpf_map__set_map_flags(void *, uint32_t)'),
    link_detach: library.func('int bpf_link_detach(int)'),
    link_update: linkUpdate(library.func('int bpf_link_update(int, int, void *)')),
    program_set_flags: optional('int bpf_program__set_flags(void *, uint32_t)'),
    tc: tcFunctions(optional),
    xdp_query: optional('int bpf_xdp_query(int, int, void *)'),
  };
}

type Optional = (definition: string) => ReturnType<LibraryHandle['func']> | null;

/** libbpf 0.7 has a call with options; the older one has what is needed as plain arguments, but no map's inner map. */
function mapCreation(optional: Optional): Libbpf['map_create'] {
  const create = optional('int bpf_map_create(int, const char *, uint32_t, uint32_t, uint32_t, void *)');
  if (create !== null) {
    return (type, name, key_bytes, value_bytes, max_entries, flags, inner_fd = 0) => {
      const options = allocate(MAP_OPTIONS);
      options.set('map_flags', flags);
      options.set('inner_map_fd', inner_fd);
      return create(type, name, key_bytes, value_bytes, max_entries, options.bytes);
    };
  }
  const plain = optional('int bpf_create_map(int, int, int, int, uint32_t)');
  const nested = optional('int bpf_create_map_in_map(int, const char *, int, int, int, uint32_t)');
  return (type, name, key_bytes, value_bytes, max_entries, flags, inner_fd) =>
    inner_fd === undefined
      ? plain?.(type, key_bytes, value_bytes, max_entries, flags)
      : nested?.(type, name, key_bytes, inner_fd, max_entries, flags);
}

function linkUpdate(update: ReturnType<LibraryHandle['func']>): Libbpf['link_update'] {
  return (link_fd, program_fd) => update(link_fd, program_fd, null);
}

function tcFunctions(optional: (definition: string) => ReturnType<LibraryHandle['func']> | null): TcFunctions | null {
  const hook_create = optional('int bpf_tc_hook_create(void *)');
  const hook_destroy = optional('int bpf_tc_hook_destroy(void *)');
  const attach = optional('int bpf_tc_attach(void *, void *)');
  const detach = optional('int bpf_tc_detach(void *, void *)');
  const query = optional('int bpf_tc_query(void *, void *)');
  if (!hook_create || !hook_destroy || !attach || !detach || !query) return null;
  return { hook_create, hook_destroy, attach, detach, query };
}

function loadFirst(names: readonly string[]): LibraryHandle {
  const reasons: string[] = [];
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  const broken = reasons.find((reason) => !/no such file or directory/i.test(reason));
  const message =
    broken === undefined ? `libbpf is not installed (${names.join(', ')} not found)` : `libbpf cannot be loaded: ${broken}`;
  throw new RuntimeError('PKT6002', message, {
    help: 'install it: `apt install libbpf1` (Debian 12, Ubuntu 24.04), `apt install libbpf0` (Ubuntu 22.04), `dnf install libbpf`',
    libbpfLog: reasons.join('\n'),
  });
}

const PRINT_CALLBACK = koffi.pointer(koffi.proto('int', ['int', 'void *', 'void *']));
const MESSAGE_BYTES = 65536;

/** Runs `work` and collects what libbpf, or libxdp, which counts its levels alike, says while it does; nothing reaches stderr. */
export function captureMessages<T>(bpf: Pick<Libbpf, 'set_print'>, libc: Libc, messages: string[], work: () => T): T {
  const buffer = Buffer.alloc(MESSAGE_BYTES);
  const callback = koffi.register((level: number, format: Pointer, va_list: Pointer) => {
    if (level >= LIBBPF_DEBUG) return 0;
    // A va_list parameter is a pointer on x86-64 and arm64 alike, so it can be handed on as one.
    const length = libc.vsnprintf(buffer, buffer.length, format, va_list);
    messages.push(buffer.toString('utf8', 0, Math.max(0, Math.min(length, buffer.length - 1))).trimEnd());
    return 0;
  }, PRINT_CALLBACK);
  bpf.set_print(callback);
  try {
    return work();
  } finally {
    bpf.set_print(null);
    koffi.unregister(callback);
  }
}
