/** A network namespace with an interface that packets come in on; gone when the bench ends, however it ends. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import koffi from 'koffi';
import { AF_INET, errnoName, LITTLE_ENDIAN, openLibc, SOCK_CLOEXEC, SOCK_DGRAM, stableMemory } from '../runtime/ffi/libc.ts';
import { RECEIVER_MAC } from './packet.ts';

export interface Receiver {
  /** Name of the namespace. */
  readonly namespace: string;
  readonly ifname: string;
  readonly ifindex: number;
  /** Runs `work`, which must not be async, with this process inside. */
  run<T>(work: () => T): T;
  /** Output of a command inside. @param input what it reads. @throws Error with what it said */
  exec(command: string, parameters: readonly string[], input?: string): string;
  /** IP packets that came past the hooks for incoming ones. */
  delivered(): number;
  close(): void;
}

const CLONE_NEWNET = 0x40000000;
const IFNAME = 'receiver';

/** @param label part of its name */
export function openReceiver(label: string): Receiver {
  removeStale();
  const name = `pktcbench-${process.pid}-${label}`;
  const close = () => {
    spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' });
    process.off('exit', close);
  };
  process.once('exit', close);
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'add', IFNAME, 'address', RECEIVER_MAC, 'type', 'veth', 'peer', 'name', 'sender');
  for (const link of [IFNAME, 'sender']) ip('-n', name, 'link', 'set', link, 'addrgenmode', 'none', 'up');
  const run = enterNamespace(name);
  const exec = (command: string, parameters: readonly string[], input = '') =>
    run(() => execFileSync(command, [...parameters], { encoding: 'utf8', input, stdio: 'pipe', maxBuffer: 1 << 26 }));
  // Without it a veth has no receive queue for frames that XDP could have handled (drivers/net/veth.c).
  run(() => turnOnGro(IFNAME));
  const [link] = JSON.parse(exec('ip', ['-j', 'link', 'show', 'dev', IFNAME])) as { ifindex: number }[];
  return { namespace: name, ifname: IFNAME, ifindex: link?.ifindex ?? 0, run, exec, delivered: () => run(delivered), close };
}

/** Those of benches that were killed. */
function removeStale(): void {
  const listed = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout ?? '';
  for (const [name = '', pid] of listed.matchAll(/^pktcbench-(\d+)-\w+/gm)) {
    if (Number(pid) === process.pid || existsSync(`/proc/${pid}`)) continue;
    spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' });
  }
}

function ip(...parameters: readonly string[]): void {
  execFileSync('ip', [...parameters], { stdio: 'pipe' });
}

/** include/uapi/linux/ethtool.h, sockios.h */
const SIOCETHTOOL = 0x8946;
const ETHTOOL_SGRO = 0x2c;

function turnOnGro(ifname: string): void {
  const libc = openLibc();
  const value = stableMemory(8);
  new Uint32Array(value.bytes.buffer).set([ETHTOOL_SGRO, 1]);
  // struct ifreq: a name of 16 bytes, then a union of 24
  const request = new Uint8Array(40);
  request.set(Buffer.from(ifname));
  new DataView(request.buffer).setBigUint64(16, value.address, LITTLE_ENDIAN);
  const fd = libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const result = libc.ioctl(fd, SIOCETHTOOL, request);
  const errno = libc.errno();
  libc.close(fd);
  if (result < 0) throw new Error(`GRO on ${ifname}: ${errnoName(errno)}`);
}

/** InDelivers of both versions: packets that were not dropped on the way (net/ipv4/proc.c, net/ipv6/proc.c). */
function delivered(): number {
  const [names = '', values = ''] = readFileSync('/proc/self/net/snmp', 'utf8').split('\n');
  const four = Number(values.split(' ')[names.split(' ').indexOf('InDelivers')]);
  const six = Number(/^Ip6InDelivers\s+(\d+)/m.exec(readFileSync('/proc/self/net/snmp6', 'utf8'))?.[1] ?? 0);
  return four + six;
}

/** Runs what it is given, which must not be async, with the calling thread in that namespace. */
export function enterNamespace(name: string): <T>(work: () => T) => T {
  const setns: (fd: number, type: number) => number = koffi.load(null).func('int setns(int, int)');
  const go = (fd: number) => {
    if (setns(fd, CLONE_NEWNET) !== 0) throw new Error(`setns: errno ${koffi.errno()}`);
  };
  return (work) => {
    const home = openSync('/proc/self/ns/net', 'r');
    const there = openSync(`/run/netns/${name}`, 'r');
    try {
      go(there);
      return work();
    } finally {
      go(home);
      closeSync(there);
      closeSync(home);
    }
  };
}
