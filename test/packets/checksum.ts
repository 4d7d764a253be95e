/** Checksums of RFC 1071 put into frames that are otherwise right. */

const ICMP = 1;
const UDP = 17;
const FRAGMENT = 44;
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, FRAGMENT, 60]);
/** Where the checksum stands in the header of each protocol. */
const PLACES: ReadonlyMap<number, number> = new Map([
  [ICMP, 2],
  [6, 16],
  [UDP, 6],
  [58, 2],
]);

/** The complemented sum of 16-bit words; an odd byte is the upper one of its word. */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export interface ChecksumOptions {
  /** Of the transport layer: the sum of the pseudo header alone, for a network card to complete (CHECKSUM_PARTIAL). */
  readonly partial?: boolean;
}

/** The frame with the checksums of its IP header and of TCP, UDP, ICMP or ICMPv6; later fragments and others are left alone. */
export function withChecksums(frame: Uint8Array, { partial = false }: ChecksumOptions = {}): Uint8Array {
  const bytes = Buffer.from(frame);
  let network = 12;
  while ([0x8100, 0x88a8, 0x9100].includes(bytes.readUInt16BE(network))) network += 4;
  const type = bytes.readUInt16BE(network);
  network += 2;
  if (type === 0x0800) {
    const header = bytes.subarray(network, network + 4 * ((bytes[network] ?? 0) & 15));
    header.writeUInt16BE(0, 10);
    header.writeUInt16BE(internetChecksum(header), 10);
    const end = network + header.readUInt16BE(2);
    if ((header.readUInt16BE(6) & 0x3fff) === 0)
      fill(bytes, network + header.length, end, header[9] ?? 0, header.subarray(12, 20), partial);
  } else if (type === 0x86dd) {
    const end = network + 40 + bytes.readUInt16BE(network + 4);
    let next = bytes[network + 6] ?? 0;
    let at = network + 40;
    while (EXTENSIONS.has(next)) {
      if (next === FRAGMENT) return bytes;
      next = bytes[at] ?? 0;
      at += ((bytes[at + 1] ?? 0) + 1) * 8;
    }
    fill(bytes, at, end, next, bytes.subarray(network + 8, network + 40), partial);
  }
  return bytes;
}

function fill(frame: Buffer, at: number, end: number, proto: number, addresses: Buffer, partial: boolean): void {
  const place = PLACES.get(proto);
  if (place === undefined) return;
  const message = frame.subarray(at, end);
  if (message.length < place + 2) return;
  const pseudo = Buffer.from([0, proto, message.length >> 8, message.length & 0xff]);
  const parts = proto === ICMP ? [] : [addresses, pseudo];
  message.writeUInt16BE(0, place);
  const sum = partial ? ~internetChecksum(...parts) & 0xffff : internetChecksum(...parts, message);
  message.writeUInt16BE(sum === 0 && proto === UDP ? 0xffff : sum, place);
}
