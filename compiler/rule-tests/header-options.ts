/** IPv4 options, TCP options and IPv6 extension headers of test packets, each in its smallest valid form. */
import { integer, joined, padded } from './frame-bytes.ts';

/** Room behind the fixed part of an IPv4 or TCP header, in bytes. */
export const OPTION_BYTES_MAX = 40;

export const MSS_KIND = 2;
const DEFAULT_MSS = 1460;

/** Bytes behind kind and length; a kind that is not here has none (IANA IP option numbers; RFC 791, RFC 2113). */
const IPV4_OPTION_DATA: Readonly<Record<number, readonly number[]>> = {
  // record route: the pointer stands at one empty slot
  7: [4, 0, 0, 0, 0],
  68: [5, 0, 0, 0, 0, 0],
  130: [0, 0, 0, 0, 0, 0, 0, 0, 0],
  // source routes that have been followed to their end, so that the destination is the last one
  131: [8, 0, 0, 0, 0],
  136: [0, 1],
  137: [8, 0, 0, 0, 0],
  148: [0, 0],
};

/** IANA TCP option kinds; RFC 9293, RFC 7323, RFC 2018, RFC 2385, RFC 5482, RFC 5925, RFC 8684. */
const TCP_OPTION_DATA: Readonly<Record<number, readonly number[]>> = {
  3: [7],
  5: [0, 0, 0, 1, 0, 0, 0, 2],
  8: [0, 0, 0, 1, 0, 0, 0, 0],
  19: new Array<number>(16).fill(0),
  28: [0, 5],
  29: [1, 1, ...new Array<number>(12).fill(0)],
  30: [0x01, 0x81],
};

/** Kinds 0 and 1 are one byte; the others say how long they are. Padded with zeros (end of options) to a multiple of 4 bytes. */
function optionBytes(kinds: readonly number[], dataOf: (kind: number) => readonly number[]): Uint8Array {
  const options = kinds.map((kind) => {
    if (kind <= 1) return integer(kind, 1);
    const data = dataOf(kind);
    return Uint8Array.of(kind, 2 + data.length, ...data);
  });
  const bytes = joined(...options);
  return padded(bytes, Math.ceil(bytes.length / 4) * 4);
}

export function ipv4Options(kinds: readonly number[]): Uint8Array {
  return optionBytes(kinds, (kind) => IPV4_OPTION_DATA[kind] ?? []);
}

/** @param mss value of the MSS option, which `tcp.mss` adds when `tcp.option` does not list it */
export function tcpOptions(kinds: readonly number[], mss: number | undefined): Uint8Array {
  const all = mss === undefined || kinds.includes(MSS_KIND) ? kinds : [MSS_KIND, ...kinds];
  const dataOf = (kind: number) => (kind === MSS_KIND ? [...integer(mss ?? DEFAULT_MSS, 2)] : (TCP_OPTION_DATA[kind] ?? []));
  return optionBytes(all, dataOf);
}

export const FRAGMENT_HEADER = 44;
const ROUTING = 43;
const AUTHENTICATION = 51;

/** Which part of a datagram a fragment is; `offset` in units of 8 bytes. */
export interface Fragment {
  readonly offset: number;
  readonly more: boolean;
}

/** An extension header and what its next header field is to say (RFC 8200, RFC 4302). */
export function extensionHeader(type: number, next: number, fragment: Fragment): Uint8Array {
  if (type === FRAGMENT_HEADER) {
    const place = (fragment.offset << 3) | (fragment.more ? 1 : 0);
    return joined(Uint8Array.of(next, 0), integer(place, 2), integer(1, 4));
  }
  if (type === AUTHENTICATION) {
    return joined(Uint8Array.of(next, 4, 0, 0), integer(0x100, 4), integer(1, 4), new Uint8Array(12));
  }
  // Routing: type 0, no segments left. The others: four bytes of padding (PadN).
  return type === ROUTING ? Uint8Array.of(next, 0, 0, 0, 0, 0, 0, 0) : Uint8Array.of(next, 0, 1, 4, 0, 0, 0, 0);
}
