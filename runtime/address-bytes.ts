/** Addresses from text to bytes: of the environment, of the system's lists. */
import { isIPv4, isIPv6 } from 'node:net';
import { ipv4Text, ipv6Text } from './address-text.ts';

const MAPPED_PREFIX: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** 4 or 16 bytes in network order, an IPv4-mapped IPv6 address as its 4; a zone (`%eth0`) does not count. null: not an address. */
export function addressBytes(text: string): Uint8Array | null {
  if (isIPv4(text)) return Uint8Array.from(text.split('.').map(Number));
  if (!isIPv6(text)) return null;
  const [head = '', tail] = text.replace(/%.*$/s, '').split('::');
  const before = groupsOf(head);
  const behind = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<number>(16 - before.length - behind.length).fill(0);
  return unmapped(Uint8Array.from([...before, ...zeros, ...behind]));
}

/** An IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) as the IPv4 address that is on the wire. */
export function unmapped(bytes: Uint8Array): Uint8Array {
  return bytes.length === 16 && MAPPED_PREFIX.every((byte, at) => bytes[at] === byte) ? bytes.slice(12) : bytes;
}

/** Of 4 or 16 bytes. */
export function addressText(bytes: Uint8Array): string {
  return bytes.length === 4 ? ipv4Text(bytes, 0) : ipv6Text(bytes, 0);
}

/** Bytes of the groups of an IPv6 address, the last of which may be dotted. */
function groupsOf(text: string): readonly number[] {
  return text
    .split(':')
    .filter((group) => group !== '')
    .flatMap((group) => {
      if (group.includes('.')) return group.split('.').map(Number);
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    });
}
