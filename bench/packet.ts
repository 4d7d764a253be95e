/** Packets of a trace: as numbers for the scan, as frames for the kernel. */
import { EVEN_BYTES } from '../runtime/timing/driver.ts';

export interface BenchPacket {
  readonly family: 4 | 6;
  readonly src: bigint;
  readonly dst: bigint;
  readonly proto: number;
  /** Of TCP and UDP; -1: it has none. */
  readonly sport: number;
  readonly dport: number;
}

/** The address that frames of the bench are sent to: a receiver has to have it, or its stack throws them away. */
export const RECEIVER_MAC = '02:00:00:00:00:02';

/** 96 bytes, filled up with zeros behind the headers as Ethernet does. IPv4 with its checksum, TCP with ACK set. */
export function frameOf(packet: BenchPacket): Uint8Array {
  const frame = new Uint8Array(EVEN_BYTES);
  const view = new DataView(frame.buffer);
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
  const { family, proto } = packet;
  view.setUint16(12, family === 4 ? 0x0800 : 0x86dd);
  const body = proto === 6 ? 20 : 8;
  const transport = family === 4 ? 34 : 54;
  if (family === 4) {
    frame.set([0x45, 0, 0, 20 + body, 0, 1, 0x40, 0, 64, proto], 14);
    view.setUint32(26, Number(packet.src));
    view.setUint32(30, Number(packet.dst));
    view.setUint16(24, headerChecksum(view, 14));
  } else {
    frame.set([0x60, 0, 0, 0, 0, body, proto, 64], 14);
    for (const [at, address] of [
      [22, packet.src],
      [38, packet.dst],
    ] as const) {
      view.setBigUint64(at, address >> 64n);
      view.setBigUint64(at + 8, address & ((1n << 64n) - 1n));
    }
  }
  if (packet.sport >= 0) {
    view.setUint16(transport, packet.sport);
    view.setUint16(transport + 2, packet.dport);
    if (proto === 6) frame.set([0x50, 0x10], transport + 12);
    else view.setUint16(transport + 4, body);
  } else {
    frame[transport] = family === 4 ? 8 : 128;
  }
  return frame;
}

/** RFC 1071, over the 20 bytes of an IPv4 header whose checksum is 0. */
function headerChecksum(view: DataView, at: number): number {
  let sum = 0;
  for (let offset = 0; offset < 20; offset += 2) sum += view.getUint16(at + offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
