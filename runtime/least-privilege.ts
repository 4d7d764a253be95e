/** A process that has attached its programs gives up what it needed for that (capabilities(7), seccomp(2), PR_SET_NO_NEW_PRIVS). */
import type { AttachedMode } from './attachment.ts';
import { type CapabilityName, capabilityBit, permittedCapabilities } from './capabilities.ts';
import { errnoName, type Libc, openLibc, stableMemory } from './ffi/libc.ts';
import { kernelOlderThan } from './kernel-version.ts';
import { systemCallFilter } from './system-call-filter.ts';

export interface LeastPrivilege {
  /** What the thread that runs JavaScript keeps, and every thread that it starts from now on. */
  readonly kept: readonly CapabilityName[];
  /** What could not be given up, and why; empty: it is all as `docs/security.md` says. */
  readonly refused: readonly string[];
}

/** include/uapi/linux/prctl.h */
const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
/** include/uapi/linux/capability.h */
const CAPABILITY_VERSION_3 = 0x2008_0522;
const CAP_SETPCAP = 8;
/** include/uapi/linux/seccomp.h */
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_TSYNC = 1;
/** struct sock_fprog: the number of instructions, and their address. */
const PROGRAM_BYTES = 16;

/**
 * For good: nothing can be loaded or attached afterwards. Counters, events and what programs are attached to stay readable, and
 * detaching goes on working, as the descriptors for it are open.
 *
 * Capabilities are each thread's own, and the kernel has no call that takes them from another one. So the thread that calls this loses
 * them, and with it the threads that it starts later; those that Node has started before keep theirs. What holds for those as well is
 * the filter of system calls, and that no program gains privileges: seccomp's TSYNC gives both to every thread at once.
 *
 * @param makesFiles in a directory that may be somebody else's, as root does
 */
export function takeLeastPrivilege(modes: readonly AttachedMode[], { makesFiles = false } = {}): LeastPrivilege {
  const libc = openLibc();
  const refused: string[] = [];
  const attempt = (what: string, result: number) => {
    if (result !== 0) refused.push(`${what} (${result < 0 ? errnoName(libc.errno()) : `thread ${result}`})`);
  };
  const permitted = permittedCapabilities() ?? 0n;
  const kept = neededAfterwards(modes, makesFiles, permitted).filter((name) => has(permitted, name));
  if (permitted !== 0n) {
    dropBoundingSet(libc, kept, permitted, attempt);
    attempt('ambient capabilities', libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    attempt('capabilities', setCapabilities(libc, kept));
  }
  attempt('no new privileges', libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  filterSystemCalls(libc, refused, attempt);
  return { kept, refused };
}

/** Filters of `clsact` are taken off through netlink; before Linux 5.19 bpf(2) asks for a capability even for one's own maps. */
function neededAfterwards(modes: readonly AttachedMode[], makesFiles: boolean, permitted: bigint): readonly CapabilityName[] {
  const forMaps: CapabilityName = has(permitted, 'CAP_BPF') ? 'CAP_BPF' : 'CAP_SYS_ADMIN';
  return [
    ...(makesFiles ? (['CAP_DAC_OVERRIDE'] as const) : []),
    ...(modes.includes('clsact') ? (['CAP_NET_ADMIN'] as const) : []),
    ...(kernelOlderThan(5, 19) ? [forMaps] : []),
  ];
}

function has(set: bigint, name: CapabilityName): boolean {
  return hasBit(set, capabilityBit(name));
}

function hasBit(set: bigint, bit: number): boolean {
  return ((set >> BigInt(bit)) & 1n) === 1n;
}

type Attempt = (what: string, result: number) => void;

/** Without CAP_SETPCAP it stays, and is worth nothing: no program that this process could start gains anything. */
function dropBoundingSet(libc: Libc, kept: readonly CapabilityName[], permitted: bigint, attempt: Attempt): void {
  if (!hasBit(permitted, CAP_SETPCAP)) return;
  const keep = new Set(kept.map(capabilityBit));
  for (let bit = 0; libc.prctl(PR_CAPBSET_READ, bit, 0, 0, 0) >= 0; bit++) {
    if (!keep.has(bit)) attempt(`capability ${bit} of the bounding set`, libc.prctl(PR_CAPBSET_DROP, bit, 0, 0, 0));
  }
}

function setCapabilities(libc: Libc, kept: readonly CapabilityName[]): number {
  const header = new Uint32Array([CAPABILITY_VERSION_3, 0]);
  const data = new Uint32Array(6);
  for (const bit of kept.map(capabilityBit)) {
    const word = (bit >> 5) * 3;
    const mask = (1 << (bit & 31)) >>> 0;
    // Effective and permitted; inheritable stays empty.
    data[word] = ((data[word] ?? 0) | mask) >>> 0;
    data[word + 1] = ((data[word + 1] ?? 0) | mask) >>> 0;
  }
  return libc.capset(header, data);
}

function filterSystemCalls(libc: Libc, refused: string[], attempt: Attempt): void {
  const filter = systemCallFilter(process.arch);
  if (filter === null) {
    refused.push(`filter of system calls (not known for ${process.arch})`);
    return;
  }
  const instructions = stableMemory(filter.program.length);
  instructions.bytes.set(filter.program);
  const program = new DataView(new ArrayBuffer(PROGRAM_BYTES));
  program.setUint16(0, filter.instructions, true);
  program.setBigUint64(8, instructions.address, true);
  const bytes = new Uint8Array(program.buffer);
  attempt('filter of system calls', libc.syscall(filter.seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, bytes));
}
