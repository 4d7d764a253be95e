/**
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng), in little-endian order and with nanoseconds. A section header comes first, and an
 * interface's description ahead of its first packet; for libpcap all interfaces have the same link type and snap length.
 */

/** What the file says of itself, in its section header. */
export interface SectionInfo {
  readonly application: string;
  readonly comment: string;
}

export interface InterfaceInfo {
  /** null: unknown; then only `description` is there. */
  readonly name: string | null;
  readonly description: string | null;
  /** https://www.tcpdump.org/linktypes.html */
  readonly linkType: number;
  /** Bytes that are captured of a packet at most. */
  readonly snapLength: number;
}

export interface PacketInfo {
  /** Of the section's interfaces, in the order of their descriptions, from 0. */
  readonly interfaceId: number;
  /** Nanoseconds since 1970. */
  readonly time_ns: bigint;
  readonly data: Uint8Array;
  /** Length of the packet in bytes, not less than `data` has. */
  readonly original_len: number;
  readonly direction: 'ingress' | 'egress' | null;
  readonly comment: string;
  readonly verdict: PacketVerdict | null;
}

/** `epb_verdict`: what the program returned to the kernel. */
export interface PacketVerdict {
  readonly by: 'tc' | 'xdp';
  readonly code: number;
}

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

const COMMENT = 1;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const IF_TSRESOL = 9;
const EPB_FLAGS = 2;
const EPB_VERDICT = 7;

const NANOSECONDS = 9;
const INBOUND = 1;
const OUTBOUND = 2;
const VERDICT_TYPES: Readonly<Record<PacketVerdict['by'], number>> = { tc: 1, xdp: 2 };

/** Texts longer than this are cut: a block has a bounded size. */
const LONGEST_TEXT = 1024;

interface Option {
  readonly code: number;
  readonly value: Uint8Array;
}

/** Bytes that a packet takes at most, with the description of its interface. */
export function largestPacket(snapLength: number): number {
  return 256 + padded(snapLength) + 3 * LONGEST_TEXT;
}

export function sectionHeaderBlock({ application, comment }: SectionInfo): Uint8Array {
  const options = [text(COMMENT, comment), text(SHB_USERAPPL, application)];
  return block(SECTION_HEADER, 16, options, (view, at) => {
    view.setUint32(at, BYTE_ORDER_MAGIC, true);
    view.setUint16(at + 4, 1, true);
    // The length of the section is not known ahead.
    view.setBigInt64(at + 8, -1n, true);
  });
}

export function interfaceDescriptionBlock({ name, description, linkType, snapLength }: InterfaceInfo): Uint8Array {
  const options = [
    ...(name === null ? [] : [text(IF_NAME, name)]),
    ...(description === null ? [] : [text(IF_DESCRIPTION, description)]),
    { code: IF_TSRESOL, value: Uint8Array.of(NANOSECONDS) },
  ];
  return block(INTERFACE_DESCRIPTION, 8, options, (view, at) => {
    view.setUint16(at, linkType, true);
    view.setUint32(at + 4, snapLength, true);
  });
}

export function enhancedPacketBlock(packet: PacketInfo): Uint8Array {
  const { data, time_ns, direction, verdict } = packet;
  const options = [
    text(COMMENT, packet.comment),
    ...(direction === null ? [] : [flags(direction)]),
    ...(verdict === null ? [] : [verdictOption(verdict)]),
  ];
  return block(ENHANCED_PACKET, 20 + padded(data.length), options, (view, at, bytes) => {
    view.setUint32(at, packet.interfaceId, true);
    view.setUint32(at + 4, Number(BigInt.asUintN(32, time_ns >> 32n)), true);
    view.setUint32(at + 8, Number(BigInt.asUintN(32, time_ns)), true);
    view.setUint32(at + 12, data.length, true);
    view.setUint32(at + 16, packet.original_len, true);
    bytes.set(data, at + 20);
  });
}

function text(code: number, value: string): Option {
  return { code, value: Buffer.from(value).subarray(0, LONGEST_TEXT) };
}

function flags(direction: 'ingress' | 'egress'): Option {
  return { code: EPB_FLAGS, value: Uint8Array.of(direction === 'ingress' ? INBOUND : OUTBOUND, 0, 0, 0) };
}

function verdictOption({ by, code }: PacketVerdict): Option {
  const value = new Uint8Array(9);
  value[0] = VERDICT_TYPES[by];
  new DataView(value.buffer).setBigInt64(1, BigInt(code), true);
  return { code: EPB_VERDICT, value };
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** @param bodyLength of what `fill` writes; a multiple of 4 */
function block(
  type: number,
  bodyLength: number,
  options: readonly Option[],
  fill: (view: DataView, at: number, bytes: Uint8Array) => void,
): Uint8Array {
  // Each option has four bytes ahead of its value; the last four are the end of the options.
  const optionsLength = options.reduce((sum, { value }) => sum + 4 + padded(value.length), 4);
  const length = 12 + bodyLength + optionsLength;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  fill(view, 8, bytes);
  let at = 8 + bodyLength;
  for (const { code, value } of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  view.setUint32(length - 4, length, true);
  return bytes;
}
