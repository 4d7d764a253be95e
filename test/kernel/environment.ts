/**
 * What a test in the kernel needs: the privilege, a network of its own, frames and connections in it. Traffic stays in
 * namespaces that the test made, and they are gone when it ends, however it ends.
 */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import koffi from 'koffi';
import { describe, test } from 'vitest';
import { missingCapabilities } from '../../runtime/capabilities.ts';
import { openLibbpf } from '../../runtime/ffi/libbpf.ts';
import { kernelOlderThan } from '../../runtime/kernel-version.ts';

/** Like `describe`. Without what it takes it skips and says why, or fails when PKTC_REQUIRE_KERNEL=1. */
export function describeKernel(name: string, body: () => void): void {
  const lacking = whatIsLacking();
  if (lacking === null) {
    describe(name, body);
  } else if (process.env.PKTC_REQUIRE_KERNEL === '1') {
    describe(name, () => {
      test('has the kernel that PKTC_REQUIRE_KERNEL=1 asks for', () => {
        throw new Error(lacking);
      });
    });
  } else {
    console.warn(`skipped: ${name}: ${lacking}`);
    describe.skip(`${name} (${lacking})`, body);
  }
}

function whatIsLacking(): string | null {
  if (process.platform !== 'linux') return 'not Linux';
  if (kernelOlderThan(5, 9)) return 'the kernel is older than 5.9';
  const missing = missingCapabilities();
  if (missing.length > 0) return `${missing.join(', ')} missing: run as root`;
  for (const [command, argument] of [
    ['ip', '-V'],
    ['clang', '--version'],
    ['setpriv', '--version'],
  ] as const) {
    try {
      execFileSync(command, [argument], { stdio: 'pipe' });
    } catch {
      return `\`${command}\` is not installed`;
    }
  }
  try {
    openLibbpf();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return null;
}

export interface Namespace {
  readonly name: string;
  /** Runs `work`, which must not be async, with this process inside. Sockets and children made there stay there. */
  run<T>(work: () => T): T;
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess;
  /** Output of a command that ends by itself. */
  exec(command: string, args: readonly string[]): string;
}

export interface NetworkEnd extends Namespace {
  readonly ifname: string;
  readonly ifindex: number;
  /** Colon-separated. */
  readonly mac: string;
}

export interface Network {
  /** Where the program under test is attached, to `ifname`. */
  readonly near: NetworkEnd;
  /** Where the traffic comes from. */
  readonly far: NetworkEnd;
}

export interface NetworkOptions {
  /** Addresses with prefix length, `10.0.0.1/8`. Default: one of each family. */
  readonly near?: readonly string[];
  readonly far?: readonly string[];
}

export const NEAR_ADDRESSES = ['10.0.0.1/8', 'fd00::1/64'] as const;
export const FAR_ADDRESSES = ['10.0.0.2/8', 'fd00::2/64'] as const;

const LIBC = koffi.load(null);
const setns: (fd: number, type: number) => number = LIBC.func('int setns(int, int)');
const CLONE_NEWNET = 0x40000000;

/** Two namespaces joined by a veth pair. */
export async function withNetwork(
  work: (network: Network) => Promise<void> | void,
  options: NetworkOptions = {},
): Promise<void> {
  await withNamespaces(2, async ([near, far]) => {
    if (near === undefined || far === undefined) throw new Error('two namespaces were asked for');
    const names = { near: `pktc${process.pid}n`, far: `pktc${process.pid}f` };
    ip('-n', near.name, 'link', 'add', names.near, 'type', 'veth', 'peer', 'name', names.far, 'netns', far.name);
    const ends = { near: endOf(near, names.near), far: endOf(far, names.far) };
    for (const [end, addresses] of [
      [ends.near, options.near ?? NEAR_ADDRESSES],
      [ends.far, options.far ?? FAR_ADDRESSES],
    ] as const) {
      // No link-local address: neighbour discovery and multicast reports would come on top of what the test sends.
      ip('-n', end.name, 'link', 'set', end.ifname, 'addrgenmode', 'none');
      for (const address of addresses) {
        ip('-n', end.name, 'address', 'add', address, 'dev', end.ifname, ...(address.includes(':') ? ['nodad'] : []));
      }
      ip('-n', end.name, 'link', 'set', end.ifname, 'up');
      ip('-n', end.name, 'link', 'set', 'lo', 'up');
    }
    await eventually('both ends send', () => [ends.near, ends.far].every(sends));
    await work(ends);
  });
}

/** Without IPv6 addresses, for which the kernel sends reports: for tests that count packets to the last one. */
export const withIpv4Network = (work: (network: Network) => Promise<void> | void): Promise<void> =>
  withNetwork(work, { near: ['10.0.0.1/8'], far: ['10.0.0.2/8'] });

/** Empty namespaces, loopback down. */
export async function withNamespaces(
  count: number,
  work: (namespaces: readonly Namespace[]) => Promise<void> | void,
): Promise<void> {
  removeStaleNamespaces();
  const names: string[] = [];
  const remove = () => {
    for (const name of names.splice(0)) removeNamespace(name);
  };
  // A test that is cut off never reaches `finally`.
  process.once('exit', remove);
  try {
    for (let index = 0; index < count; index++) {
      const name = `pktc-${process.pid}-${index}`;
      ip('netns', 'add', name);
      names.push(name);
    }
    await work(names.map(namespaceOf));
  } finally {
    remove();
    process.off('exit', remove);
  }
}

/** Those of test processes that are dead. */
function removeStaleNamespaces(): void {
  for (const name of listNamespaces()) {
    const pid = /^pktc-(\d+)-\d+$/.exec(name)?.[1];
    if (pid === undefined || Number(pid) === process.pid) continue;
    try {
      process.kill(Number(pid), 0);
    } catch {
      removeNamespace(name);
    }
  }
}

function listNamespaces(): readonly string[] {
  try {
    return readdirSync('/run/netns');
  } catch {
    return [];
  }
}

function removeNamespace(name: string): void {
  try {
    ip('netns', 'delete', name);
  } catch {
    console.warn(`network namespace ${name} could not be removed`);
  }
}

/** `ip` with its arguments; what it says on stderr is in the exception. */
export function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function namespaceOf(name: string): Namespace {
  const run = <T>(work: () => T): T => {
    const home = openSync('/proc/self/ns/net', 'r');
    const there = openSync(`/run/netns/${name}`, 'r');
    try {
      enter(there);
      return work();
    } finally {
      enter(home);
      closeSync(there);
      closeSync(home);
    }
  };
  return {
    name,
    run,
    spawn: (command, args, options) => run(() => spawn(command, args, options)),
    exec: (command, args) => run(() => execFileSync(command, args, { encoding: 'utf8' })),
  };
}

function enter(fd: number): void {
  if (setns(fd, CLONE_NEWNET) !== 0) throw new Error(`setns: errno ${koffi.errno()}`);
}

function endOf(namespace: Namespace, ifname: string): NetworkEnd {
  const [link] = JSON.parse(ip('-n', namespace.name, '-j', 'link', 'show', 'dev', ifname)) as {
    ifindex: number;
    address: string;
  }[];
  if (link === undefined) throw new Error(`no interface ${ifname}`);
  return { ...namespace, ifname, ifindex: link.ifindex, mac: link.address };
}

/** The end that was first has its carrier with the other one, and drops what it sends until a thread of the kernel has seen it (net/core/link_watch.c). */
function sends({ name, ifname }: NetworkEnd): boolean {
  const [link] = JSON.parse(ip('-n', name, '-j', 'link', 'show', 'dev', ifname)) as { qdisc: string }[];
  return link?.qdisc !== 'noop';
}

/** Sends frames as they are (packet(7)). */
export interface Injector {
  send(frame: Uint8Array): void;
  close(): void;
}

const AF_PACKET = 17;
const SOCK_RAW = 3;
const socket: (domain: number, type: number, protocol: number) => number = LIBC.func('int socket(int, int, int)');
const bind: (fd: number, address: Uint8Array, length: number) => number = LIBC.func('int bind(int, void *, uint32_t)');
const send: (fd: number, data: Uint8Array, length: number, flags: number) => number = LIBC.func(
  'int64_t send(int, void *, size_t, int)',
);
const ENOBUFS = koffi.os.errno.ENOBUFS;

/** Puts frames on the wire at the far end, so that they come in at the near one. */
export function openInjector(end: NetworkEnd): Injector {
  const fd = end.run(() => socket(AF_PACKET, SOCK_RAW, 0));
  if (fd < 0) throw new Error(`socket: errno ${koffi.errno()}`);
  // struct sockaddr_ll: family, protocol, ifindex and twelve bytes that a sender leaves out
  const address = new DataView(new ArrayBuffer(20));
  address.setUint16(0, AF_PACKET, true);
  address.setInt32(4, end.ifindex, true);
  if (bind(fd, new Uint8Array(address.buffer), address.byteLength) !== 0) throw new Error(`bind: errno ${koffi.errno()}`);
  return {
    send(frame) {
      while (send(fd, frame, frame.length, 0) < 0) {
        if (koffi.errno() !== ENOBUFS) throw new Error(`send: errno ${koffi.errno()}`);
      }
    },
    close: () => closeSync(fd),
  };
}

/** Waits until something holds, looking every few milliseconds; fails with what it was waiting for. */
export async function eventually(what: string, holds: () => boolean, timeout_ms = 10_000): Promise<void> {
  const end = Date.now() + timeout_ms;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited ${timeout_ms} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The program that `ip` sees on an interface; null: none. It is the kernel's word, not ours. */
export function xdpProgramId(end: NetworkEnd): number | null {
  const [link] = JSON.parse(ip('-n', end.name, '-j', 'link', 'show', 'dev', end.ifname)) as {
    xdp?: { prog?: { id?: number } };
  }[];
  return link?.xdp?.prog?.id ?? null;
}

/** What this process holds open in the kernel, to see that a close closed it: `anon_inode:bpf-prog` and the like. */
export function openBpfDescriptors(): readonly string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return '';
      }
    })
    .filter((target) => /bpf|btf/.test(target));
}
