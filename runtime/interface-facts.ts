/** What the kernel says of one network interface, in the network namespace of this process. */
import { readFileSync } from 'node:fs';
import { AF_INET, type Libc, SOCK_CLOEXEC, SOCK_DGRAM, stableMemory } from './ffi/libc.ts';

/** include/uapi/linux/sockios.h, if.h, ethtool.h */
const SIOCGIFFLAGS = 0x8913;
const SIOCGIFHWADDR = 0x8927;
const SIOCETHTOOL = 0x8946;
const SIOCGIFMTU = 0x8921;
const IFF_UP = 1;
const ETHTOOL_GDRVINFO = 3;
const DRVINFO_BYTES = 196;
const IFREQ_BYTES = 40;
const IFNAME_BYTES = 16;

/** null: not to be told. */
export function isUp(libc: Libc, ifname: string): boolean | null {
  const request = interfaceRequest(ifname);
  if (!control(libc, SIOCGIFFLAGS, request)) return null;
  return (new Uint16Array(request.buffer, IFNAME_BYTES, 1)[0] ?? 0) % 2 === IFF_UP;
}

/** Bytes behind the link layer's header that a packet may have; null: not to be told. */
export function mtuOf(libc: Libc, ifname: string): number | null {
  const request = interfaceRequest(ifname);
  if (!control(libc, SIOCGIFMTU, request)) return null;
  return new Int32Array(request.buffer, IFNAME_BYTES, 1)[0] ?? null;
}

/** Name of the driver, as ethtool has it: `veth`, `bridge`, `802.1Q VLAN Support`; null: it does not say. */
export function driverOf(libc: Libc, ifname: string): string | null {
  const info = stableMemory(DRVINFO_BYTES);
  new Uint32Array(info.bytes.buffer, 0, 1)[0] = ETHTOOL_GDRVINFO;
  const request = interfaceRequest(ifname);
  new BigUint64Array(request.buffer, IFNAME_BYTES, 1)[0] = info.address;
  if (!control(libc, SIOCETHTOOL, request)) return null;
  return Buffer.from(info.bytes.subarray(4, 36)).toString('latin1').replace(/\0.*$/s, '') || null;
}

/** include/uapi/linux/if_arp.h */
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;

/** Whether packets have an Ethernet header there, as they have not on a tunnel such as WireGuard's; null: not to be told. */
export function isEthernet(libc: Libc, ifname: string): boolean | null {
  const request = interfaceRequest(ifname);
  if (!control(libc, SIOCGIFHWADDR, request)) return null;
  const [type] = new Uint16Array(request.buffer, IFNAME_BYTES, 1);
  return type === ARPHRD_ETHER || type === ARPHRD_LOOPBACK;
}

/** Whether it is a wireless interface that the kernel lists as one. */
export function isWireless(ifname: string): boolean {
  try {
    return readFileSync('/proc/self/net/wireless', 'utf8')
      .split('\n')
      .some((line) => line.trimStart().startsWith(`${ifname}:`));
  } catch {
    return false;
  }
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
