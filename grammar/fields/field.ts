/**
 * What one packet field is. The files beside this one are THE TABLE: types, C, the interpreter, the language reference,
 * highlighting and the differential test's generator all derive from it. Adding a field is one file and one line in `index.ts`.
 */

/**
 * Headers, and parts of headers with a place of their own, that a field can be read from: `gre_key` is the key of a GRE header,
 * `tcp_mss` the value of the maximum segment size option.
 */
export type Layer =
  | 'ethernet'
  | 'vlan'
  | 'mpls'
  | 'ipv4'
  | 'ipv6'
  | 'tcp'
  | 'tcp_mss'
  | 'udp'
  | 'sctp'
  | 'icmp'
  | 'icmp6'
  | 'gre_key'
  | 'vxlan'
  | 'geneve';

/** What the walk over the headers finds out besides bytes at a place; `docs/packets.md` defines each. */
export type Fact =
  | 'frame_len'
  | 'ethertype'
  | 'vlan_depth'
  | 'proto'
  | 'frag'
  | 'payload_len'
  | 'malformed'
  /** Which option kinds or extension header types a packet has, one bit each, 256 bits. */
  | 'ip_options'
  | 'ip6_ext'
  | 'tcp_options';

/** What raw reads count from; `tail` counts backwards from the end of the payload. */
export type RawBase = 'frame' | 'network' | 'transport' | 'payload' | 'tail';

/** Where a packet can be looked at; `tc` and `cgroup` are both of their directions at once. */
export type HookName = 'xdp' | 'tc' | 'tc ingress' | 'tc egress' | 'socket' | 'cgroup' | 'cgroup ingress' | 'cgroup egress';

/** An unsigned integer in network byte order, `size` bytes at `offset` bytes from the start of the layer's header. */
export interface HeaderRead {
  readonly layer: Layer;
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 6 | 16;
  /** The member of the layer's C struct in `templates/include/pktc/headers.h` that holds these bytes. */
  readonly member: string;
  /** Applied to the integer in host order, before `shift`; absent: every bit. */
  readonly mask?: number;
  /** Bits to shift right after masking; absent: 0. */
  readonly shift?: number;
  /** What the result is multiplied with, for lengths that count in words; absent: 1. */
  readonly times?: number;
}

export type FieldRead =
  /** The first entry whose layer the packet has. */
  | { readonly kind: 'header'; readonly from: readonly HeaderRead[] }
  | { readonly kind: 'fact'; readonly fact: Fact }
  /** `addr` and `port`: either of two other fields. */
  | { readonly kind: 'either'; readonly of: readonly [string, string] }
  /** Known from where the program is attached, or kept beside the packet by the kernel; see `hooks`. */
  | { readonly kind: 'context'; readonly what: 'direction' | 'mark' | 'iface' }
  /** An unsigned integer in network byte order of 1 to 6 bytes; with `tail`, it begins `offset` bytes before the payload's end. */
  | { readonly kind: 'raw'; readonly base: RawBase; readonly offset: number; readonly size: number }
  /** The bytes behind the transport header. */
  | { readonly kind: 'payload' };

export type Names = Readonly<Record<string, number>>;

/** What a field is compared with. */
export type ValueType =
  /** `names` are words that stand for numbers (`tcp`, `ef`); the numbers may be written too. */
  | {
      readonly kind: 'uint';
      readonly bits: number;
      readonly names?: Names;
      /** Only the names count: a number is refused. */
      readonly closed?: boolean;
      /** Names that stand for a number only where the bare word holds: `echo-request` is 8 under `icmp`, 128 under `icmp6`. */
      readonly namesUnder?: Readonly<Record<string, Names>>;
    }
  /** IPv4 or IPv6 address, prefix or range. */
  | { readonly kind: 'address' }
  /** 48-bit link-layer address, prefix, or one of the words `broadcast` and `multicast`. */
  | { readonly kind: 'mac' }
  /** A set of bits written as words: `SYN,!ACK`. */
  | { readonly kind: 'flags'; readonly bits: number; readonly names: Names }
  /** A set of 8-bit numbers that the packet has, such as TCP option kinds: a value asks whether it is among them. */
  | { readonly kind: 'kinds'; readonly names: Names }
  /** Text, compared as bytes. */
  | { readonly kind: 'bytes' }
  /** The name of an interface, or a pattern with `*`. */
  | { readonly kind: 'interface' }
  /** Stands alone as a word and takes no value. */
  | { readonly kind: 'truth' };

export type FieldGroup = 'link' | 'network' | 'transport' | 'packet' | 'raw' | 'tunnels' | 'application' | 'time';

export interface Field {
  readonly name: string;
  readonly group: FieldGroup;
  readonly type: ValueType;
  readonly read: FieldRead;
  /** One sentence for the reference. */
  readonly summary: string;
  /** `bytes`, `hops`, … or `` for names and addresses. */
  readonly units: string;
  /** RFC, IEEE standard or kernel file. */
  readonly source: string;
  /** What makes the field absent. */
  readonly absent: string;
  /** A condition that uses it; a test compiles every example. */
  readonly example: string;
  /** Hooks that can see it, of those in `hooks.ts`; absent: all. */
  readonly hooks?: readonly HookName[];
}
