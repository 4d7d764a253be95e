import { createByteReader } from './byte-reader.ts';
import { type CapturedFrame, CaptureError, type CaptureFile, ETHERNET, refuseLinkType } from './capture-file.ts';

/** What the first four bytes, read as a big-endian number, say about the rest of a pcap file. */
export interface PcapFlavour {
  readonly littleEndian: boolean;
  /** Nanoseconds in one unit of a record's second time field. */
  readonly unit_ns: bigint;
}

export const PCAP_MAGICS: ReadonlyMap<number, PcapFlavour> = new Map([
  [0xa1b2c3d4, { littleEndian: false, unit_ns: 1000n }],
  [0xd4c3b2a1, { littleEndian: true, unit_ns: 1000n }],
  [0xa1b23c4d, { littleEndian: false, unit_ns: 1n }],
  [0x4d3cb2a1, { littleEndian: true, unit_ns: 1n }],
]);

/** The patched libpcap of the 1990s: longer record headers under a magic number of its own. */
export const MODIFIED_PCAP_MAGICS: ReadonlySet<number> = new Set([0xa1b2cd34, 0x34cdb2a1]);

const FILE_HEADER_SIZE = 24;
const RECORD_HEADER_SIZE = 16;

/**
 * Classic pcap, versions 2.0 to 2.4 (draft-ietf-opsawg-pcap).
 *
 * @throws CaptureError when the header is cut or the link type is not Ethernet.
 */
export function readPcap(bytes: Uint8Array, flavour: PcapFlavour): CaptureFile {
  if (bytes.length < FILE_HEADER_SIZE) {
    throw new CaptureError(`the pcap file header is cut short: ${bytes.length} of ${FILE_HEADER_SIZE} bytes`, {
      offset: bytes.length,
    });
  }
  const reader = createByteReader(bytes, flavour.littleEndian);
  // The upper bits hold the length of a frame check sequence, if any (draft-ietf-opsawg-pcap, section 4).
  const linkType = reader.u32(20) & 0xffff;
  if (linkType !== ETHERNET) {
    throw refuseLinkType(linkType, { offset: 20, frame: 1 });
  }
  const frames: CapturedFrame[] = [];
  for (let offset = FILE_HEADER_SIZE; offset < bytes.length; ) {
    const frame = frames.length + 1;
    const start = offset + RECORD_HEADER_SIZE;
    if (start > bytes.length) {
      return {
        format: 'pcap',
        frames,
        damage: new CaptureError(`the header of frame ${frame} is cut short`, { offset, frame }),
      };
    }
    const size = reader.u32(offset + 8);
    if (start + size > bytes.length) {
      const message = `frame ${frame} says it has ${size} bytes, and ${bytes.length - start} are left in the file`;
      return { format: 'pcap', frames, damage: new CaptureError(message, { offset, frame }) };
    }
    frames.push({
      number: frame,
      time_ns: BigInt(reader.u32(offset)) * 1_000_000_000n + BigInt(reader.u32(offset + 4)) * flavour.unit_ns,
      data: bytes.subarray(start, start + size),
      original_len: reader.u32(offset + 12),
    });
    offset = start + size;
  }
  return { format: 'pcap', frames, damage: null };
}
