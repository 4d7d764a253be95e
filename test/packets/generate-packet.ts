/** Random frames: well-formed ones of every kind that the language tells apart, and what is left of them after an accident. */
import {
  address,
  arp,
  authentication,
  concat,
  type Ethernet,
  ethernet,
  extension,
  filler,
  fragment,
  icmp,
  integer,
  ipv4,
  ipv6,
  pad,
  sctp,
  type Tag,
  tcp,
  udp,
} from './build-packet.ts';
import { type Hints, NO_HINTS } from './hints.ts';
import type { Random } from './random.ts';

export interface PacketOptions {
  readonly hints?: Hints;
  /** BPF_PROG_TEST_RUN takes no frame shorter than an Ethernet header. */
  readonly minLength?: number;
  /** BPF_PROG_TEST_RUN takes no frame longer than a page less what the kernel keeps there. */
  readonly maxLength?: number;
}

const LONGEST_FOR_TEST_RUN = 3400;

export function generatePacket(random: Random, options: PacketOptions = {}): Uint8Array {
  const { hints = NO_HINTS, minLength = 0, maxLength = LONGEST_FOR_TEST_RUN } = options;
  const frame = random.chance(0.03)
    ? random.bytes(random.int(minLength, 120))
    : damage(random, wellFormed({ random, hints }), hints);
  const length = Math.min(Math.max(frame.length, minLength), maxLength);
  return pad(frame.subarray(0, length), length);
}

interface Generation {
  readonly random: Random;
  readonly hints: Hints;
}

/** A value that the rules mention, or any. */
function number({ random, hints }: Generation, field: string, max: number): number {
  const known = (hints.numbers.get(field) ?? []).filter((value) => value <= max);
  return known.length > 0 && random.chance(0.75) ? random.pick(known) : random.int(0, max);
}

const PLAIN_V4 = ['10.0.0.1', '10.1.2.3', '172.16.0.1', '192.0.2.1', '192.168.1.1', '0.0.0.0', '255.255.255.255', '224.0.0.1'];
const PLAIN_V6 = ['::', '::1', 'fd00::1', 'fe80::1', 'ff02::1', '2001:db8::1', '::ffff:a00:1'];

function v4Address({ random, hints }: Generation): Uint8Array {
  if (hints.v4.length > 0 && random.chance(0.6)) {
    return integer(random.pick(hints.v4), 4);
  }
  return random.chance(0.5) ? address(random.pick(PLAIN_V4)) : random.bytes(4);
}

function v6Address({ random, hints }: Generation): Uint8Array {
  if (hints.v6.length > 0 && random.chance(0.6)) {
    return integer(random.pick(hints.v6), 16);
  }
  return random.chance(0.5) ? address(random.pick(PLAIN_V6)) : random.bytes(16);
}

const PLAIN_MAC: readonly number[] = [0xffffffffffff, 0x01005e000001, 0x333300000001, 0x020000000001];

function macAddress(generation: Generation, field: string): Uint8Array {
  const { random } = generation;
  return integer(random.chance(0.5) ? random.pick(PLAIN_MAC) : number(generation, field, 2 ** 48 - 1), 6);
}

function wellFormed(generation: Generation): Uint8Array {
  const { random } = generation;
  const carried = random.weighted<() => { type: number; body: Uint8Array }>([
    [50, () => ({ type: 0x0800, body: ipv4Datagram(generation) })],
    [40, () => ({ type: 0x86dd, body: ipv6Datagram(generation) })],
    [4, () => ({ type: 0x0806, body: arp(random.int(1, 2), v4Address(generation), v4Address(generation)) })],
    [generation.hints.numbers.has('ethertype') ? 40 : 4, () => typedFrame(generation, number(generation, 'ethertype', 0xffff))],
    // What the type says is not what follows.
    [2, () => ({ type: random.pick([0x0800, 0x86dd]), body: random.pick([ipv4Datagram, ipv6Datagram])(generation) })],
  ])();
  const link: Ethernet = {
    dmac: macAddress(generation, 'dmac'),
    smac: macAddress(generation, 'smac'),
    tags: tags(generation),
    type: carried.type,
  };
  const frame = ethernet(link, carried.body);
  return random.chance(0.15) ? pad(frame, random.pick([60, frame.length + random.int(1, 40)])) : frame;
}

/** A body that fits the type, when the type is one of IP. */
function typedFrame(generation: Generation, type: number): { type: number; body: Uint8Array } {
  switch (type) {
    case 0x0800:
      return { type, body: ipv4Datagram(generation) };
    case 0x86dd:
      return { type, body: ipv6Datagram(generation) };
    default:
      return { type, body: generation.random.bytes(generation.random.int(0, 60)) };
  }
}

function tags(generation: Generation): readonly Tag[] {
  const { random } = generation;
  const count = random.weighted([
    [70, 0],
    [14, 1],
    [11, 2],
    [5, 3],
  ]);
  return Array.from({ length: count }, () => ({
    tpid: random.weighted([
      [6, 0x8100],
      [3, 0x88a8],
      [2, 0x9100],
      [1, 0x9200],
    ]),
    id: number(generation, 'vlan', 0xfff),
    priority: random.int(0, 7),
  }));
}

/** The traffic class byte. */
function trafficClass(generation: Generation): number {
  return (number(generation, 'dscp', 63) << 2) | number(generation, 'ecn', 3);
}

function ipv4Datagram(generation: Generation): Uint8Array {
  const { random } = generation;
  const { proto, bytes: whole } = transport(generation, 4);
  const bytes = cutAtEdge(random, whole, 0);
  const part = random.weighted([
    [82, { moreFragments: false, fragmentOffset: 0 }],
    [7, { moreFragments: true, fragmentOffset: 0 }],
    [6, { moreFragments: random.chance(0.5), fragmentOffset: random.int(1, 0x1fff) }],
    [5, { moreFragments: false, fragmentOffset: random.pick([1, 0x100, 0x1f00, 0x1fff]) }],
  ]);
  const datagram = ipv4(
    {
      src: v4Address(generation),
      dst: v4Address(generation),
      proto,
      ttl: number(generation, 'ttl', 255),
      tos: trafficClass(generation),
      id: random.int(0, 0xffff),
      dontFragment: random.chance(0.5),
      ...part,
      options: random.chance(0.15) ? random.bytes(random.int(1, 10) * 4) : new Uint8Array(),
      ...lies(random, {
        version: () => random.int(0, 15),
        headerLength: () => random.int(0, 15),
        totalLength: () =>
          random.pick([0, 1, 19, 20, 28, 40, bytes.length + 19, bytes.length + 21, 0xffff, random.int(0, 200)]),
      }),
    },
    bytes,
  );
  const totals = generation.hints.numbers.get('ip.len') ?? [];
  if (totals.length > 0 && random.chance(0.3)) {
    datagram.set(integer(random.pick(totals) & 0xffff, 2), 2);
  }
  return datagram;
}

function ipv6Datagram(generation: Generation): Uint8Array {
  const { random } = generation;
  const { proto, bytes } = transport(generation, 6);
  const chain = extensionChain(random, proto);
  const edge = random.pick([0, ...chain.headers.map((_, at) => concat(...chain.headers.slice(0, at + 1)).length)]);
  const data = cutAtEdge(random, concat(...chain.headers, bytes), edge);
  return ipv6(
    {
      src: v6Address(generation),
      dst: v6Address(generation),
      next: chain.first,
      hopLimit: number(generation, 'ttl', 255),
      trafficClass: trafficClass(generation),
      flow: random.int(0, 0xfffff),
      ...lies(random, {
        version: () => random.int(0, 15),
        payloadLength: () =>
          random.pick([0, 1, 7, 8, 20, data.length - 1, data.length + 1, 0xffff, random.int(0, 200)]) & 0xffff,
      }),
    },
    data,
  );
}

/** Bytes behind the beginning of a header at which something ends or begins to be readable. */
const EDGES = [0, 1, 2, 3, 4, 7, 8, 11, 12, 13, 14, 15, 16, 19, 20];

/** A datagram that ends, without a lie, near one of the edges of the header that begins at `start`. */
function cutAtEdge(random: Random, data: Uint8Array, start: number): Uint8Array {
  return random.chance(0.08) ? data.subarray(0, Math.max(0, start + random.pick(EDGES) + random.int(-1, 1))) : data;
}

/** Each claim of the header is a lie once in a while. */
function lies<T extends string>(random: Random, claims: Readonly<Record<T, () => number>>): Partial<Record<T, number>> {
  const told: Partial<Record<T, number>> = {};
  for (const name of Object.keys(claims) as T[]) {
    if (random.chance(0.04)) {
      told[name] = claims[name]();
    }
  }
  return told;
}

const EXTENSION_TYPES = [0, 43, 44, 51, 60, 135];

function extensionChain(random: Random, upper: number): { first: number; headers: Uint8Array[] } {
  const count = random.weighted([
    [60, 0],
    [15, 1],
    [10, 2],
    [7, random.int(3, 7)],
    [4, 8],
    [2, 9],
    [2, random.int(10, 12)],
  ]);
  const headers: Uint8Array[] = [];
  let next = upper;
  for (let left = count; left > 0; left--) {
    const type = random.chance(0.25) ? 44 : random.pick(EXTENSION_TYPES);
    headers.unshift(extensionHeader(random, type, next));
    next = type;
  }
  return { first: next, headers };
}

function extensionHeader(random: Random, type: number, next: number): Uint8Array {
  // A length that leads out of the packet, now and then.
  const length = random.weighted([
    [80, random.int(0, 3)],
    [15, random.int(0, 20)],
    [5, random.int(0, 255)],
  ]);
  switch (type) {
    case 44:
      return fragment(next, random.chance(0.7) ? 0 : random.pick([1, 2, 0x1fff, random.int(1, 0x1fff)]), random.chance(0.5));
    case 51:
      return authentication(next, length);
    default:
      return extension(next, random.chance(0.9) ? Math.min(length, 20) : length);
  }
}

function transport(generation: Generation, family: 4 | 6): { proto: number; bytes: Uint8Array } {
  const { random } = generation;
  const proto = random.weighted([
    [35, 6],
    [22, 17],
    [16, family === 4 ? 1 : 58],
    [8, 132],
    [3, family === 4 ? 58 : 1],
    [generation.hints.numbers.has('proto') ? 60 : 12, number(generation, 'proto', 255)],
    [4, random.pick([2, 4, 41, 47, 50, 59, 89, 136])],
  ]);
  return { proto, bytes: segment(generation, proto) };
}

function segment(generation: Generation, proto: number): Uint8Array {
  const { random } = generation;
  const ports = {
    sport: number(generation, random.chance(0.8) ? 'sport' : 'dport', 0xffff),
    dport: number(generation, random.chance(0.8) ? 'dport' : 'sport', 0xffff),
  };
  const body = filler(payloadLength(generation));
  switch (proto) {
    case 6: {
      const words = random.chance(0.3) ? random.int(1, 10) : 0;
      return tcp(
        {
          ...ports,
          flags: random.chance(0.5)
            ? random.pick([0x00, 0x02, 0x10, 0x12, 0x18, 0x11, 0x14, 0x04, 0xff])
            : number(generation, 'flags', 255),
          window: number(generation, 'tcp.window', 0xffff),
          options: random.bytes(words * 4),
          ...lies(random, { dataOffset: () => random.int(0, 15) }),
        },
        body,
      );
    }
    case 17:
      return udp({ ...ports, ...lies(random, { length: () => random.int(0, 0xffff) }) }, body);
    case 132:
      return sctp(ports, body);
    case 1:
    case 58:
      return icmp({ type: number(generation, 'icmp.type', 255), code: number(generation, 'icmp.code', 255) }, body);
    default:
      return random.chance(0.5) ? body : concat(tcp(ports), body);
  }
}

const LONGEST_PAYLOAD = 3200;

function payloadLength(generation: Generation): number {
  const { random, hints } = generation;
  const wanted = (hints.numbers.get('payload.len') ?? []).filter((length) => length <= LONGEST_PAYLOAD);
  if (wanted.length > 0 && random.chance(0.5)) {
    return random.pick(wanted);
  }
  return random.weighted([
    [30, 0],
    [50, random.int(1, 40)],
    [15, random.int(40, 600)],
    [5, random.int(600, 1480)],
  ]);
}

/** Leaves most frames alone. */
function damage(random: Random, frame: Uint8Array, hints: Hints): Uint8Array {
  const lengths = (hints.numbers.get('len') ?? []).filter((length) => length <= LONGEST_FOR_TEST_RUN);
  if (lengths.length > 0 && random.chance(0.3)) {
    const length = random.pick(lengths);
    return pad(frame.subarray(0, length), length);
  }
  return random.weighted<() => Uint8Array>([
    [76, () => frame],
    [10, () => mutate(random, frame)],
    [14, () => frame.subarray(0, random.int(0, Math.min(frame.length, 140)))],
  ])();
}

function mutate(random: Random, frame: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(frame);
  for (let left = random.int(1, 4); left > 0 && changed.length > 0; left--) {
    // Headers matter more than payload, and the type fields most.
    const at = random.chance(0.2) ? random.int(12, 23) : random.int(0, Math.min(changed.length, 90) - 1);
    if (at < changed.length) {
      changed[at] = random.chance(0.5) ? random.int(0, 255) : (changed[at] ?? 0) ^ (1 << random.int(0, 7));
    }
  }
  return changed;
}
