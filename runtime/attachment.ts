/** A program at work somewhere, until it is closed. */
import { allocate, LINK_INFO } from './ffi/libbpf.ts';
import type { AttachableProgram } from './kernel-program.ts';
import type { LoadedProgram } from './load.ts';

/**
 * How it was attached: `native` and `generic` are XDP in the driver or behind it, `dispatcher` is XDP called by libxdp's dispatcher, `tcx` and `clsact` the two ways of traffic control, `filter` is a
 * packet socket's, `link` a control group's.
 */
export type AttachedMode = 'native' | 'generic' | 'dispatcher' | 'tcx' | 'clsact' | 'filter' | 'link';

export interface Attachment extends Disposable {
  /** Name of the interface, or path of the control group. */
  readonly place: string;
  /** null: a control group. */
  readonly ifname: string | null;
  readonly ifindex: number | null;
  /** The index that the interface has now: another one when it has been in another network namespace. null: a control group, or gone. */
  indexNow(): number | null;
  readonly mode: AttachedMode;
  /** What the user should know about the mode; null: nothing. */
  readonly note: string | null;
  /** Whether the interface or the control group went away, and the program with it. */
  gone(): boolean;
  /** Detaches. May be called again. */
  close(): void;
}

/** Something that holds a program in the kernel. */
export interface Hold {
  /** null: it holds what programs hang on. */
  readonly program: AttachableProgram | null;
  /** Puts another program in its place at once, so that no packet goes by. 0, or a negative errno: then nothing has changed. */
  swap(program: AttachableProgram): number;
  gone(): boolean;
  /** The index that the interface of a link has now. Absent: it keeps the one that it had. */
  readonly indexNow?: () => number | null;
  /** Gives it a name on a BPF file system, which then holds it instead of this process: 0, or a negative errno. null: it cannot have one. */
  readonly pin: ((path: string) => number) | null;
  release(): void;
}

export type AboutAttachment = Pick<Attachment, 'place' | 'ifname' | 'ifindex' | 'mode' | 'note'>;

/** An attachment as the loaded program knows it. */
export interface Attached {
  readonly about: AboutAttachment;
  readonly holds: readonly Hold[];
}

/** Makes one attachment of what holds the programs; closing the loaded program closes it. */
export function attachmentOf(loaded: LoadedProgram, about: AboutAttachment, holds: readonly Hold[]): Attachment {
  let open = true;
  const { attached, own } = loaded.internals;
  const one: Attached = { about, holds };
  const close = () => {
    if (!open) return;
    open = false;
    disown();
    attached.delete(one);
    for (const hold of holds) hold.release();
  };
  const disown = own(close);
  attached.add(one);
  const gone = () => open && holds.some((hold) => hold.gone());
  const indexNow = () => {
    const ask = holds.find((hold) => hold.indexNow !== undefined)?.indexNow;
    return about.ifindex === null || ask === undefined ? about.ifindex : ask();
  };
  return { ...about, gone, indexNow, close, [Symbol.dispose]: close };
}

/** A BPF link: the kernel detaches when its last descriptor is closed, so also when the process dies. */
export function linkHold(loaded: LoadedProgram, link_fd: number, program: AttachableProgram): Hold {
  const { libc, libbpf } = loaded.internals;
  let held = program;
  /** null: the kernel does not say. */
  const target = (): number | null => {
    const info = allocate(LINK_INFO);
    const result = libbpf.obj_get_info_by_fd(link_fd, info.bytes, new Uint32Array([info.bytes.length]));
    return result === 0 ? info.get('target') : null;
  };
  return {
    get program() {
      return held;
    },
    swap(next) {
      const result = libbpf.link_update(link_fd, next.fd);
      if (result === 0) held = next;
      return result;
    },
    gone: () => target() === 0,
    indexNow: () => target() || null,
    pin: (path) => libbpf.obj_pin(link_fd, path),
    release: () => void libc.close(link_fd),
  };
}

/** Attaches every program of the object in turn; when one fails, nothing has changed. */
export function holdAll<T>(items: readonly T[], hold: (item: T) => Hold): readonly Hold[] {
  const holds: Hold[] = [];
  try {
    for (const item of items) holds.push(hold(item));
    return holds;
  } catch (error) {
    for (const one of holds) one.release();
    throw error;
  }
}
