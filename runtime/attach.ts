/** A loaded program at work on an interface. */
import { allocate, BPF_XDP, LINK_OPTIONS, XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE, XDP_LINK_INFO } from './ffi/libbpf.ts';
import { errnoName, errnoNumber } from './ffi/libc.ts';
import { findInterface } from './interfaces.ts';
import { kernelOlderThan } from './kernel-version.ts';
import type { LoadedProgram } from './load.ts';
import { privilegeError } from './load-error.ts';
import { RuntimeError } from './runtime-error.ts';
import { describeHolder, findHolder } from './xdp-holder.ts';

/** `native` runs in the driver, `generic` behind it, slower, everywhere; `auto` is native where the driver can. */
export type AttachMode = 'native' | 'generic' | 'auto';

export interface Attachment extends Disposable {
  readonly ifname: string;
  readonly ifindex: number;
  readonly mode: 'native' | 'generic';
  /** What the user should know about the mode; null: nothing. */
  readonly note: string | null;
  /** Whether the interface went away, and the program with it. */
  gone(): boolean;
  /** Detaches. May be called again. */
  close(): void;
}

/**
 * Attaches to one interface: it works, or nothing has changed. The kernel detaches by itself when this process ends, however
 * it ends.
 * @throws RuntimeError PKT6001, PKT6005, PKT6007, PKT6010 to PKT6013
 */
export function attach(loaded: LoadedProgram, ifname: string, mode: AttachMode): Attachment {
  const { libc } = loaded.internals;
  const ifindex = findInterface(libc, ifname);
  const first = createLink(loaded, ifindex, mode === 'generic' ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
  if (first >= 0)
    return attachmentOf(loaded, first, { ifname, ifindex, mode: mode === 'generic' ? 'generic' : 'native', note: null });
  if (mode !== 'auto' || !isDriverRefusal(-first)) throw attachError(loaded, ifname, ifindex, -first, mode);
  const second = createLink(loaded, ifindex, XDP_FLAGS_SKB_MODE);
  if (second < 0) throw attachError(loaded, ifname, ifindex, -second, mode);
  const note = `the driver of \`${ifname}\` does not take native XDP (${errnoName(-first)}): running in generic mode, which is slower`;
  return attachmentOf(loaded, second, { ifname, ifindex, mode: 'generic', note });
}

/** Attaches to all of them or to none; a name that is there twice counts once. @throws RuntimeError as `attach` does */
export function attachAll(loaded: LoadedProgram, ifnames: readonly string[], mode: AttachMode): readonly Attachment[] {
  const attached: Attachment[] = [];
  try {
    for (const ifname of new Set(ifnames)) attached.push(attach(loaded, ifname, mode));
    return attached;
  } catch (error) {
    for (const attachment of attached) attachment.close();
    throw error;
  }
}

/** What to say when `gone()`. */
export function goneError(ifname: string): RuntimeError {
  return new RuntimeError('PKT6015', `interface \`${ifname}\` went away, and the program with it`, {
    help: 'start again when it is back',
  });
}

function createLink(loaded: LoadedProgram, ifindex: number, flags: number): number {
  const options = allocate(LINK_OPTIONS);
  options.set('flags', flags);
  return loaded.internals.libbpf.link_create(loaded.programFd, ifindex, BPF_XDP, options.bytes);
}

/** Whether another mode may help. Drivers give many reasons: the MTU, the queues, the memory, or that they know no XDP. */
function isDriverRefusal(errno: number): boolean {
  return !['EBUSY', 'EEXIST', 'EPERM', 'ENODEV', 'EBADF'].map(errnoNumber).includes(errno);
}

function attachmentOf(
  loaded: LoadedProgram,
  link_fd: number,
  about: Pick<Attachment, 'ifname' | 'ifindex' | 'mode' | 'note'>,
): Attachment {
  const { libc, libbpf, own } = loaded.internals;
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    disown();
    libc.close(link_fd);
  };
  const disown = own(close);
  const gone = () => {
    if (!open) return false;
    const info = allocate(XDP_LINK_INFO);
    const result = libbpf.obj_get_info_by_fd(link_fd, info.bytes, new Uint32Array([info.bytes.length]));
    return result === 0 && info.get('ifindex') === 0;
  };
  return { ...about, gone, close, [Symbol.dispose]: close };
}

function attachError(loaded: LoadedProgram, ifname: string, ifindex: number, errno: number, mode: AttachMode): RuntimeError {
  const name = errnoName(errno);
  if (name === 'EBUSY' || name === 'EEXIST') {
    const holder = findHolder(loaded.internals.libbpf, ifindex);
    return new RuntimeError('PKT6011', `interface \`${ifname}\` already has an XDP program: ${describeHolder(holder)}`, {
      help:
        holder?.process == null
          ? `take it off with \`ip link set dev ${ifname} xdp off\` if nobody needs it, or choose another interface`
          : `end process ${holder.process.pid} first, or choose another interface`,
    });
  }
  if (name === 'EPERM') return privilegeError();
  if (kernelOlderThan(5, 9)) return new RuntimeError('PKT6007', 'this kernel is too old: pktc needs Linux 5.9 or later');
  if (name === 'ENODEV') return goneError(ifname);
  if (mode === 'native') {
    return new RuntimeError('PKT6012', `the driver of \`${ifname}\` does not take native XDP (${name})`, {
      help: 'use `--mode generic`, or `--mode auto` to have native where it works',
    });
  }
  return new RuntimeError('PKT6013', `cannot attach to \`${ifname}\` (${name})`, { help: 'run `pktc doctor`' });
}
