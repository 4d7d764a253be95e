/** XDP on an interface, through a BPF link. */
import { type Attachment, attachmentOf, linkHold } from './attachment.ts';
import { allocate, BPF_XDP, LINK_OPTIONS, XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE } from './ffi/libbpf.ts';
import { errnoName, errnoNumber } from './ffi/libc.ts';
import { goneError } from './gone-error.ts';
import { driverOf, isWireless, mtuOf } from './interface-facts.ts';
import { kernelOlderThan } from './kernel-version.ts';
import type { LoadedProgram } from './load.ts';
import { privilegeError } from './load-error.ts';
import { RuntimeError } from './runtime-error.ts';
import { describeHolder, findHolder, findHolders, waysRound, type XdpHolder } from './xdp-holder.ts';
import { withoutSending } from './xdp-sending.ts';

/** `native` runs in the driver, `generic` behind it, slower, everywhere; `auto` is native where the driver can. */
export type AttachMode = 'native' | 'generic' | 'auto';

export interface InterfacePlace {
  readonly ifname: string;
  readonly ifindex: number;
}

/** @throws RuntimeError PKT6005, PKT6007, PKT6011 to PKT6013, PKT6015 */
export function attachXdp(loaded: LoadedProgram, { ifname, ifindex }: InterfacePlace, mode: AttachMode): Attachment {
  const about = { place: ifname, ifname, ifindex };
  const [program] = loaded.programs;
  if (program === undefined) throw new Error('there is no program to attach');
  const silent = mode === 'auto' ? withoutSending(loaded.internals.libc, loaded.manifest, ifname) : null;
  if (silent !== null) {
    const note = `\`${silent}\` sends from native XDP only while its peer has an XDP program: running in generic mode, which is slower`;
    const link = createLink(loaded, ifindex, XDP_FLAGS_SKB_MODE);
    if (link < 0) throw attachError(loaded, { ifname, ifindex }, -link, mode);
    return attachmentOf(loaded, { ...about, mode: 'generic', note }, [linkHold(loaded, link, program)]);
  }
  const first = createLink(loaded, ifindex, mode === 'generic' ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
  if (first >= 0) {
    const chosen = mode === 'generic' ? 'generic' : 'native';
    return attachmentOf(loaded, { ...about, mode: chosen, note: null }, [linkHold(loaded, first, program)]);
  }
  if (mode !== 'auto' || !isDriverRefusal(-first)) throw attachError(loaded, { ifname, ifindex }, -first, mode);
  const second = createLink(loaded, ifindex, XDP_FLAGS_SKB_MODE);
  if (second < 0) throw attachError(loaded, { ifname, ifindex }, -second, mode);
  const note = `${noNative(loaded, ifname, -first)}: running in generic mode, which is slower`;
  return attachmentOf(loaded, { ...about, mode: 'generic', note }, [linkHold(loaded, second, program)]);
}

function createLink(loaded: LoadedProgram, ifindex: number, flags: number): number {
  const options = allocate(LINK_OPTIONS);
  options.set('flags', flags);
  return loaded.internals.libbpf.link_create(loaded.programs[0]?.fd ?? -1, ifindex, BPF_XDP, options.bytes);
}

/** Whether another mode may help. Drivers give many reasons: the MTU, the queues, the memory, or that they know no XDP. */
export function isDriverRefusal(errno: number): boolean {
  return !['EBUSY', 'EEXIST', 'EPERM', 'ENODEV', 'EBADF'].map(errnoNumber).includes(errno);
}

/** Drivers of the kernel's own that never take native XDP, as ethtool names them. */
const WITHOUT_NATIVE: Readonly<Record<string, string>> = {
  bridge: 'a bridge has no native XDP, its ports may have',
  '802.1Q VLAN Support': 'a VLAN interface has no native XDP, the interface below it may have',
};

/** About what a page of 4 KiB leaves to a packet, less headroom and what the kernel keeps behind it. */
const ONE_PAGE_MTU = 3_500;

function noNative({ internals: { libc } }: LoadedProgram, ifname: string, errno: number): string {
  const refused = `\`${ifname}\` does not take native XDP (${errnoName(errno)})`;
  if (ifname === 'lo') return `${refused}, as it has no driver`;
  if (isWireless(ifname)) return `${refused}, as wireless drivers do not`;
  const reason = WITHOUT_NATIVE[driverOf(libc, ifname) ?? ''];
  if (reason !== undefined) return `${refused}; ${reason}`;
  const mtu = mtuOf(libc, ifname) ?? 0;
  // Each driver has a limit and an errno of its own; ERANGE is about nothing else.
  const isLarge = errno === errnoNumber('ERANGE') || (mtu > ONE_PAGE_MTU && errno !== errnoNumber('EOPNOTSUPP'));
  return `the driver of ${refused}${isLarge ? `, most likely for its MTU of ${mtu}` : ''}`;
}

/** The interface is another's. */
export function heldError(holder: XdpHolder | null, ifname: string): RuntimeError {
  return new RuntimeError('PKT6011', `interface \`${ifname}\` already has an XDP program: ${describeHolder(holder)}`, {
    help: waysRound(holder, ifname),
  });
}

function attachError(
  loaded: LoadedProgram,
  { ifname, ifindex }: InterfacePlace,
  errno: number,
  mode: AttachMode,
): RuntimeError {
  const name = errnoName(errno);
  if (name === 'EBUSY' || name === 'EEXIST') {
    const { libbpf } = loaded.internals;
    const holder = findHolder(libbpf, ifindex);
    if (name === 'EEXIST' && findHolders(libbpf, ifindex)?.length === 0) {
      return new RuntimeError('PKT6034', `an interface above \`${ifname}\`, such as its bridge, has an XDP program`, {
        help: `attach to \`${ifname}\` first and to the one above it then, or to one of them alone`,
      });
    }
    return heldError(holder, ifname);
  }
  if (name === 'EPERM') return privilegeError();
  if (kernelOlderThan(5, 9)) return new RuntimeError('PKT6007', 'this kernel is too old: pktc needs Linux 5.9 or later');
  if (name === 'ENODEV') return goneError(ifname);
  if (mode === 'native') {
    return new RuntimeError('PKT6012', noNative(loaded, ifname, errno), {
      help: 'use `--mode generic`, or `--mode auto` to have native where it works',
    });
  }
  return new RuntimeError('PKT6013', `cannot attach to \`${ifname}\` (${name})`, { help: 'run `pktc doctor`' });
}
