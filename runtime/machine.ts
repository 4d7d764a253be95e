/** What this machine can do for pktc, asked without changing anything. */
import { existsSync, readFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import { type CapabilityName, effectiveCapabilities, missingCapabilities } from './capabilities.ts';
import { type Libbpf, openLibbpf } from './ffi/libbpf.ts';
import {
  AF_INET,
  type Libc,
  openLibc,
  RLIM_INFINITY,
  RLIMIT_MEMLOCK,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  stableMemory,
} from './ffi/libc.ts';
import { interfaceNames } from './interfaces.ts';
import { kernelOlderThan } from './kernel-version.ts';
import { nativeXdp } from './xdp-features.ts';
import { findHolders, type XdpHolder } from './xdp-holder.ts';

export type { CapabilityName } from './capabilities.ts';
export type { XdpHolder } from './xdp-holder.ts';

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
  /** Where a BPF file system is mounted. pktc itself needs none. */
  readonly bpffs: string | null;
  /** RLIMIT_MEMLOCK of this process; it counts for BPF only before Linux 5.11. `unlimited` is null. */
  readonly memlock_bytes: bigint | null;
  readonly libbpf:
    | { readonly found: true; readonly version: string | null }
    | { readonly found: false; readonly reason: string };
  readonly interfaces: readonly InterfaceReport[];
}

export interface InterfaceReport {
  readonly name: string;
  readonly ifindex: number;
  readonly up: boolean | null;
  readonly driver: string | null;
  /** Whether the driver runs XDP itself; null: the kernel (before 6.3) does not say. */
  readonly nativeXdp: boolean | null;
  /** Programs that are attached; null: libbpf cannot tell. */
  readonly holders: readonly XdpHolder[] | null;
}

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
    bpffs: bpffsMount(),
    memlock_bytes: memoryLimit(libc),
    libbpf: typeof libbpf === 'string' ? { found: false, reason: libbpf } : { found: true, version: libbpf.version },
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
    nativeXdp: native.get(ifindex) ?? null,
    holders: libbpf && findHolders(libbpf, ifindex),
  }));
}

/** include/uapi/linux/sockios.h, if.h, ethtool.h */
const SIOCGIFFLAGS = 0x8913;
const SIOCETHTOOL = 0x8946;
const IFF_UP = 1;
const ETHTOOL_GDRVINFO = 3;
const DRVINFO_BYTES = 196;
const IFREQ_BYTES = 40;
const IFNAME_BYTES = 16;

function isUp(libc: Libc, ifname: string): boolean | null {
  const request = interfaceRequest(ifname);
  if (!control(libc, SIOCGIFFLAGS, request)) return null;
  return (new Uint16Array(request.buffer, IFNAME_BYTES, 1)[0] ?? 0) % 2 === IFF_UP;
}

function driverOf(libc: Libc, ifname: string): string | null {
  const info = stableMemory(DRVINFO_BYTES);
  new Uint32Array(info.bytes.buffer, 0, 1)[0] = ETHTOOL_GDRVINFO;
  const request = interfaceRequest(ifname);
  new BigUint64Array(request.buffer, IFNAME_BYTES, 1)[0] = info.address;
  if (!control(libc, SIOCETHTOOL, request)) return null;
  return Buffer.from(info.bytes.subarray(4, 36)).toString('latin1').replace(/\0.*$/s, '') || null;
}

/** struct ifreq */
function interfaceRequest(ifname: string): Uint8Array {
  const request = new Uint8Array(new ArrayBuffer(IFREQ_BYTES));
  request.set(Buffer.from(ifname).subarray(0, IFNAME_BYTES - 1));
  return request;
}

function control(libc: Libc, request: number, argument: Uint8Array): boolean {
  const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const result = libc.ioctl(fd, request, argument);
  libc.close(fd);
  return result === 0;
}

function memoryLimit(libc: Libc): bigint | null {
  const limit = new BigUint64Array(2);
  if (libc.getrlimit(RLIMIT_MEMLOCK, limit) !== 0) return null;
  return limit[0] === RLIM_INFINITY ? null : (limit[0] ?? null);
}

function bpffsMount(): string | null {
  return /^\S+ (\S+) bpf /m.exec(readText('/proc/self/mounts') ?? '')?.[1] ?? null;
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
