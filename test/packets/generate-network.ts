import { authentication, concat, extension, fragment, integer, ipv4, ipv6 } from './build-packet.ts';
import { generateOptions } from './generate-options.ts';
import { generateTransport } from './generate-transport.ts';
import { cutAtEdge, type Generation, lies, number, v4Address, v6Address } from './generation.ts';
import type { Random } from './random.ts';

/** The traffic class byte. */
function trafficClass(generation: Generation): number {
  return (number(generation, 'dscp', 63) << 2) | number(generation, 'ecn', 3);
}

export function ipv4Datagram(generation: Generation): Uint8Array {
  const { random } = generation;
  const { proto, bytes: whole } = generateTransport(generation, 4);
  const bytes = cutAtEdge(random, whole, 0);
  const part = random.weighted([
    [82, { moreFragments: false, fragmentOffset: 0 }],
    [7, { moreFragments: true, fragmentOffset: 0 }],
    [6, { moreFragments: random.chance(0.5), fragmentOffset: random.int(1, 0x1fff) }],
    [5, { moreFragments: false, fragmentOffset: random.pick([1, 0x100, 0x1000, 0x1f00, 0x1fff]) }],
  ]);
  const datagram = ipv4(
    {
      src: v4Address(generation),
      dst: v4Address(generation),
      proto,
      ttl: number(generation, 'ttl', 255),
      tos: trafficClass(generation),
      id: number(generation, 'ip.id', 0xffff),
      dontFragment: random.chance(0.5),
      ...part,
      options: generateOptions(generation, 'ip.options'),
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

export function ipv6Datagram(generation: Generation): Uint8Array {
  const { random } = generation;
  const { proto, bytes } = generateTransport(generation, 6);
  const chain = extensionChain(generation, proto);
  const edge = random.pick([0, ...chain.headers.map((_, at) => concat(...chain.headers.slice(0, at + 1)).length)]);
  const data = cutAtEdge(random, concat(...chain.headers, bytes), edge);
  return ipv6(
    {
      src: v6Address(generation),
      dst: v6Address(generation),
      next: chain.first,
      hopLimit: number(generation, 'ttl', 255),
      trafficClass: trafficClass(generation),
      flow: number(generation, 'ip6.flow', 0xfffff),
      ...lies(random, {
        version: () => random.int(0, 15),
        payloadLength: () =>
          random.pick([0, 1, 7, 8, 20, data.length - 1, data.length + 1, 0xffff, random.int(0, 200)]) & 0xffff,
      }),
    },
    data,
  );
}

const EXTENSION_TYPES = [0, 43, 44, 51, 60, 135];

function extensionChain({ random, hints }: Generation, upper: number): { first: number; headers: Uint8Array[] } {
  const wanted = (hints.kinds.get('ip6.ext') ?? []).filter((type) => EXTENSION_TYPES.includes(type));
  const count = random.weighted([
    [wanted.length > 0 ? 12 : 60, 0],
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
    const usual = random.chance(0.25) ? 44 : random.pick(EXTENSION_TYPES);
    const type = wanted.length > 0 && random.chance(0.5) ? random.pick(wanted) : usual;
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
