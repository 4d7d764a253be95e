/** A program that libxdp's dispatcher is to call: it is loaded as the extension of one (BPF_PROG_TYPE_EXT), by libxdp. */
import { allocate, BPF_PROG_TYPE_EXT, captureMessages, type Libbpf, PROGRAM_INFO } from './ffi/libbpf.ts';
import { errnoNumber, type Libc, type Pointer } from './ffi/libc.ts';
import { type Libxdp, openLibxdp, XDP_MODE_SKB } from './ffi/libxdp.ts';
import { kernelOlderThan } from './kernel-version.ts';
import { RuntimeError } from './runtime-error.ts';

export interface DispatcherOptions {
  /** Among the programs of a dispatcher: the lower, the earlier. libxdp gives 50 to those that say nothing. */
  readonly priority: number;
  /** The directory of pktc's own on a BPF file system, where it is noted which programs end with their process. */
  readonly root: string;
}

export interface DispatchedProgram {
  readonly libxdp: Libxdp;
  /** As libxdp knows the program. */
  readonly handle: Pointer;
  readonly root: string;
  close(): void;
}

/** No interface has it. */
const NOWHERE = 0x7fff_ffff;

/**
 * libxdp loads a program only when it attaches it, and the maps of this one have to be filled before it sees a packet. So it is attached to an
 * interface that there is not: libxdp makes a dispatcher, loads the program as an extension of that one, and is refused by the kernel (ENODEV).
 * From then on the program can be put into any dispatcher. Returns a negative errno when the kernel did not take the program.
 * @param messages takes what libxdp says; libbpf's are captured already
 * @throws RuntimeError PKT6120, PKT6121
 */
export function loadDispatched(
  libbpf: Libbpf,
  libc: Libc,
  object: Pointer,
  { priority, root }: DispatcherOptions,
  messages: string[],
): DispatchedProgram | number {
  const libxdp = openLibxdp();
  return captureMessages(libxdp, libc, messages, () => {
    const handle = libxdp.program_from_object(object);
    const error = libxdp.error_of(handle);
    if (handle === null || error < 0) return error || -errnoNumber('ENOMEM');
    const close = () => libxdp.program_close(handle);
    libxdp.set_run_prio(handle, priority);
    if (!kernelOlderThan(5, 18)) libxdp.set_frags?.(handle, true);
    const result = libxdp.attach(handle, NOWHERE, XDP_MODE_SKB);
    const refused = result === -errnoNumber('ENODEV');
    if (refused && typeOf(libbpf, libxdp.program_fd(handle)) === BPF_PROG_TYPE_EXT) return { libxdp, handle, root, close };
    close();
    const reason = reasonIn(messages);
    // Where no dispatcher can be, libxdp attaches programs alone.
    if (refused || reason !== '') throw noDispatcher(reason, messages);
    return result < 0 ? result : -errnoNumber('EINVAL');
  });
}

function typeOf(libbpf: Libbpf, fd: number): number | null {
  const info = allocate(PROGRAM_INFO);
  return libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length])) < 0 ? null : info.get('type');
}

/** libxdp tries whether the kernel can, and says why not; else what it lacks itself. */
function reasonIn(messages: readonly string[]): string {
  const reason = messages
    .map(withoutPrefix)
    .find((message) =>
      /^(?:Compatibility check|Can't use dispatcher|Couldn't open BPF file|Failed to load dispatcher)/.test(message),
    );
  return reason === undefined ? '' : `: ${reason}`;
}

/**
 * What a verifier's log means for a program that was to be called by a dispatcher; null: nothing that is about dispatchers. Answers to rejected packets
 * are written over them, so such a program changes where packets end, and newer kernels want what it stands for to do so, too (kernel/bpf/verifier.c,
 * `changes_pkt_data`). The dispatcher of libxdp does since May 2025 (pull request 509).
 */
export function dispatcherRejection(verifierLog: string): RuntimeError | null {
  if (!verifierLog.includes('Extension program changes packet data')) return null;
  return new RuntimeError('PKT6121', 'the dispatcher of this libxdp and this kernel take no programs that reject packets', {
    help: 'write `drop` instead of `reject`, use `--hook tc ingress`, or install a newer libxdp',
    verifierLog,
  });
}

function noDispatcher(reason: string, messages: readonly string[]): RuntimeError {
  return new RuntimeError('PKT6121', `there can be no XDP dispatcher on this machine${reason}`, {
    help: 'leave `--dispatcher` out, or use `--hook tc ingress`; `pktc explain PKT6121` has what it takes',
    libbpfLog: messages.join('\n'),
  });
}

/** `libxdp: ` is ahead of what it says. */
export function withoutPrefix(message: string): string {
  return message.replace(/^\s*libxdp:\s*/, '');
}
