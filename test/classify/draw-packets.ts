/** Packets at and around the edges of the rules of a program: a rule is drawn, and a packet is built that just is or just is not in it. */
import type { Program, Rule } from '../../compiler/2-resolve/program.ts';
import { concat, frameOf, integer, ipv4, ipv6, option, pad } from '../packets/build-packet.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { type Hints, hintsOf, predicatesOf } from '../packets/hints.ts';
import type { Random } from '../packets/random.ts';

const TCP = 6;
const UDP = 17;
const PROTOCOLS: readonly number[] = [TCP, TCP, TCP, UDP, UDP, 1, 58, 132, 47, 0, 255];

/** @returns frames of at least an Ethernet header, for BPF_PROG_TEST_RUN */
export function drawPackets(random: Random, program: Program, count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, () => {
    const rule = random.pick(program.rules);
    // A second rule's values among those of the first: where two of them cross.
    const rules = random.chance(0.3) ? [rule, random.pick(program.rules)] : [rule];
    const hints = hintsOf({ ...program, rules });
    const frame = random.chance(0.65) ? aimedAt(random, rules, hints) : generatePacket(random, { hints, minLength: 14 });
    return random.chance(0.05) ? pad(frame.subarray(0, random.int(14, frame.length)), 14) : frame;
  });
}

/** Values of the drawn rules in the headers where they belong; source and destination are not mixed up. */
function aimedAt(random: Random, rules: readonly Rule[], hints: Hints): Uint8Array {
  const six = prefersIpv6(random, rules);
  const number = (field: string, max: number, otherwise: () => number): number => {
    const known = (hints.numbers.get(field) ?? []).filter((value) => value <= max);
    return known.length > 0 && random.chance(0.9) ? random.pick(known) : otherwise();
  };
  const protocol = number('proto', 255, () => random.pick(PROTOCOLS));
  const port = (field: string): Uint8Array =>
    integer(
      number(field, 0xffff, () => number('port', 0xffff, () => random.pick([0, 22, 80, 443, 65_535]))),
      2,
    );
  const payload = random.pick([
    new Uint8Array(),
    Uint8Array.of(random.int(0, 3), 0x61, 0x62),
    new Uint8Array(random.int(0, 90)),
  ]);
  const transport = transportOf(random, protocol, concat(port('sport'), port('dport')), number, payload);
  const ttl = number('ttl', 255, () => 64);
  const traffic = number('dscp', 63, () => 0) << 2;
  const fragment = random.chance(0.05) ? { fragmentOffset: random.int(0, 2), moreFragments: random.chance(0.5) } : {};
  const datagram = six
    ? ipv6(
        {
          src: address6(random, rules, 'src'),
          dst: address6(random, rules, 'dst'),
          next: protocol,
          hopLimit: ttl,
          trafficClass: traffic,
        },
        transport,
      )
    : ipv4(
        {
          src: address4(random, rules, 'src'),
          dst: address4(random, rules, 'dst'),
          proto: protocol,
          ttl,
          tos: traffic,
          ...fragment,
        },
        transport,
      );
  const tagged = hints.numbers.has('vlan') ? random.chance(0.8) : random.chance(0.1);
  const frame = frameOf(datagram, tagged ? { tags: [{ id: number('vlan', 4095, () => random.int(0, 4)) }] } : {});
  const length = number('len', 1600, () => frame.length);
  return length > frame.length ? pad(frame, length) : frame;
}

function transportOf(
  random: Random,
  protocol: number,
  ports: Uint8Array,
  number: (field: string, max: number, otherwise: () => number) => number,
  payload: Uint8Array,
): Uint8Array {
  switch (protocol) {
    case TCP: {
      const flags = number('flags', 255, () => random.pick([0, 1, 2, 4, 16, 18, 24, 41]));
      const options = random.chance(0.2) ? option(2, integer(1460, 2)) : new Uint8Array();
      const first = concat(ports, new Uint8Array(8), integer((5 + options.length / 4) << 4, 1), integer(flags, 1));
      return concat(first, integer(1024, 2), new Uint8Array(4), options, payload);
    }
    case UDP:
      return concat(ports, integer(8 + payload.length, 2), new Uint8Array(2), payload);
    case 1:
    case 58:
      return concat(
        integer(
          number('icmp.type', 255, () => random.pick([0, 3, 8, 128, 135])),
          1,
        ),
        integer(random.int(0, 3), 1),
        new Uint8Array(6),
        payload,
      );
    default:
      return concat(ports, new Uint8Array(8), payload);
  }
}

function prefersIpv6(random: Random, rules: readonly Rule[]): boolean {
  const [first] = rules;
  const asked = first === undefined ? [] : predicatesOf(first.condition).filter((one) => one.kind === 'address');
  const six = asked.some((one) => one.v6.length > 0);
  const four = asked.some((one) => one.v4.length > 0);
  return random.chance(six === four ? 0.4 : six ? 0.95 : 0.05);
}

function address4(random: Random, rules: readonly Rule[], field: string): Uint8Array {
  const known = rules
    .flatMap((rule) => predicatesOf(rule.condition))
    .flatMap((one) => (one.kind === 'address' && one.field === field ? one.v4 : []));
  if (known.length === 0 || random.chance(0.1)) return integer((0x0a000000 + random.int(0, 0x2ffff)) >>> 0, 4);
  const [first, last] = random.pick(known);
  const edge = random.pick([
    first,
    first,
    last,
    last,
    Math.floor((first + last) / 2),
    random.int(first, last),
    first - 1,
    last + 1,
  ]);
  return integer(edge < 0 || edge > 0xffffffff ? first : edge, 4);
}

function address6(random: Random, rules: readonly Rule[], field: string): Uint8Array {
  const known = rules
    .flatMap((rule) => predicatesOf(rule.condition))
    .flatMap((one) => (one.kind === 'address' && one.field === field ? one.v6 : []));
  if (known.length === 0 || random.chance(0.1)) return integer((0xfd00n << 112n) | BigInt(random.int(0, 3)), 16);
  const [first, last] = random.pick(known);
  const inside = first + (random.bigint(128) % (last - first + 1n));
  const edge = random.pick([first, first, last, last, inside, first - 1n, last + 1n]);
  return integer(edge < 0n || edge >= 1n << 128n ? first : edge, 16);
}
