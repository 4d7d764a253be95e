/** What a trace says must be what the interpreter does, and name the bytes it is about. */
import { describe, expect, test } from 'vitest';
import { analyse } from '../../compiler/index.ts';
import type { PacketAbout } from '../../compiler/interpret/packet-about.ts';
import type { PredicateTrace } from '../../compiler/interpret/trace.ts';
import { traceProgram } from '../../compiler/interpret/trace-program.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { programOf } from '../differential/program-of.ts';
import {
  address,
  arp,
  concat,
  ethernet,
  extension,
  filler,
  fragment,
  frameOf,
  integer,
  ipv4,
  ipv6,
  option,
  tcp,
  udp,
} from '../packets/build-packet.ts';
import { gre, vxlan } from '../packets/build-tunnel.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { hintsOf } from '../packets/hints.ts';
import { createRandom } from '../packets/random.ts';

const overTcp = frameOf(ipv4({ proto: 6, src: address('10.1.2.3') }, tcp({ sport: 4000, dport: 22, flags: 0x12 }, filler(4))));

function predicatesAt(hook: HookName, condition: string, frame: Uint8Array, about?: PacketAbout): readonly PredicateTrace[] {
  const { program, diagnostics } = analyse({ name: 'test.rules', text: `match ${condition} -> drop` }, { hook });
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return traceProgram(program, frame, about).rules[0]?.predicates ?? [];
}
/** The last comparison of a condition. */
const lastOf = (condition: string, frame: Uint8Array): PredicateTrace | undefined =>
  predicatesAt('xdp', condition, frame).at(-1);

describe('the decision', () => {
  const program = programOf('a: match udp -> pass\nb: match tcp -> count\nc: match dport 22 -> drop\nd: match any -> pass\n');

  test('is that of the interpreter, and every rule is there', () => {
    const { verdict, decided, rules } = traceProgram(program, overTcp);
    expect(verdict).toBe('drop');
    expect(decided?.label).toBe('c');
    expect(rules.map(({ matched }) => matched)).toEqual([false, true, true, true]);
  });

  test('is the default when no rule with a verdict matches', () => {
    const { verdict, decided } = traceProgram(programOf('default drop\nmatch udp -> pass\nmatch tcp -> count'), overTcp);
    expect(verdict).toBe('drop');
    expect(decided).toBeNull();
  });

  test('of random packets too, and a rule of predicates side by side matches when all are satisfied', () => {
    const all = programOf(
      `match tcp dport 22 not src 10.0.0.0/8 -> drop
match inner(not dport 53 proto { 6, 17 }) -> drop
match not inner(proto 0-200) payload contains "abc" -> drop
match tcp.option { mss, nop } not frag any network[0:1] & 0x40 = 0x40 -> pass
match not ip6.ext any not malformed ttl < 100 -> drop`,
    );
    const interpret = createInterpreter(all);
    const hints = hintsOf(all);
    const random = createRandom(9);
    let matches = 0;
    for (let at = 0; at < 4000; at++) {
      const frame = generatePacket(random, { hints });
      const trace = traceProgram(all, frame);
      const decision = interpret(frame);
      expect(trace.verdict).toBe(decision.verdict);
      for (const { rule, matched, predicates } of trace.rules) {
        expect(predicates.every(({ satisfied }) => satisfied)).toBe(matched);
        matches += matched ? 1 : 0;
        if (decision.rules.includes(rule.index)) expect(matched).toBe(true);
        for (const one of predicates) {
          expect((one.value === null) !== (one.absent === null)).toBe(true);
          if (one.bytes !== null) expect(one.bytes.start >= 0 && one.bytes.end <= frame.length).toBe(true);
          if (one.value === null) expect(one.holds).toBe(false);
        }
      }
    }
    expect(matches).toBeGreaterThan(1000);
  });
});

describe('values, and the bytes that they were read from', () => {
  const options = concat(integer(1, 1), option(2, integer(1460, 2)));
  const web = Buffer.from('GET /\r\n"\\');
  const whole = frameOf(ipv4({ proto: 6, src: address('10.1.2.3') }, tcp({ dport: 80, flags: 0x12, options }, web)), {
    tags: [{ id: 7, priority: 3 }],
  });

  test.each([
    ['dport 22', '80', 40, 42],
    ['src 10.0.0.0/8', '10.1.2.3', 30, 34],
    ['src & 255.0.255.0 = 10.0.2.0', '10.1.2.3', 30, 34],
    ['smac broadcast', '02:00:00:00:00:01', 6, 12],
    ['ethertype arp', '0x0800 (ip)', 16, 18],
    ['vlan 7', '7', 14, 16],
    ['proto udp', '6 (tcp)', 27, 28],
    ['flags RST', 'SYN,ACK', 51, 52],
    ['ip.df yes', '0 (no)', 24, 26],
    ['tcp.option md5', '{1 (nop), 2 (mss)}', 58, 66],
    ['tcp.mss < 500', '1460', 61, 63],
    ['payload.len > 90', '9', 66, 75],
    ['network[9:1] 17', '0x06', 27, 28],
    ['frame[0:2] 0x3333', '0x0200', 0, 2],
    ['payload contains "ET /"', '9 bytes "GET /\\r\\n\\"\\\\"', 67, 71],
    ['payload contains "POST"', '9 bytes "GET /\\r\\n\\"\\\\"', 66, 75],
    ['payload within 6 contains "POST"', '9 bytes "GET /\\r\\n\\"\\\\"', 66, 72],
    ['payload ends "xyz"', '0x0a225c', 72, 75],
  ])('%s', (condition, value, start, end) => {
    expect(lastOf(condition, whole)).toMatchObject({ value, absent: null, bytes: { start, end } });
  });

  test('of IPv6', () => {
    const header = { proto: 44, src: address('fd00::9') };
    const frame = frameOf(ipv6({ next: 60, ...header }, extension(44), fragment(17, 0, true), udp({ dport: 53 })));
    expect(lastOf('src fd00::9', frame)).toMatchObject({ value: 'fd00::9', bytes: { start: 22, end: 38 }, holds: true });
    expect(lastOf('proto udp', frame)).toMatchObject({ value: '17 (udp)', bytes: { start: 62, end: 63 } });
    expect(lastOf('frag first', frame)).toMatchObject({ value: 'first', bytes: { start: 64, end: 66 } });
    expect(lastOf('ip6.ext routing', frame)).toMatchObject({
      value: '{60 (destination), 44 (fragment)}',
      bytes: { start: 54, end: 70 },
    });
  });

  test('what is read from no bytes has none', () => {
    expect(lastOf('len > 20', overTcp)).toMatchObject({ value: String(overTcp.length), bytes: null });
    expect(lastOf('malformed', overTcp)).toMatchObject({ value: 'false', bytes: null });
    const [mark] = predicatesAt('tc ingress', 'mark 7', overTcp, { mark: 9 });
    expect(mark).toMatchObject({ value: '9', bytes: null, holds: false });
    const [iface] = predicatesAt('tc ingress', 'iface "veth*"', overTcp, { iface: 'veth9' });
    expect(iface).toMatchObject({ value: '"veth9"', holds: true });
  });

  test('in a tunnel they are places in the whole frame', () => {
    const frame = frameOf(ipv4({ proto: 41 }, ipv6({ next: 17 }, udp({ dport: 5353 }))));
    expect(lastOf('inner(dport 5353)', frame)).toMatchObject({
      inner: true,
      holds: true,
      value: '5353',
      bytes: { start: 76, end: 78 },
    });
  });
});

describe('not', () => {
  test('turns what is wanted, not what is found', () => {
    expect(lastOf('not dport 22', overTcp)).toMatchObject({ negated: true, holds: true, satisfied: false });
    expect(lastOf('not dport 23', overTcp)).toMatchObject({ negated: true, holds: false, satisfied: true });
    expect(lastOf('not (tcp not dport 22)', overTcp)).toMatchObject({ negated: false, holds: true, satisfied: true });
  });

  test('in and round a tunnel that is not there', () => {
    expect(lastOf('inner(not dport 22)', overTcp)).toMatchObject({ negated: true, holds: false, satisfied: false });
    expect(lastOf('not inner(dport 22)', overTcp)).toMatchObject({ negated: true, holds: false, satisfied: true });
    expect(lastOf('not inner(not dport 22)', overTcp)).toMatchObject({ negated: false, holds: false, satisfied: true });
  });
});

describe('why a field is absent', () => {
  const arpRequest = ethernet({ type: 0x0806 }, arp(1, address('10.0.0.1'), address('10.0.0.2')));
  const later = frameOf(ipv4({ proto: 6, fragmentOffset: 9 }, filler(30)));

  test.each([
    ['dport 22', arpRequest, 'the ethertype 0x0806 is not that of IP'],
    ['dport 22', later, 'a later fragment has no transport header'],
    ['dport 22', frameOf(ipv4({ proto: 1 }, filler(8))), 'proto 1 is not TCP, UDP or SCTP'],
    ['dport 22', frameOf(ipv4({ proto: 6, headerLength: 4 }, tcp({}))), 'the IPv4 header length 16 is below 20'],
    ['dport 22', frameOf(ipv6({ next: 0 }, filler(5))), 'the extension header of type 0 needs 8 bytes and 5 are there'],
    ['dport 22', overTcp.subarray(0, 37), 'cut off: it is read from bytes 36 to 37, and the datagram ends before byte 37'],
    ['ttl 64', overTcp.subarray(0, 20), 'cut off: it is read from bytes 22 to 22, and the packet ends before byte 20'],
    ['ttl 64', overTcp.subarray(0, 9), 'the Ethernet header needs 14 bytes'],
    ['ip.id 1', frameOf(ipv6({ next: 6 }, tcp({}))), 'the ethertype 0x86dd is not that of IPv4'],
    ['vlan 7', overTcp, 'there is no VLAN tag'],
    ['mpls.label 7', overTcp, 'there is no MPLS'],
    ['frag any', overTcp, 'the packet is not a fragment'],
    ['tcp.option mss', overTcp, 'the header has no options'],
    [
      'tcp.option mss',
      frameOf(ipv4({ proto: 6 }, tcp({ dataOffset: 9 }))),
      'the TCP header needs 36 bytes and the datagram has 20 for it',
    ],
    ['tcp.mss 7', overTcp, 'there is no such TCP option'],
    ['ip.options any', overTcp, 'the header has no options'],
    ['ip6.ext any', frameOf(ipv6({ next: 6 }, tcp({}))), 'the packet has no extension headers'],
    ['payload contains "x"', frameOf(ipv4({ proto: 47 }, filler(9))), 'proto 47 has no payload that is looked at'],
    ['payload.len 3', later, 'a later fragment has no transport header'],
    ['payload[3:2] 1', overTcp, 'the payload has 4 bytes, and 5 are needed'],
    ['transport[0:1] 1', later, 'a later fragment has no transport header'],
    ['network[99:1] 1', overTcp, `the network has ${overTcp.length - 14} bytes, and 100 are needed`],
    ['vxlan.vni 7', overTcp, 'proto 6 is no such tunnel'],
    ['gre.key 7', frameOf(ipv4({ proto: 47 }, gre({ type: 0x0800 }))), 'not GRE, no key, or cut off'],
    ['inner(dport 22)', overTcp, 'the packet carries no packet in a tunnel'],
    ['iface eth0', overTcp, 'nobody knows the interface of this packet (xdp)'],
    ['inner(smac broadcast)', frameOf(ipv4({ proto: 4 }, ipv4({ proto: 6 }))), 'an IP packet in a tunnel has no link layer'],
    [
      'inner(dport 22)',
      frameOf(ipv4({ proto: 17 }, udp({ dport: 4789 }, vxlan({ vni: 1 }, arpRequest)))),
      'the ethertype 0x0806 is not that of IP',
    ],
  ])('%s', (condition, frame, reason) => {
    expect(lastOf(condition, frame)).toMatchObject({ value: null, bytes: null, holds: false, absent: reason });
  });
});

test('why a packet is malformed', () => {
  expect(lastOf('malformed', frameOf(ipv4({ proto: 6, totalLength: 999 }, tcp({}))))).toMatchObject({
    value: 'true: the IPv4 total length 999 leads beyond the 40 bytes that are there',
    bytes: { start: 16, end: 18 },
  });
  expect(lastOf('malformed', frameOf(ipv4({ proto: 6 }, tcp({ dataOffset: 3 }))))).toMatchObject({
    value: 'true: the TCP data offset 12 is below 20',
    bytes: { start: 46, end: 47 },
  });
});
