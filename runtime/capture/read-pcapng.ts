import { type ByteReader, createByteReader } from './byte-reader.ts';
import { type CapturedFrame, CaptureError, type CaptureFile, ETHERNET, refuseLinkType } from './capture-file.ts';

/* Block types of draft-ietf-opsawg-pcapng. */
export const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Type, total length, and the total length once more at the end. */
const SMALLEST_BLOCK = 12;

interface Interface {
  readonly linkType: number;
  /** 0: no limit. */
  readonly snapLength: number;
  /** Time stamp units in one second. */
  readonly unitsPerSecond: bigint;
  readonly offset_s: bigint;
}

interface Reading {
  reader: ByteReader;
  interfaces: Interface[];
  readonly frames: CapturedFrame[];
}

/** Where a block's body lies. */
interface Block {
  readonly type: number;
  readonly offset: number;
  readonly body: number;
  readonly end: number;
}

/**
 * pcapng: any number of sections of either byte order, several interfaces; unknown blocks are stepped over.
 *
 * @throws CaptureError when a frame comes from an interface that is not Ethernet.
 */
export function readPcapng(bytes: Uint8Array): CaptureFile {
  const reading: Reading = { reader: createByteReader(bytes, false), interfaces: [], frames: [] };
  let damage: CaptureError | null = null;
  for (let offset = 0; offset < bytes.length && damage === null; ) {
    const block = readBlock(reading, offset);
    if (block instanceof CaptureError) {
      damage = block;
    } else {
      damage = takeBlock(reading, block);
      offset = block.end + 4;
    }
  }
  return { format: 'pcapng', frames: reading.frames, damage };
}

/** Sets the byte order too, when the block begins a section. */
function readBlock(reading: Reading, offset: number): Block | CaptureError {
  const { bytes } = reading.reader;
  const left = bytes.length - offset;
  if (left < SMALLEST_BLOCK) {
    return new CaptureError(`the last block is cut short: ${left} of at least ${SMALLEST_BLOCK} bytes`, { offset });
  }
  // The section header's type reads the same in both byte orders.
  const type = reading.reader.u32(offset);
  if (type === SECTION_HEADER) {
    const littleEndian = byteOrderAt(bytes, offset + 8);
    if (littleEndian === null) {
      return new CaptureError('the section header has no byte-order magic', { offset: offset + 8 });
    }
    reading.reader = createByteReader(bytes, littleEndian);
    reading.interfaces = [];
  }
  const length = reading.reader.u32(offset + 4);
  if (length < SMALLEST_BLOCK || length % 4 !== 0) {
    return new CaptureError(`a block says it is ${length} bytes long, which no block can be`, { offset });
  }
  if (length > left) {
    return new CaptureError(`a block says it is ${length} bytes long, and ${left} are left in the file`, { offset });
  }
  const end = offset + length - 4;
  if (reading.reader.u32(end) !== length) {
    return new CaptureError(`a block of ${length} bytes does not end with its length`, { offset: end });
  }
  return { type, offset, body: offset + 8, end };
}

function byteOrderAt(bytes: Uint8Array, offset: number): boolean | null {
  for (const littleEndian of [true, false]) {
    if (createByteReader(bytes, littleEndian).u32(offset) === BYTE_ORDER_MAGIC) {
      return littleEndian;
    }
  }
  return null;
}

/** Bytes of a block's body before its variable part. */
const FIXED_SIZE: ReadonlyMap<number, number> = new Map([
  [SECTION_HEADER, 16],
  [INTERFACE_DESCRIPTION, 8],
  [OBSOLETE_PACKET, 20],
  [SIMPLE_PACKET, 4],
  [ENHANCED_PACKET, 20],
]);

/** null: the block was taken, or is of no interest. */
function takeBlock(reading: Reading, block: Block): CaptureError | null {
  if (block.end - block.body < (FIXED_SIZE.get(block.type) ?? 0)) {
    return new CaptureError(`a block of type ${block.type} is too short for its own fields`, { offset: block.offset });
  }
  const { reader } = reading;
  const { body } = block;
  switch (block.type) {
    case SECTION_HEADER:
      return refuseVersion(reader, body);
    case INTERFACE_DESCRIPTION:
      return takeInterface(reading, block);
    case SIMPLE_PACKET:
      return takeSimplePacket(reading, block);
    case ENHANCED_PACKET:
      return takePacket(reading, block, reader.u32(body));
    case OBSOLETE_PACKET:
      return takePacket(reading, block, reader.u16(body));
    default:
      return null;
  }
}

/** A newer major version may mean anything; minor versions are compatible. */
function refuseVersion(reader: ByteReader, body: number): CaptureError | null {
  const major = reader.u16(body + 4);
  return major === 1
    ? null
    : new CaptureError(`this section is written in pcapng version ${major}, only version 1 can be read`, { offset: body + 4 });
}

const OPTION_END = 0;
const OPTION_IF_TSRESOL = 9;
const OPTION_IF_TSOFFSET = 14;

function takeInterface({ reader, interfaces }: Reading, { offset, body, end }: Block): CaptureError | null {
  let unitsPerSecond = 1_000_000n;
  let offset_s = 0n;
  for (let at = body + 8; at + 4 <= end; ) {
    const code = reader.u16(at);
    const length = reader.u16(at + 2);
    const value = at + 4;
    if (code === OPTION_END) {
      break;
    }
    if (value + length > end) {
      return new CaptureError(`interface ${interfaces.length} has an option that runs past its block`, { offset });
    }
    if (code === OPTION_IF_TSRESOL && length === 1) {
      const resolution = reader.bytes[value] ?? 0;
      unitsPerSecond = resolution & 0x80 ? 2n ** BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
    } else if (code === OPTION_IF_TSOFFSET && length === 8) {
      offset_s = reader.i64(value);
    }
    at = value + Math.ceil(length / 4) * 4;
  }
  interfaces.push({ linkType: reader.u16(body), snapLength: reader.u32(body + 4), unitsPerSecond, offset_s });
  return null;
}

/** Enhanced and obsolete packet blocks: the same but for the width of the interface's number. */
function takePacket(reading: Reading, block: Block, interfaceId: number): CaptureError | null {
  const { reader } = reading;
  const { body } = block;
  const units = (BigInt(reader.u32(body + 4)) << 32n) | BigInt(reader.u32(body + 8));
  return takeFrame(reading, block, {
    interfaceId,
    units,
    start: body + 20,
    size: reader.u32(body + 12),
    original_len: reader.u32(body + 16),
  });
}

/** No time, no captured length: that follows from the interface's snap length. */
function takeSimplePacket(reading: Reading, block: Block): CaptureError | null {
  const original_len = reading.reader.u32(block.body);
  const snapLength = reading.interfaces[0]?.snapLength ?? 0;
  const size = snapLength === 0 ? original_len : Math.min(original_len, snapLength);
  return takeFrame(reading, block, { interfaceId: 0, units: null, start: block.body + 4, size, original_len });
}

interface PacketBlock {
  readonly interfaceId: number;
  /** Time in the interface's units; null: none. */
  readonly units: bigint | null;
  /** Where the frame's bytes start in the file, and how many there should be. */
  readonly start: number;
  readonly size: number;
  readonly original_len: number;
}

/** @throws CaptureError when the interface is not Ethernet. */
function takeFrame(reading: Reading, { offset, end }: Block, packet: PacketBlock): CaptureError | null {
  const frame = reading.frames.length + 1;
  const from = reading.interfaces[packet.interfaceId];
  if (from === undefined) {
    return new CaptureError(`frame ${frame} comes from interface ${packet.interfaceId}, which its section does not describe`, {
      offset,
      frame,
    });
  }
  if (from.linkType !== ETHERNET) {
    throw refuseLinkType(from.linkType, { offset, frame });
  }
  if (packet.start + packet.size > end) {
    return new CaptureError(`frame ${frame} says it has ${packet.size} bytes, and its block holds ${end - packet.start}`, {
      offset,
      frame,
    });
  }
  reading.frames.push({
    number: frame,
    time_ns:
      packet.units === null ? null : (packet.units * 1_000_000_000n) / from.unitsPerSecond + from.offset_s * 1_000_000_000n,
    data: reading.reader.bytes.subarray(packet.start, packet.start + packet.size),
    original_len: packet.original_len,
  });
  return null;
}
