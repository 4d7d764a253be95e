export type Direction = 'ingress' | 'egress';

/** What a packet comes with besides its bytes. */
export interface PacketAbout {
  /** Name of the interface; null or absent: not known, as in a capture. */
  readonly iface?: string | null;
  /** `skb->mark`; absent: 0. */
  readonly mark?: number;
  /** Which way it goes, for hooks that see both; absent: the hook's own, or `ingress`. */
  readonly direction?: Direction;
  /** When it comes, in nanoseconds since some beginning; absent: when the packet before it came. Never earlier than that. */
  readonly time_ns?: bigint;
}
