/** pcapng as the tests need it: blocks of either byte order, one function a block. */
import { concat } from '../packets/build-packet.ts';

export interface Section {
  readonly littleEndian: boolean;
}

function u16(value: number, { littleEndian }: Section): Uint8Array {
  const bytes = new Uint8Array(2);
  new DataView(bytes.buffer).setUint16(0, value, littleEndian);
  return bytes;
}

function u32(value: number, { littleEndian }: Section): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, littleEndian);
  return bytes;
}

function i64(value: bigint, { littleEndian }: Section): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, littleEndian);
  return bytes;
}

const padded = (bytes: Uint8Array): Uint8Array => concat(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));

export function block(type: number, section: Section, ...body: readonly Uint8Array[]): Uint8Array {
  const content = padded(concat(...body));
  const length = u32(content.length + 12, section);
  return concat(u32(type, section), length, content, length);
}

export function sectionHeader(section: Section, major = 1): Uint8Array {
  return block(0x0a0d0d0a, section, u32(0x1a2b3c4d, section), u16(major, section), u16(0, section), i64(-1n, section));
}

export interface InterfaceOptions {
  readonly linkType?: number;
  readonly snapLength?: number;
  readonly resolution?: number;
  readonly offset_s?: bigint;
}

export function interfaceDescription(section: Section, options: InterfaceOptions = {}): Uint8Array {
  const option = (code: number, value: Uint8Array): Uint8Array =>
    concat(u16(code, section), u16(value.length, section), padded(value));
  return block(
    1,
    section,
    u16(options.linkType ?? 1, section),
    u16(0, section),
    u32(options.snapLength ?? 0, section),
    option(2, new TextEncoder().encode('veth0')),
    ...(options.resolution === undefined ? [] : [option(9, Uint8Array.of(options.resolution))]),
    ...(options.offset_s === undefined ? [] : [option(14, i64(options.offset_s, section))]),
    option(0, new Uint8Array()),
  );
}

export interface PacketFields {
  readonly units: bigint;
  readonly interfaceId?: number;
  readonly originalLength?: number;
}

const time = (units: bigint, section: Section): Uint8Array =>
  concat(u32(Number(units >> 32n), section), u32(Number(units & 0xffffffffn), section));

export function enhancedPacket(section: Section, data: Uint8Array, packet: PacketFields): Uint8Array {
  return block(
    6,
    section,
    u32(packet.interfaceId ?? 0, section),
    time(packet.units, section),
    u32(data.length, section),
    u32(packet.originalLength ?? data.length, section),
    padded(data),
    // An option behind the data: flags.
    u16(2, section),
    u16(4, section),
    u32(1, section),
  );
}

export function obsoletePacket(section: Section, data: Uint8Array, packet: PacketFields): Uint8Array {
  return block(
    2,
    section,
    u16(packet.interfaceId ?? 0, section),
    u16(0, section),
    time(packet.units, section),
    u32(data.length, section),
    u32(packet.originalLength ?? data.length, section),
    data,
  );
}

export function simplePacket(section: Section, data: Uint8Array, originalLength = data.length): Uint8Array {
  return block(3, section, u32(originalLength, section), data);
}
