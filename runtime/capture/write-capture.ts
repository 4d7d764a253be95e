import { ETHERNET } from './capture-file.ts';

/** A frame to be written. */
export interface FrameToWrite {
  readonly time_ns: bigint;
  readonly data: Uint8Array;
}

const FILE_HEADER_SIZE = 24;
const RECORD_HEADER_SIZE = 16;
/** What libpcap takes for the largest frame there is. */
const SNAP_LENGTH = 262_144;

/** Classic pcap of Ethernet frames with nanoseconds, in little-endian order. Times count from 1970 and fit 32 bits of seconds. */
export function writePcap(frames: readonly FrameToWrite[]): Uint8Array {
  const size = frames.reduce((sum, frame) => sum + RECORD_HEADER_SIZE + frame.data.length, FILE_HEADER_SIZE);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xa1b23c4d, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAP_LENGTH, true);
  view.setUint32(20, ETHERNET, true);
  let offset = FILE_HEADER_SIZE;
  for (const { time_ns, data } of frames) {
    view.setUint32(offset, Number(time_ns / 1_000_000_000n), true);
    view.setUint32(offset + 4, Number(time_ns % 1_000_000_000n), true);
    view.setUint32(offset + 8, data.length, true);
    view.setUint32(offset + 12, data.length, true);
    bytes.set(data, offset + RECORD_HEADER_SIZE);
    offset += RECORD_HEADER_SIZE + data.length;
  }
  return bytes;
}
