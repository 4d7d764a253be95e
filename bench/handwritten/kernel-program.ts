/** An object of clang's in the kernel, whatever is in it: libbpf without what pktc knows of its own programs. */
import { allocate, openLibbpf, TEST_RUN_OPTIONS } from '../../runtime/ffi/libbpf.ts';
import { openLibc, stableMemory } from '../../runtime/ffi/libc.ts';
import { type MappedMemory, mapMemory } from '../../runtime/mapped-memory.ts';

export interface KernelObject {
  /** Descriptor of a program. @throws Error when the object has none of this name */
  program(name: string): number;
  map(name: string): number;
  close(): void;
}

/** @param flags of its XDP program `sets`, in place of those of its section. @throws Error when libbpf or the verifier refuses */
export function loadObject(
  bytes: Uint8Array,
  sets: { readonly program: string; readonly flags: number } | null = null,
): KernelObject {
  const bpf = openLibbpf();
  const object = bpf.object_open_mem(bytes, bytes.length, null);
  if (object === null) throw new Error('libbpf cannot read the object');
  const found = (name: string, one: bigint | null): bigint => {
    if (one === null) throw new Error(`no \`${name}\` in the object`);
    return one;
  };
  const program = (name: string) => found(name, bpf.object_find_program_by_name(object, name));
  if (sets !== null) bpf.program_set_flags?.(program(sets.program), sets.flags);
  const result = bpf.object_load(object);
  if (result < 0) {
    bpf.object_close(object);
    throw new Error(`the kernel does not take the object (error ${-result})`);
  }
  return {
    program: (name) => bpf.program_fd(program(name)),
    map: (name) => bpf.map_fd(found(name, bpf.object_find_map_by_name(object, name))),
    close: () => bpf.object_close(object),
  };
}

/** Larger than any frame that a test run takes. */
const FRAME_BYTES_MAX = 4096;

/** Runs an XDP program on a frame, so many times; returns what it returned. */
export type TestRun = (frame: Uint8Array, repeat?: number) => number;

/** What it returns throws when the kernel does not take a frame. */
export function testRunOf(fd: number): TestRun {
  const bpf = openLibbpf();
  // Kept by the function, so that the memory outlives the call that is given its address.
  const memory = stableMemory(FRAME_BYTES_MAX);
  const options = allocate(TEST_RUN_OPTIONS);
  options.set('data_in', memory.address);
  return (frame, repeat = 1) => {
    memory.bytes.set(frame);
    options.set('data_size_in', frame.length);
    options.set('data_size_out', 0);
    options.set('repeat', repeat);
    const result = bpf.prog_test_run_opts(fd, options.bytes);
    if (result < 0) throw new Error(`the kernel does not take the frame (error ${-result})`);
    return options.get('retval');
  };
}

/** The value of an array with one element, which may be mapped. */
export function mapArray(fd: number, length_bytes: number): MappedMemory {
  const libc = openLibc();
  const page = libc.getpagesize();
  return mapMemory(libc, { fd, length_bytes: Math.ceil(length_bytes / page) * page, offset_bytes: 0, writable: true });
}
