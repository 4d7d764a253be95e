/** An object file in the kernel: opened by libbpf, its sizes and constants settled, verified and loaded. */
import { damaged, type ElfFile } from './abi/elf.ts';
import type { Artifact, Manifest } from './abi/manifest.ts';
import type { DataRoom } from './data-store.ts';
import { type DispatchedProgram, type DispatcherOptions, dispatcherRejection, loadDispatched } from './dispatched-program.ts';
import {
  allocate,
  BPF_F_MMAPABLE,
  captureMessages,
  type Libbpf,
  MAP_INFO,
  OPEN_OPTIONS,
  PROGRAM_INFO,
  type Structure,
} from './ffi/libbpf.ts';
import {
  LITTLE_ENDIAN,
  type Libc,
  type Pointer,
  RLIM_INFINITY,
  RLIMIT_MEMLOCK,
  stableMemory,
  viewMemory,
  withoutSignals,
} from './ffi/libc.ts';
import { findInterface } from './interfaces.ts';
import { kernelOlderThan } from './kernel-version.ts';
import { loadError } from './load-error.ts';
import { possibleCpus } from './possible-cpus.ts';
import { RuntimeError } from './runtime-error.ts';

export const COUNTERS = 'pktc_counters';
export const LOGGED = 'pktc_logged';
export const TALLIES = 'pktc_tallies';
export const EVENTS = 'pktc_events';
/** Its entries are the lines of one CPU until it is loaded. */
export const FLOWS = 'pktc_flows';
export const ANSWERS = 'pktc_answers';
export const INTERFACES = 'pktc_interfaces';
export const DATA = 'pktc_data_maps';
/** Its only variable that is not a constant; libbpf has a map of its own for those. */
export const GENERATION = 'pktc_generation';
export const CLOCK = 'pktc_clock';
const CLOCK_GIVEN = 'pktc_clock_given';
const RING_MASK = 'pktc_ring_mask';
const STRIDE = 'pktc_counter_stride';
const REDIRECTS = 'pktc_redirects';
const DATA_BYTES = 'pktc_data_bytes';
const TREE_DEPTH = 'pktc_tree_depth';
const TREE_PARTITIONS = 'pktc_tree_partitions';
const TREE_RECORDS = 'pktc_tree_records';
const LOG_BYTES = 4 << 20;
/** The kernel shows it in the names of maps, libbpf before 1.0 wants it in the name of `.rodata`. */
const OBJECT_NAME = 'pktc';
/** `sz` and `object_name` of struct bpf_object_open_opts */
const OLD_OPTIONS_BYTES = 16;

/** What is settled when the program is loaded. */
export interface LoadSettings {
  /** For test runs alone: interfaces that rules redirect to need not exist. */
  readonly offline: boolean;
  /** Slots of counters that a CPU has. */
  readonly stride: number;
  /** Of events, a power of two. */
  readonly rings: number;
  /** For rules that are data; null: they are compiled in. */
  readonly room: DataRoom | null;
  /** Maps of another program that take the place of this one's, by name. */
  readonly reused: ReadonlyMap<string, number>;
  /** null: the program has its hook for itself. */
  readonly dispatcher: DispatcherOptions | null;
}

/** The map of a set that the program fills. */
export function setMapName(index: number): string {
  return `pktc_set_${index}`;
}

export interface LoadedObject {
  readonly object: Pointer;
  /** null: it has its hook for itself. */
  readonly dispatched: DispatchedProgram | null;
  /** What the user should know about how it went. */
  readonly notes: readonly string[];
}

/**
 * The verifier gives up (EAGAIN) when a signal comes in while it works. libbpf asks it five times more; signals that keep coming, such as a
 * profiler's, break off every one of them. So this thread takes none while it is asked once more: others of the process do.
 * @throws RuntimeError PKT6003, PKT6005 to PKT6008, PKT6014, PKT6100, PKT6120, PKT6121
 */
export function loadObject(artifact: Artifact, elf: ElfFile, libbpf: Libbpf, libc: Libc, settings: LoadSettings): LoadedObject {
  try {
    return { ...loadOnce(artifact, elf, libbpf, libc, settings), notes: [] };
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== 'PKT6100') throw error;
    return {
      ...withoutSignals(libc, () => loadOnce(artifact, elf, libbpf, libc, settings)),
      notes: ['signals broke off the check of the program in the kernel (EAGAIN): done again with signals held back'],
    };
  }
}

function loadOnce(
  artifact: Artifact,
  elf: ElfFile,
  libbpf: Libbpf,
  libc: Libc,
  settings: LoadSettings,
): Omit<LoadedObject, 'notes'> {
  const log = stableMemory(LOG_BYTES);
  const name = stableMemory(OBJECT_NAME.length + 1);
  name.bytes.set(Buffer.from(OBJECT_NAME));
  const messages: string[] = [];
  return captureMessages(libbpf, libc, messages, () => {
    const object = libbpf.object_open_mem(
      artifact.object,
      artifact.object.length,
      openOptions(libbpf, name.address, log.address),
    );
    if (object === null) throw damaged(messages.at(-1) ?? 'libbpf cannot read it');
    try {
      prepare({ libbpf, libc, object, elf }, artifact.manifest, settings);
      const { dispatcher } = settings;
      const result =
        dispatcher === null ? libbpf.object_load(object) : loadDispatched(libbpf, libc, object, dispatcher, messages);
      if (typeof result !== 'number') return { object, dispatched: result };
      if (result < 0) {
        const text = logText(log.bytes);
        throw dispatcherRejection(text) ?? loadError(-result, text, messages, artifact.manifest);
      }
      return { object, dispatched: null };
    } catch (error) {
      libbpf.object_close(object);
      throw error;
    }
  });
}

function openOptions(libbpf: Libbpf, name: Pointer, log: Pointer): Uint8Array {
  const options = allocate(OPEN_OPTIONS);
  options.set('object_name', name);
  if (libbpf.takesLogBuffer) {
    options.set('kernel_log_buf', log);
    options.set('kernel_log_size', LOG_BYTES);
  } else {
    // An older library refuses what it does not know, and has the verifier's log among its messages.
    options.set('sz', OLD_OPTIONS_BYTES);
  }
  return options.bytes;
}

/** Before 5.11 the kernel charged BPF memory to RLIMIT_MEMLOCK, which is 64 KiB as it comes: to be raised ahead of the first map. */
export function raiseMemoryLimit(libc: Libc): void {
  if (kernelOlderThan(5, 11)) libc.setrlimit(RLIMIT_MEMLOCK, new BigUint64Array([RLIM_INFINITY, RLIM_INFINITY]));
}

interface Opened {
  readonly libbpf: Libbpf;
  readonly libc: Libc;
  readonly object: Pointer;
  readonly elf: ElfFile;
}

/** What is settled before the kernel sees the program: the sizes of its maps, and constants that depend on this machine. */
function prepare(opened: Opened, manifest: Manifest, { offline, stride, rings, room, reused }: LoadSettings): void {
  const { libbpf, libc, object, elf } = opened;
  const cpus = possibleCpus();
  const resize = (map: Pointer, name: string, entries: number) => {
    if (libbpf.map_set_max_entries(map, entries) < 0) throw damaged(`\`${name}\` cannot be resized`);
  };
  for (const name of manifest.events === null ? [COUNTERS] : [COUNTERS, LOGGED]) {
    resize(findMap(libbpf, object, name), name, cpus * stride);
  }
  for (const name of [FLOWS, TALLIES]) {
    const map = libbpf.object_find_map_by_name(object, name);
    if (map !== null) resize(map, name, cpus * libbpf.map_max_entries(map));
  }
  const write = constantWriter(libbpf, object, elf);
  write(STRIDE, [stride]);
  if (manifest.events !== null) {
    resize(findMap(libbpf, object, EVENTS), EVENTS, rings);
    write(RING_MASK, [rings - 1]);
  }
  if (room !== null) {
    prepareData(libbpf, object, room.bytes);
    write(DATA_BYTES, [room.bytes]);
    write(TREE_DEPTH, [room.depth]);
    write(TREE_PARTITIONS, [room.partitions]);
    write(TREE_RECORDS, [room.leaf]);
  }
  if (manifest.sets !== undefined) write(CLOCK_GIVEN, [offline ? 1 : 0]);
  for (const [name, fd] of reused) {
    if (libbpf.map_reuse_fd(findMap(libbpf, object, name), fd) < 0) throw damaged(`\`${name}\` is not like the one before`);
  }
  const { redirects } = manifest;
  if (redirects.length > 0) {
    write(
      REDIRECTS,
      redirects.map((ifname) => (offline ? libc.if_nametoindex(ifname) : findInterface(libc, ifname))),
    );
  }
  if (kernelOlderThan(5, 18)) {
    // The kernel refuses a flag that it does not know, and there the program does without frames in several pieces.
    for (const { name } of manifest.programs) libbpf.program_set_flags?.(findProgram(libbpf, object, name), 0);
  }
}

/** Every map that is stored later has to be like this one. Mapped memory begins with a page, so the trees lie in whole cache lines. */
function prepareData(libbpf: Libbpf, object: Pointer, bytes: number): void {
  const inner = libbpf.map_inner_map(findMap(libbpf, object, DATA));
  if (inner === null) {
    throw new RuntimeError('PKT6002', 'this libbpf is too old for rules that are data', {
      help: 'install libbpf 0.6 or newer',
    });
  }
  if (libbpf.map_set_value_size(inner, bytes) < 0 || libbpf.map_set_map_flags(inner, BPF_F_MMAPABLE) < 0) {
    throw damaged(`\`${DATA}\` cannot be resized`);
  }
}

/** Writes 32-bit numbers into a constant of the program. */
function constantWriter(libbpf: Libbpf, object: Pointer, elf: ElfFile): (name: string, values: readonly number[]) => void {
  const size = new BigUint64Array(1);
  const rodata = libbpf.map_initial_value(findMap(libbpf, object, '.rodata', `${OBJECT_NAME}.rodata`), size);
  const length = Number(size[0]);
  return (name, values) => {
    // clang leaves the offsets of variables out of BTF, for the linker to fill in; the symbol has it.
    const symbol = elf.symbols.find((candidate) => candidate.name === name && candidate.section === '.rodata');
    const bytes = 4 * values.length;
    if (symbol === undefined || rodata === null || symbol.size !== bytes || symbol.offset + bytes > length) {
      throw damaged(`it has no variable \`${name}\` of ${bytes} bytes`);
    }
    const view = new DataView(viewMemory(rodata, length));
    for (const [index, value] of values.entries()) view.setUint32(symbol.offset + 4 * index, value, LITTLE_ENDIAN);
  };
}

/** @param oldName as an older libbpf has it */
export function findMap(libbpf: Libbpf, object: Pointer, name: string, oldName = name): Pointer {
  const map = libbpf.object_find_map_by_name(object, name) ?? libbpf.object_find_map_by_name(object, oldName);
  if (map === null) throw damaged(`it has no map \`${name}\``);
  return map;
}

/** The map of variables that are 0 at first. */
export function findVariables(libbpf: Libbpf, object: Pointer): Pointer {
  return findMap(libbpf, object, '.bss', `${OBJECT_NAME}.bss`);
}

export function findProgram(libbpf: Libbpf, object: Pointer, name: string): Pointer {
  const program = libbpf.object_find_program_by_name(object, name);
  if (program === null) throw damaged(`it has no program \`${name}\``);
  return program;
}

export function programIdOf(libbpf: Libbpf, fd: number): number {
  const info = allocate(PROGRAM_INFO);
  libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length]));
  return info.get('id');
}

export function mapInfoOf(libbpf: Libbpf, fd: number): Structure {
  const info = allocate(MAP_INFO);
  libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length]));
  return info;
}

function logText(log: Uint8Array): string {
  const end = log.indexOf(0);
  return Buffer.from(log.buffer, log.byteOffset, end < 0 ? log.length : end).toString('utf8');
}
