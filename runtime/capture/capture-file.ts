/** What a packet capture holds, whatever its format. */

export interface CapturedFrame {
  /** As people and tshark count: from 1. */
  readonly number: number;
  /** Nanoseconds since 1970; null: the capture did not record one (pcapng Simple Packet Block). */
  readonly time_ns: bigint | null;
  /** What was captured, a view into the file's bytes. */
  readonly data: Uint8Array;
  /** Length on the wire in bytes; more than `data` holds when the capture cut the frame short. */
  readonly original_len: number;
}

export interface CaptureFile {
  readonly format: 'pcap' | 'pcapng';
  readonly frames: readonly CapturedFrame[];
  /** Why reading ended before the end of the file; the frames up to there are in `frames`. null: all was read. */
  readonly damage: CaptureError | null;
}

/** `message` stands alone; `help` is an imperative, or null. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  /** Byte in the file (in the unpacked file, when it was gzip-compressed) at which it went wrong. */
  readonly offset: number;
  /** The frame being read, from 1; null: no frame. */
  readonly frame: number | null;
  readonly help: string | null;

  constructor(message: string, place: { offset: number; frame?: number; help?: string }) {
    super(message);
    this.offset = place.offset;
    this.frame = place.frame ?? null;
    this.help = place.help ?? null;
  }
}

/** https://www.tcpdump.org/linktypes.html; the ones people meet. */
const LINK_TYPES: ReadonlyMap<number, string> = new Map([
  [0, 'BSD loopback'],
  [6, 'IEEE 802.5 token ring'],
  [9, 'PPP'],
  [10, 'FDDI'],
  [12, 'raw IP'],
  [50, 'PPP over serial HDLC'],
  [51, 'PPPoE'],
  [101, 'raw IP'],
  [104, 'Cisco HDLC'],
  [105, 'IEEE 802.11'],
  [107, 'frame relay'],
  [108, 'OpenBSD loopback'],
  [113, 'Linux cooked capture'],
  [119, 'IEEE 802.11 with Prism header'],
  [127, 'IEEE 802.11 with radiotap header'],
  [147, 'user-defined 0'],
  [187, 'Bluetooth HCI'],
  [189, 'USB'],
  [195, 'IEEE 802.15.4'],
  [201, 'Bluetooth HCI with direction'],
  [220, 'USB, Linux, padded header'],
  [227, 'CAN'],
  [228, 'raw IPv4'],
  [229, 'raw IPv6'],
  [239, 'netfilter log'],
  [249, 'USBPcap'],
  [252, 'Wireshark upper PDU'],
  [253, 'netlink'],
  [276, 'Linux cooked capture v2'],
]);

export const ETHERNET = 1;

/** Frames of any other link type would be read as nonsense, so the whole capture is refused. */
export function refuseLinkType(linkType: number, place: { offset: number; frame: number }): CaptureError {
  const name = LINK_TYPES.get(linkType);
  const shown = name === undefined ? `link type ${linkType}` : `link type ${linkType} (${name})`;
  return new CaptureError(`frame ${place.frame} has ${shown}, only Ethernet can be read`, {
    ...place,
    help: 'capture on one Ethernet interface, not on `any`, or convert the file',
  });
}
