/**
 * The rules of a program as data: the only value of an array map, which is the only element of an array of maps
 * (templates/include/pktc/data.h). Storing another map there changes every rule at once; a packet that has looked the old one
 * up goes on with it.
 */
import { DATA_LAYOUT } from './abi/manifest.ts';
import { BPF_F_MMAPABLE, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_ARRAY_OF_MAPS, type Libbpf } from './ffi/libbpf.ts';
import { errnoName, errnoNumber, LITTLE_ENDIAN, type Libc, stableMemory } from './ffi/libc.ts';
import { type Generation, NO_GENERATION } from './generation.ts';
import { mapInfoOf } from './kernel-object.ts';
import { kernelOlderThan } from './kernel-version.ts';
import { privilegeError } from './load-error.ts';
import { mapMemory } from './mapped-memory.ts';
import { RuntimeError } from './runtime-error.ts';

export interface RuleData {
  readonly bytes: Uint8Array;
  readonly rule_off: number;
  readonly rows: number;
  /** By rule. */
  readonly slots: Uint32Array;
  readonly generation: number;
}

/** What a program can take; it is a constant of it. */
export interface DataRoom {
  readonly bytes: number;
  /** Nodes on the way to a leaf. */
  readonly depth: number;
  /** Trees of one set. */
  readonly partitions: number;
  /** Records of a leaf. */
  readonly leaf: number;
}

export interface DataStore {
  readonly room: DataRoom;
  /**
   * Before packets come: no one waits.
   * @param early the same rules, which another thread is putting there; null: nobody is
   * @throws RuntimeError PKT6008, PKT6014
   */
  fill(data: RuleData, early: EarlyData | null): void;
  /**
   * Resolves as soon as every packet that comes from now on sees the new rules. `settled` resolves when the last packet that saw
   * the old ones is through. When it rejects, nothing has changed. One at a time.
   * @param before is given the map with the new rules before any packet sees it; when it throws, nothing has changed
   * @throws RuntimeError PKT6008, PKT6014
   */
  replace(data: RuleData, before?: (map_fd: number) => void): Promise<{ readonly settled: Promise<void> }>;
  /** The map with the rules that are there now; -1: another process has put them there. */
  readonly map_fd: number;
  /** Data that are being replaced stay until the kernel is done with them. */
  close(): void;
}

const MAP_NAME = 'pktc_data';
const CLASS_BYTES = 64 << 10;
/** KMALLOC_MAX_SIZE, which values of arrays were limited to before Linux 6.0 (kernel/bpf/arraymap.c, array_map_alloc_check). */
const OLD_LIMIT_BYTES = 4 << 20;
const FIRST_KERNEL = [6, 0] as const;

/**
 * Room for data to grow by a sixteenth, as counters have, before the program has to be loaded again, in multiples of 64 KiB.
 * @throws RuntimeError PKT6040 when this kernel has no maps of that size
 */
export function capacityFor(bytes: number, olderThan: typeof kernelOlderThan = kernelOlderThan): number {
  const wanted = Math.ceil((bytes + bytes / 16) / CLASS_BYTES) * CLASS_BYTES;
  if (!olderThan(...FIRST_KERNEL)) return wanted;
  if (bytes > OLD_LIMIT_BYTES - CLASS_BYTES) {
    throw new RuntimeError('PKT6040', `these rules take ${bytes} bytes: before Linux 6.0 a map has 4 MiB for them`, {
      help: 'load them on Linux 6.0 or later, or give each interface only the rules that it needs',
    });
  }
  // The kernel keeps some bytes beside the value.
  return Math.min(wanted, OLD_LIMIT_BYTES - CLASS_BYTES);
}

/** The verifier follows each node, each tree and each record of a leaf that there may be. */
const DEPTHS: readonly number[] = [4, 6, 8, 12, 16, 24, 32];
const PARTITIONS: readonly number[] = [2, 3, 4, 5, 6, 7, 8];
const LEAVES: readonly number[] = [8, 12, 16, 20];
/** Nodes that are left for changes, where the program may look that far. Leaves and trees seldom grow by one. */
const SPARE = 2;

/** Room for the data, and for them to grow. @throws RuntimeError PKT6040 when this kernel has no maps of that size, PKT6003 */
export function roomFor(data: Uint8Array): DataRoom {
  const { depth, partitions, leaf } = treesIn(data);
  return {
    bytes: capacityFor(data.length),
    depth: atLeast(depth, DEPTHS, SPARE),
    partitions: atLeast(partitions, PARTITIONS, 0),
    leaf: atLeast(leaf, LEAVES, 0),
  };
}

/** @throws RuntimeError PKT6003 */
function atLeast(needed: number, rooms: readonly number[], spare: number): number {
  const room = rooms.find((most) => needed + spare <= most) ?? rooms.find((most) => needed <= most);
  if (room === undefined) throw damagedTrees();
  return room;
}

export function fitsIn(data: Uint8Array, room: DataRoom): boolean {
  const { depth, partitions, leaf } = treesIn(data);
  return data.length <= room.bytes && depth <= room.depth && partitions <= room.partitions && leaf <= room.leaf;
}

function treesIn(data: Uint8Array): Omit<DataRoom, 'bytes'> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const word = (offset: number) => view.getUint32(offset, LITTLE_ENDIAN);
  return { depth: word(DATA_LAYOUT.depth), partitions: word(DATA_LAYOUT.partitions), leaf: word(DATA_LAYOUT.leaf) };
}

function damagedTrees(): RuntimeError {
  return new RuntimeError('PKT6003', 'the data of the rules are damaged: their trees are deeper than any program looks', {
    help: 'compile the rule file again',
  });
}

/** Rules in maps of the kernel before there is a program that looks them up. */
export interface EarlyData {
  /** Of the array of maps, for a program that is loaded later. */
  readonly outer_fd: number;
  /** Of the map with the rules. */
  readonly map_fd: number;
  /** Resolves when the other thread is done, however that went. */
  readonly stored: Promise<void>;
  /** Closes both: a program that has them keeps them. May be called again. */
  close(): void;
}

/**
 * Makes the array of maps that a program is going to look its rules up in, and has another thread put them there: the kernel returns from
 * that some 15 ms later, and this thread has the verifier to wait for meanwhile. null: it cannot be; loading the program says why.
 */
export function storeEarly(libbpf: Libbpf, libc: Libc, name: string, room: DataRoom, data: RuleData): EarlyData | null {
  let map_fd: number;
  try {
    map_fd = createDataMap(libbpf, libc, room.bytes, data);
  } catch (error) {
    if (error instanceof RuntimeError) return null;
    throw error;
  }
  const outer_fd = libbpf.map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, name, 4, 4, 1, 0, map_fd);
  if (outer_fd < 0) {
    libc.close(map_fd);
    return null;
  }
  // `DataStore.fill` looks whether they are there, and has the error if there is one.
  const done = () => {};
  const stored = storeAside(libbpf, libc, outer_fd, map_fd).then(done, done);
  let open = true;
  return {
    outer_fd,
    map_fd,
    stored,
    close() {
      if (!open) return;
      open = false;
      libc.close(outer_fd);
      libc.close(map_fd);
    },
  };
}

/**
 * @param outer_fd of the array of maps. It stays the caller's.
 * @param remembered null: the program remembers no flows, or asks for them behind the data
 */
export function createDataStore(
  libbpf: Libbpf,
  libc: Libc,
  outer_fd: number,
  room: DataRoom,
  remembered: Generation | null,
): DataStore {
  let current_fd = -1;
  /** What another thread still stores is not to come after what is stored from now on. */
  let stored: Promise<void> | null = null;
  const key = stableMemory(4).bytes;
  const storedId = () => storedMapId(libbpf, outer_fd);
  /** The kernel drops the old map without waiting in versions before 6.8, so this process holds it until nobody reads it. */
  const take = (fd: number) => {
    const old_fd = current_fd;
    current_fd = fd;
    return () => {
      if (old_fd >= 0) libc.close(old_fd);
    };
  };
  return {
    room,
    fill(data, early) {
      const there = early !== null && storedId() === mapInfoOf(libbpf, early.map_fd).get('id');
      const fd = early === null ? createDataMap(libbpf, libc, room.bytes, data) : libc.dup(early.map_fd);
      // The other thread has not come to it, or could not: the same map once more changes nothing.
      const result = there ? 0 : libbpf.map_update_elem(outer_fd, key, fdBytes(fd), 0n);
      stored = early?.stored ?? null;
      if (result < 0) {
        libc.close(fd);
        throw storeError(-result);
      }
      take(fd)();
      remembered?.write(data.generation);
    },
    get map_fd() {
      return current_fd;
    },
    async replace(data, before) {
      if (stored !== null) await stored;
      stored = null;
      const fd = createDataMap(libbpf, libc, room.bytes, data);
      try {
        before?.(fd);
        const { through } = await storeSeen({ libbpf, libc, outer_fd, remembered }, fd, data.generation);
        return { settled: through.then(take(fd)) };
      } catch (error) {
        libc.close(fd);
        throw error;
      }
    },
    close() {
      take(-1)();
      remembered?.close();
    },
  };
}

/** Where maps with rules are put for packets to find them. */
interface Shelf {
  readonly libbpf: Libbpf;
  readonly libc: Libc;
  readonly outer_fd: number;
  /** What `createDataStore` was given. */
  readonly remembered: Generation | null;
}

/**
 * Resolves when packets see the map: the call returns when the last one is through that saw the one before, some 15 ms later.
 * @throws RuntimeError PKT6008, PKT6014; then the map is the caller's to close, and nothing has changed
 */
async function storeSeen(
  { libbpf, libc, outer_fd, remembered }: Shelf,
  fd: number,
  generation: number,
): Promise<{ readonly through: Promise<void> }> {
  const id = mapInfoOf(libbpf, fd).get('id');
  const before = remembered?.read() ?? NO_GENERATION;
  remembered?.write(NO_GENERATION);
  const done = storeAside(libbpf, libc, outer_fd, fd);
  let failed: number | null = null;
  const through = done.then((result) => {
    failed = result < 0 ? result : null;
  });
  while (failed === null && storedMapId(libbpf, outer_fd) !== id) await new Promise<void>((resolve) => setImmediate(resolve));
  remembered?.write(failed === null ? generation : before);
  if (failed !== null) throw storeError(-failed);
  return { through };
}

/** The identifier of the map that an array of maps holds; 0: none. */
export function storedMapId(libbpf: Libbpf, outer_fd: number): number {
  const value = stableMemory(4).bytes;
  const found = libbpf.map_lookup_elem(outer_fd, stableMemory(4).bytes, value);
  return found < 0 ? 0 : new DataView(value.buffer).getUint32(0, LITTLE_ENDIAN);
}

/**
 * Puts a map that is there already in the place of the one that is at work. Resolves when no packet is judged by the old one any more;
 * what the program remembers of flows is not asked for until its generation is written.
 * @throws RuntimeError PKT6008, PKT6014
 */
export async function storeMap(
  libbpf: Libbpf,
  libc: Libc,
  outer_fd: number,
  inner_fd: number,
  remembered: Generation | null,
): Promise<void> {
  remembered?.write(NO_GENERATION);
  const result = await storeAside(libbpf, libc, outer_fd, inner_fd);
  if (result < 0) throw storeError(-result);
}

/** In another thread; with descriptors of its own, should the program be closed meanwhile. */
function storeAside(libbpf: Libbpf, libc: Libc, outer_fd: number, inner_fd: number): Promise<number> {
  const outer = libc.dup(outer_fd);
  const inner = libc.dup(inner_fd);
  const key = stableMemory(4).bytes;
  return libbpf.map_update_elem_aside(outer, key, fdBytes(inner), 0n).finally(() => {
    libc.close(outer);
    libc.close(inner);
  });
}

function fdBytes(fd: number): Uint8Array {
  const { bytes } = stableMemory(4);
  new DataView(bytes.buffer).setInt32(0, fd, LITTLE_ENDIAN);
  return bytes;
}

/** A map with the data in it, which no program has yet. @throws RuntimeError PKT6008, PKT6014 */
export function createDataMap(libbpf: Libbpf, libc: Libc, capacity_bytes: number, data: RuleData): number {
  const fd = libbpf.map_create(BPF_MAP_TYPE_ARRAY, MAP_NAME, 4, capacity_bytes, 1, BPF_F_MMAPABLE);
  if (fd < 0) throw storeError(-fd);
  try {
    const memory = mapMemory(libc, { fd, length_bytes: capacity_bytes, offset_bytes: 0, writable: true });
    try {
      writeData(new Uint8Array(memory.buffer), data);
    } finally {
      memory.close();
    }
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

const ROW_WORDS = DATA_LAYOUT.row_bytes / 4;

/** Exported for tests. */
export function writeData(into: Uint8Array, { bytes, rule_off, rows, slots, generation }: RuleData): void {
  into.set(bytes);
  const words = new Uint32Array(into.buffer, into.byteOffset, bytes.length >> 2);
  words[DATA_LAYOUT.generation / 4] = generation;
  const first = (rule_off + DATA_LAYOUT.row_slot) / 4;
  let shift_at = (words[DATA_LAYOUT.shift_off / 4] ?? 0) / 4;
  for (let start = 0; start < rows; start += DATA_LAYOUT.shift_rows) {
    const end = Math.min(rows, start + DATA_LAYOUT.shift_rows);
    let shift: number | null = null;
    for (let row = start, at = first + start * ROW_WORDS; row < end; row++, at += ROW_WORDS) {
      const slot = slots[(words[at] ?? 0) - 1] ?? 0;
      words[at] = slot;
      if (shift === null) shift = (slot - row) >>> 0;
      else if (shift !== (slot - row) >>> 0) shift = DATA_LAYOUT.shift_none;
    }
    words[shift_at++] = shift ?? 0;
  }
}

/** Undoes what `writeData` wrote. @param data as they are in the kernel @param ruleAt index of the rule that has a slot */
export function unwriteData(
  data: Uint8Array,
  { rule_off, rows, generation }: Pick<RuleData, 'rule_off' | 'rows' | 'generation'>,
  ruleAt: (slot: number) => number,
): void {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length >> 2);
  words[DATA_LAYOUT.generation / 4] = generation;
  for (let row = 0, at = (rule_off + DATA_LAYOUT.row_slot) / 4; row < rows; row++, at += ROW_WORDS) {
    words[at] = ruleAt(words[at] ?? 0) + 1;
  }
  const shift_at = (words[DATA_LAYOUT.shift_off / 4] ?? 0) / 4;
  words.fill(0, shift_at, shift_at + Math.ceil(rows / DATA_LAYOUT.shift_rows));
}

function storeError(errno: number): RuntimeError {
  if (errno === errnoNumber('EPERM')) return privilegeError();
  if (errno === errnoNumber('ENOMEM') || errno === errnoNumber('E2BIG')) {
    return new RuntimeError('PKT6008', 'the kernel has no memory for the rules', {
      help: 'free some memory, or raise the memory limit of this control group',
    });
  }
  return new RuntimeError('PKT6014', `the kernel did not take the rules (${errnoName(errno)})`, { help: 'run `pktc doctor`' });
}

/**
 * Resolves when every packet that is being judged now is through: what a program that was taken off counts, it has counted then.
 * The kernel waits for that before an update of an array of maps returns (kernel/bpf/syscall.c, maybe_wait_bpf_programs).
 * @throws RuntimeError PKT6005, PKT6008, PKT6014
 */
export async function packetsAreThrough(libbpf: Libbpf, libc: Libc): Promise<void> {
  const made: number[] = [];
  const create = (type: number, inner_fd?: number) => {
    const fd = libbpf.map_create(type, 'pktc_wait', 4, 4, 1, 0, inner_fd);
    if (fd < 0) throw storeError(-fd);
    made.push(fd);
    return fd;
  };
  try {
    const inner = create(BPF_MAP_TYPE_ARRAY);
    const result = await storeAside(libbpf, libc, create(BPF_MAP_TYPE_ARRAY_OF_MAPS, inner), inner);
    if (result < 0) throw storeError(-result);
  } finally {
    for (const fd of made) libc.close(fd);
  }
}
