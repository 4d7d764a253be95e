/** A packet as a test describes it, names and values resolved, bytes not yet laid out. */

/** The words behind `packet`. */
export const PROTOCOLS = ['tcp', 'udp', 'sctp', 'icmp', 'icmp6', 'ip', 'ip6', 'arp', 'ethernet', 'frame'] as const;

export type PacketProtocol = (typeof PROTOCOLS)[number];

/** Settings that take a packet: what carries it. */
export const TUNNELS = ['vxlan', 'geneve', 'gre', 'ipip'] as const;

export type TunnelName = (typeof TUNNELS)[number];

export interface Endpoint {
  /** 4, 16 or, under `ethernet`, 6 bytes. */
  readonly address: Uint8Array;
  readonly port: number | null;
}

export interface TestPacket {
  readonly protocol: PacketProtocol;
  /** null: nothing was written, as `ethernet` and `frame` allow. */
  readonly from: Endpoint | null;
  readonly to: Endpoint | null;
  /** Numbers by the name of their setting, in the order written: `vlan` may be given twice. */
  readonly numbers: ReadonlyMap<string, readonly number[]>;
  /** Option kinds and extension headers, in the order written. */
  readonly kinds: ReadonlyMap<string, readonly number[]>;
  /** `payload` and `hex`. */
  readonly bytes: ReadonlyMap<string, Uint8Array>;
  readonly iface: string | null;
  readonly tunnel: { readonly name: TunnelName; readonly inner: TestPacket } | null;
}

/** The first number given for a setting. */
export function numberOf(packet: TestPacket, name: string): number | undefined {
  return packet.numbers.get(name)?.[0];
}

/** IP version of a packet with addresses, else null. */
export function familyOf(packet: TestPacket): 4 | 6 | null {
  if (packet.protocol === 'ethernet' || packet.protocol === 'frame' || packet.from === null) return null;
  return packet.from.address.length === 16 ? 6 : 4;
}
