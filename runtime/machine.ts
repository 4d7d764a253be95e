/** What this machine can do for pktc, asked without changing anything. */
import { existsSync, readFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import { cgroupRoot } from './attach-cgroup.ts';
import { bpfFileSystems } from './bpf-pins.ts';
import { type CapabilityName, effectiveCapabilities, missingCapabilities } from './capabilities.ts';
import { type Libbpf, openLibbpf } from './ffi/libbpf.ts';
import { type Libc, openLibc, RLIM_INFINITY, RLIMIT_MEMLOCK } from './ffi/libc.ts';
import { driverOf, isEthernet, isUp } from './interface-facts.ts';
import { interfaceNames } from './interfaces.ts';
import { kernelOlderThan } from './kernel-version.ts';
import { pinRootProblem } from './pinned/directory.ts';
import { tcxChain } from './tcx-chain.ts';
import { nativeXdp } from './xdp-features.ts';
import { findHolders, type XdpHolder } from './xdp-holder.ts';

export type { CapabilityName } from './capabilities.ts';
export { programsText } from './tcx-chain.ts';
export { describeHolder, wayToHave, type XdpHolder } from './xdp-holder.ts';

/** null stands for what could not be found out. */
export interface MachineReport {
  readonly kernel: {
    readonly release: string;
    readonly arch: string /** 5.9, for XDP links and ring buffers. */;
    readonly supported: boolean;
  };
  /** Types of the kernel itself, `/sys/kernel/btf/vmlinux`. */
  readonly btf: boolean;
  readonly jit: boolean | null;
  /** Whether a process without capabilities may use BPF at all. */
  readonly unprivilegedBpf: boolean | null;
  readonly uid: number;
  readonly capabilities: Readonly<Record<CapabilityName, boolean>> | null;
  /** What this process lacks to load and attach; empty: nothing. */
  readonly missingCapabilities: readonly CapabilityName[];
  /** Where a BPF file system is mounted. Only detached programs need one. */
  readonly bpffs: string | null;
  /** What keeps programs from being detached, and what to do; null: nothing. */
  readonly detaching: { readonly problem: string; readonly help: string | null } | null;
  /** RLIMIT_MEMLOCK of this process; it counts for BPF only before Linux 5.11. `unlimited` is null. */
  readonly memlock_bytes: bigint | null;
  readonly libbpf:
    | { readonly found: true; readonly version: string | null }
    | { readonly found: false; readonly reason: string };
  /** What the hooks besides XDP need. */
  readonly hooks: HookReport;
  readonly interfaces: readonly InterfaceReport[];
}

export interface HookReport {
  /** XDP with frames in several pieces, for MTUs above a page: Linux 5.18. */
  readonly xdpFragments: boolean;
  /** Traffic control through links that end with their process: Linux 6.6. Before, filters of `clsact`. */
  readonly tcx: boolean;
  /** Where control groups of version 2 are mounted. */
  readonly cgroupRoot: string | null;
}

export interface InterfaceReport {
  readonly name: string;
  readonly ifindex: number;
  readonly up: boolean | null;
  readonly driver: string | null;
  /** Whether packets have an Ethernet header there; null: not to be told. */
  readonly ethernet: boolean | null;
  /** Whether the driver runs XDP itself; null: the kernel (before 6.3) does not say. */
  readonly nativeXdp: boolean | null;
  /** Programs that are attached; null: libbpf cannot tell. */
  readonly holders: readonly XdpHolder[] | null;
  /** Programs of traffic control in the order in which they are asked; null: this kernel (before 6.6) has no TCX, or does not say. */
  readonly tcx: { readonly ingress: TcxPrograms; readonly egress: TcxPrograms } | null;
}

export type TcxPrograms = NonNullable<ReturnType<typeof tcxChain>>;

/** Never throws. */
export function inspectMachine(): MachineReport {
  const libc = openLibc();
  const libbpf = findLibbpf();
  return {
    kernel: { release: release(), arch: arch(), supported: !kernelOlderThan(5, 9) },
    btf: existsSync('/sys/kernel/btf/vmlinux'),
    jit: flagIn('/proc/sys/net/core/bpf_jit_enable', (value) => value > 0),
    unprivilegedBpf: flagIn('/proc/sys/kernel/unprivileged_bpf_disabled', (value) => value === 0),
    uid: process.getuid?.() ?? -1,
    capabilities: effectiveCapabilities(),
    missingCapabilities: missingCapabilities(),
    bpffs: bpfFileSystems()[0] ?? null,
    detaching: detachingProblem(),
    memlock_bytes: memoryLimit(libc),
    libbpf: typeof libbpf === 'string' ? { found: false, reason: libbpf } : { found: true, version: libbpf.version },
    hooks: { xdpFragments: !kernelOlderThan(5, 18), tcx: !kernelOlderThan(6, 6), cgroupRoot: cgroupRoot() },
    interfaces: inspectInterfaces(libc, typeof libbpf === 'string' ? null : libbpf),
  };
}

/** The library, or why not. */
function findLibbpf(): Libbpf | string {
  try {
    return openLibbpf();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function inspectInterfaces(libc: Libc, libbpf: Libbpf | null): readonly InterfaceReport[] {
  const interfaces = interfaceNames()
    .map((name) => ({ name, ifindex: libc.if_nametoindex(name) }))
    .filter(({ ifindex }) => ifindex !== 0);
  const native = nativeXdp(
    libc,
    interfaces.map(({ ifindex }) => ifindex),
  );
  return interfaces.map(({ name, ifindex }) => ({
    name,
    ifindex,
    up: isUp(libc, name),
    driver: driverOf(libc, name),
    ethernet: isEthernet(libc, name),
    nativeXdp: native.get(ifindex) ?? null,
    holders: libbpf && findHolders(libbpf, ifindex),
    tcx: libbpf && tcxOf(libbpf, libc, ifindex),
  }));
}

function tcxOf(libbpf: Libbpf, libc: Libc, ifindex: number): InterfaceReport['tcx'] {
  const ingress = tcxChain(libbpf, libc, ifindex, 'tc ingress');
  const egress = tcxChain(libbpf, libc, ifindex, 'tc egress');
  return ingress === null || egress === null ? null : { ingress, egress };
}

function detachingProblem(): MachineReport['detaching'] {
  const problem = pinRootProblem(process.env);
  return problem && { problem: problem.message, help: problem.help };
}

function memoryLimit(libc: Libc): bigint | null {
  const limit = new BigUint64Array(2);
  if (libc.getrlimit(RLIMIT_MEMLOCK, limit) !== 0) return null;
  return limit[0] === RLIM_INFINITY ? null : (limit[0] ?? null);
}

function flagIn(path: string, meaning: (value: number) => boolean): boolean | null {
  const text = readText(path)?.trim();
  return text !== undefined && /^\d+$/.test(text) ? meaning(Number(text)) : null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
