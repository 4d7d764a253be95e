/**
 * A trace of 8,192 packets of 96 bytes for a rule file: what its rules look for, and what they do not, over IPv4 and IPv6. All
 * are well-formed; most come to the rules that let established connections by, as on a real host.
 */
import type { Program } from '../../compiler/2-resolve/program.ts';
import { address, concat, ethernet, filler, integer, pad } from '../../test/packets/build-packet.ts';
import { type Hints, hintsOf } from '../../test/packets/hints.ts';
import { createRandom, type Random } from '../../test/packets/random.ts';

export const TRACE_PACKETS = 8192;
export const FRAME_BYTES = 96;

const PROTOCOLS: readonly number[] = [1, 6, 17, 58];
const SYN = 0x02;
const ACK = 0x10;
const PSH_ACK = 0x18;
const SYN_ACK = 0x12;

export function traceFor(program: Program, seed: number): readonly Uint8Array[] {
  const random = createRandom(seed);
  const whole = hintsOf(program);
  const rules = program.rules.map((rule) => hintsOf({ ...program, rules: [rule] }));
  return Array.from({ length: TRACE_PACKETS }, () => packet(random, random.chance(0.5) ? random.pick(rules) : whole));
}

function packet(random: Random, hints: Hints): Uint8Array {
  if (random.chance(0.01)) return pad(ethernet({ type: 0x0806 }, filler(28)), FRAME_BYTES);
  const proto = protocol(random, hints);
  const six = proto === 58 || (proto !== 1 && random.chance(hints.v4.length > 0 && hints.v6.length === 0 ? 0.1 : 0.3));
  const header = transport(random, hints, proto);
  const tags = random.chance(0.05) ? [{ id: random.int(1, 4094) }] : [];
  const network = six ? ipv6(random, hints, proto, header) : ipv4(random, hints, proto, header);
  return pad(ethernet({ tags, type: six ? 0x86dd : 0x0800 }, network), FRAME_BYTES);
}

/** Of the rule, where one asks for it. */
function protocol(random: Random, hints: Hints): number {
  const asked = (hints.numbers.get('proto') ?? []).filter((one) => PROTOCOLS.includes(one));
  if (asked.length > 0 && random.chance(0.7)) return random.pick(asked);
  return random.weighted([
    [70, 6],
    [22, 17],
    [6, 1],
    [2, 58],
  ]);
}

function transport(random: Random, hints: Hints, proto: number): Uint8Array {
  if (proto === 1 || proto === 58) {
    const type = random.chance(0.8) ? random.pick(hints.numbers.get('icmp.type') ?? [8]) : random.int(0, 255);
    return concat(integer(type & 0xff, 1), filler(7));
  }
  const ports = concat(port(random, hints, 'sport'), port(random, hints, 'dport'));
  if (proto === 17) return concat(ports, integer(16, 2), filler(10));
  const flags = random.weighted([
    [45, ACK],
    [15, PSH_ACK],
    [30, SYN],
    [5, SYN_ACK],
    [5, random.int(0, 63)],
  ]);
  return concat(ports, filler(8), integer(0x50, 1), integer(flags, 1), filler(14));
}

function port(random: Random, hints: Hints, field: 'sport' | 'dport'): Uint8Array {
  const known = (hints.numbers.get(field) ?? []).filter((one) => one <= 0xffff);
  return integer(known.length > 0 && random.chance(0.6) ? random.pick(known) : random.int(1024, 65535), 2);
}

function ipv4(random: Random, hints: Hints, proto: number, body: Uint8Array): Uint8Array {
  const one = () =>
    integer(hints.v4.length > 0 && random.chance(0.4) ? random.pick(hints.v4) : random.int(0x0b000000, 0xdfffffff), 4);
  const fragment = random.chance(0.005) ? 0x0010 : 0;
  const start = concat(
    integer(0x4500, 2),
    integer(20 + body.length, 2),
    integer(random.int(0, 0xffff), 2),
    integer(fragment, 2),
  );
  return concat(start, integer(64, 1), integer(proto, 1), integer(0, 2), one(), one(), body);
}

function ipv6(random: Random, hints: Hints, proto: number, body: Uint8Array): Uint8Array {
  const any = () => concat(address('2001:db8::').subarray(0, 6), random.bytes(10));
  const one = () => (hints.v6.length > 0 && random.chance(0.4) ? integer(random.pick(hints.v6), 16) : any());
  return concat(integer(0x60000000, 4), integer(body.length, 2), integer(proto, 1), integer(64, 1), one(), one(), body);
}
