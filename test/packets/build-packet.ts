/**
 * Packets for the tests, layer by layer: each function puts its header before a body. Lengths are right unless a test sets
 * them; checksums are 0, for nobody here looks at them.
 */

/** 4 or 16 bytes, `10.0.0.1` or `fd00::1`. */
export function address(text: string): Uint8Array {
  if (!text.includes(':')) {
    return Uint8Array.from(text.split('.'), Number);
  }
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** `02:00:00:00:00:01` */
export function mac(text: string): Uint8Array {
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Big-endian. */
export function integer(value: number | bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  if (typeof value === 'number' && size <= 4) {
    for (let at = size - 1, left = value; at >= 0; at--, left >>>= 8) bytes[at] = left & 0xff;
    return bytes;
  }
  let left = BigInt(value);
  for (let at = size - 1; at >= 0; at--) {
    bytes[at] = Number(left & 0xffn);
    left >>= 8n;
  }
  return bytes;
}

/** `length` bytes: 0, 1, 2 … */
export function filler(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = at & 0xff;
  return bytes;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
}

/* Link layer */

export interface Tag {
  /** 0x8100 unless said. */
  readonly tpid?: number;
  readonly id: number;
  readonly priority?: number;
}

export interface Ethernet {
  readonly dmac?: Uint8Array;
  readonly smac?: Uint8Array;
  readonly tags?: readonly Tag[];
  readonly type: number;
}

export function ethernet(header: Ethernet, ...body: readonly Uint8Array[]): Uint8Array {
  return concat(
    header.dmac ?? mac('02:00:00:00:00:02'),
    header.smac ?? mac('02:00:00:00:00:01'),
    ...(header.tags ?? []).map((tag) =>
      concat(integer(tag.tpid ?? 0x8100, 2), integer(((tag.priority ?? 0) << 13) | tag.id, 2)),
    ),
    integer(header.type, 2),
    ...body,
  );
}

/** The frame that carries this IP datagram. */
export function frameOf(datagram: Uint8Array, link: Omit<Ethernet, 'type'> = {}): Uint8Array {
  return ethernet({ ...link, type: (datagram[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800 }, datagram);
}

/** Zeros behind the datagram, as a network card adds them to reach 60 bytes. */
export function pad(frame: Uint8Array, length = 60): Uint8Array {
  return frame.length >= length ? frame : concat(frame, new Uint8Array(length - frame.length));
}

export function arp(operation: number, from: Uint8Array, to: Uint8Array): Uint8Array {
  const ethernetToIpv4 = concat(integer(1, 2), integer(0x0800, 2), integer(6, 1), integer(4, 1), integer(operation, 2));
  return concat(ethernetToIpv4, mac('02:00:00:00:00:01'), from, new Uint8Array(6), to);
}

/* Network layer */

export interface Ipv4 {
  readonly src?: Uint8Array;
  readonly dst?: Uint8Array;
  readonly proto: number;
  readonly ttl?: number;
  readonly tos?: number;
  readonly id?: number;
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  /** In units of 8 bytes. */
  readonly fragmentOffset?: number;
  /** Padded to a multiple of four bytes. */
  readonly options?: Uint8Array;
  /* What the header claims, when it lies. */
  readonly version?: number;
  /** In units of 4 bytes. */
  readonly headerLength?: number;
  readonly totalLength?: number;
}

export function ipv4(header: Ipv4, ...body: readonly Uint8Array[]): Uint8Array {
  const given = header.options ?? new Uint8Array();
  const options = pad(given, Math.ceil(given.length / 4) * 4);
  const data = concat(...body);
  const words = 5 + options.length / 4;
  const fragment =
    (header.dontFragment ? 0x4000 : 0) | (header.moreFragments ? 0x2000 : 0) | ((header.fragmentOffset ?? 0) & 0x1fff);
  return concat(
    integer(((header.version ?? 4) << 4) | (header.headerLength ?? words), 1),
    integer(header.tos ?? 0, 1),
    integer(header.totalLength ?? words * 4 + data.length, 2),
    integer(header.id ?? 0, 2),
    integer(fragment, 2),
    integer(header.ttl ?? 64, 1),
    integer(header.proto, 1),
    integer(0, 2),
    header.src ?? address('10.0.0.1'),
    header.dst ?? address('10.0.0.2'),
    options,
    data,
  );
}

export interface Ipv6 {
  readonly src?: Uint8Array;
  readonly dst?: Uint8Array;
  readonly next: number;
  readonly hopLimit?: number;
  readonly trafficClass?: number;
  readonly flow?: number;
  /* What the header claims, when it lies. */
  readonly version?: number;
  readonly payloadLength?: number;
}

export function ipv6(header: Ipv6, ...body: readonly Uint8Array[]): Uint8Array {
  const data = concat(...body);
  const first = ((header.version ?? 6) * 2 ** 28 + (header.trafficClass ?? 0) * 2 ** 20 + (header.flow ?? 0)) >>> 0;
  return concat(
    integer(first, 4),
    integer(header.payloadLength ?? data.length, 2),
    integer(header.next, 1),
    integer(header.hopLimit ?? 64, 1),
    header.src ?? address('fd00::1'),
    header.dst ?? address('fd00::2'),
    data,
  );
}

/** Hop-by-hop (0), routing (43), destination options (60), mobility (135): `length` in units of 8 bytes behind the first 8. */
export function extension(next: number, length = 0): Uint8Array {
  return concat(integer(next, 1), integer(length, 1), filler(6 + length * 8));
}

/** `length` as the header has it: units of 4 bytes, less 2. */
export function authentication(next: number, length = 4): Uint8Array {
  return concat(integer(next, 1), integer(length, 1), filler((length + 2) * 4 - 2));
}

/** Offset in units of 8 bytes. */
export function fragment(next: number, offset: number, more: boolean): Uint8Array {
  return concat(integer(next, 1), integer(0, 1), integer((offset << 3) | (more ? 1 : 0), 2), integer(0x1234, 4));
}

/* Transport layer */

/** An option of IPv4 or TCP: kind, length, data. */
export function option(kind: number, ...data: readonly Uint8Array[]): Uint8Array {
  const bytes = concat(...data);
  return concat(integer(kind, 1), integer(2 + bytes.length, 1), bytes);
}

export interface Tcp {
  readonly sport?: number;
  readonly dport?: number;
  /** 1 unless said. */
  readonly seq?: number;
  /** 2 unless said. */
  readonly ack?: number;
  readonly flags?: number;
  readonly window?: number;
  /** Padded to a multiple of four bytes. */
  readonly options?: Uint8Array;
  /** In units of 4 bytes, when the header lies. */
  readonly dataOffset?: number;
}

export function tcp(header: Tcp, ...body: readonly Uint8Array[]): Uint8Array {
  const given = header.options ?? new Uint8Array();
  const options = pad(given, Math.ceil(given.length / 4) * 4);
  return concat(
    integer(header.sport ?? 40000, 2),
    integer(header.dport ?? 80, 2),
    integer(header.seq ?? 1, 4),
    integer(header.ack ?? 2, 4),
    integer((header.dataOffset ?? 5 + options.length / 4) << 4, 1),
    integer(header.flags ?? 0x10, 1),
    integer(header.window ?? 1024, 2),
    integer(0, 4),
    options,
    ...body,
  );
}

export interface Ports {
  readonly sport?: number;
  readonly dport?: number;
}

export function udp(header: Ports & { readonly length?: number }, ...body: readonly Uint8Array[]): Uint8Array {
  const data = concat(...body);
  return concat(
    integer(header.sport ?? 40000, 2),
    integer(header.dport ?? 53, 2),
    integer(header.length ?? 8 + data.length, 2),
    integer(0, 2),
    data,
  );
}

export function sctp(header: Ports, ...body: readonly Uint8Array[]): Uint8Array {
  return concat(integer(header.sport ?? 40000, 2), integer(header.dport ?? 5060, 2), integer(7, 4), integer(0, 4), ...body);
}

/** ICMP and ICMPv6 alike. */
export function icmp(header: { readonly type: number; readonly code?: number }, ...body: readonly Uint8Array[]): Uint8Array {
  return concat(integer(header.type, 1), integer(header.code ?? 0, 1), integer(0, 6), ...body);
}
