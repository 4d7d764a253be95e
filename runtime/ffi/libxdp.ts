/**
 * Every function of libxdp that the runtime uses (xdp/libxdp.h, version 1.3): it keeps the dispatcher of an interface, an XDP program that calls
 * those of several owners one after the other. It uses libbpf itself, the same one as this process.
 */
import type { LibraryHandle } from 'koffi';
import { RuntimeError } from '../runtime-error.ts';
import { koffi } from './koffi.ts';
import type { Pointer } from './libc.ts';

/** enum xdp_attach_mode */
export const XDP_MODE_NATIVE = 1;
export const XDP_MODE_SKB = 2;

/** What libxdp returns in the place of a pointer may be an errno: `error_of` says so. Every other `int` is 0, or a negative errno. */
export interface Libxdp {
  set_print(callback: Pointer | null): Pointer | null;
  /** 0, or a negative errno: then it is no pointer. */
  error_of(pointer: Pointer | null): number;
  /** The first program of an object of libbpf, which is not loaded. The object stays the caller's. */
  program_from_object(object: Pointer): Pointer | null;
  /** A program that is in the kernel. */
  program_from_id(id: number): Pointer | null;
  /** The kernel keeps the program where it is attached. */
  program_close(program: Pointer): void;
  /** A descriptor that stays libxdp's; negative: it is not loaded. */
  program_fd(program: Pointer): number;
  program_id(program: Pointer): number;
  program_name(program: Pointer): string | null;
  /** The lower, the earlier it is called. */
  set_run_prio(program: Pointer, priority: number): number;
  /** Before load: that it takes frames in several pieces, which libxdp does not see by the name of its section. null: libxdp before 1.3. */
  readonly set_frags: ((program: Pointer, frags: boolean) => number) | null;
  /** Loads it if need be, and puts a new dispatcher with it in the place of the one that is there. */
  attach(program: Pointer, ifindex: number, mode: number): number;
  /** Puts a dispatcher without it there; none when it was the last one. */
  detach(program: Pointer, ifindex: number, mode: number): number;
  /** What is on an interface: a dispatcher with its programs, or one program. */
  dispatcher_of(ifindex: number): Pointer | null;
  dispatcher_close(dispatcher: Pointer): void;
  /** In the order of their calls, beginning behind `program`; null behind the last one. */
  next_program(program: Pointer | null, dispatcher: Pointer): Pointer | null;
}

const SONAME = 'libxdp.so.1';

/** The library, looked for when somebody asks for a dispatcher. libxdp says nothing by itself from then on. @throws RuntimeError PKT6120 */
export function openLibxdp(name = SONAME): Libxdp {
  const library = load(name);
  const set_print = library.func('void *libxdp_set_print(void *)');
  set_print(null);
  const from_object = library.func('void *xdp_program__from_bpf_obj(void *, const char *)');
  const attach = library.func('int xdp_program__attach(void *, int, int, unsigned int)');
  const detach = library.func('int xdp_program__detach(void *, int, int, unsigned int)');
  return {
    set_print,
    error_of: library.func('long libxdp_get_error(void *)'),
    program_from_object: (object) => from_object(object, null),
    program_from_id: library.func('void *xdp_program__from_id(uint32_t)'),
    program_close: library.func('void xdp_program__close(void *)'),
    program_fd: library.func('int xdp_program__fd(void *)'),
    program_id: library.func('uint32_t xdp_program__id(void *)'),
    program_name: library.func('const char *xdp_program__name(void *)'),
    set_frags: optional(library, 'int xdp_program__set_xdp_frags_support(void *, bool)'),
    set_run_prio: library.func('int xdp_program__set_run_prio(void *, unsigned int)'),
    attach: (program, ifindex, mode) => attach(program, ifindex, mode, 0),
    detach: (program, ifindex, mode) => detach(program, ifindex, mode, 0),
    dispatcher_of: library.func('void *xdp_multiprog__get_from_ifindex(int)'),
    dispatcher_close: library.func('void xdp_multiprog__close(void *)'),
    next_program: library.func('void *xdp_multiprog__next_prog(void *, void *)'),
  };
}

function optional(library: LibraryHandle, definition: string): ReturnType<LibraryHandle['func']> | null {
  try {
    return library.func(definition);
  } catch {
    return null;
  }
}

function load(name: string): LibraryHandle {
  try {
    return koffi.load(name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const missing = /no such file or directory/i.test(reason);
    const message = missing ? `libxdp is not installed (${name} not found)` : `libxdp cannot be loaded: ${reason}`;
    throw new RuntimeError('PKT6120', message, {
      help: 'install it: `apt install libxdp1` (Debian 12, Ubuntu 24.04), `dnf install libxdp`; or look at what the others pass with `--hook tc ingress`',
    });
  }
}
