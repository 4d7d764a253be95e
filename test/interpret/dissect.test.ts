/** `docs/packets.md`, sentence by sentence. */
import { describe, expect, test } from 'vitest';
import { dissect, dissectFrame } from '../../compiler/interpret/dissect.ts';
import type { FieldValue } from '../../compiler/interpret/read-field.ts';
import {
  address,
  arp,
  authentication,
  concat,
  ethernet,
  extension,
  filler,
  fragment,
  frameOf,
  icmp,
  ipv4,
  ipv6,
  pad,
  tcp,
  udp,
} from '../packets/build-packet.ts';
import { mpls } from '../packets/build-tunnel.ts';

const fields = (frame: Uint8Array): Record<string, FieldValue> => Object.fromEntries(dissect(frame));
const tcpSegment = tcp({ sport: 4000, dport: 22, flags: 0x12, window: 512 }, filler(5));
const TRANSPORT = ['sport', 'dport', 'flags', 'tcp.window', 'icmp.type', 'icmp.code', 'payload.len'] as const;
const withoutTransport = (values: Record<string, FieldValue>): void => {
  for (const name of TRANSPORT) {
    expect(values, name).not.toHaveProperty([name]);
  }
};

test('every field that is present has its value', () => {
  const frame = frameOf(ipv4({ proto: 6, ttl: 7, tos: 0xbb, src: address('10.1.2.3'), dst: address('192.0.2.1') }, tcpSegment));
  expect(fields(frame)).toEqual({
    smac: 0x020000000001,
    dmac: 0x020000000002,
    ethertype: 0x0800,
    src: 0x0a010203,
    dst: 0xc0000201,
    proto: 6,
    ttl: 7,
    dscp: 46,
    ecn: 3,
    'ip.len': 45,
    sport: 4000,
    dport: 22,
    flags: 0x12,
    'tcp.window': 512,
    len: 59,
    'payload.len': 5,
    malformed: 0,
    direction: 0,
    mark: 0,
    'vlan.depth': 0,
    'ip.id': 0,
    'ip.df': 0,
    'ip.hdrlen': 20,
    'tcp.seq': 1,
    'tcp.ack': 2,
    'tcp.hdrlen': 20,
    payload: filler(5),
  });
});

test('ipv6 has its own places for the same fields', () => {
  const header = { next: 58, hopLimit: 255, trafficClass: 0xbb, src: address('fd00::1'), dst: address('ff02::1') };
  expect(fields(frameOf(ipv6(header, icmp({ type: 135, code: 2 }, filler(20)))))).toEqual({
    smac: 0x020000000001,
    dmac: 0x020000000002,
    ethertype: 0x86dd,
    src: 0xfd000000000000000000000000000001n,
    dst: 0xff020000000000000000000000000001n,
    proto: 58,
    ttl: 255,
    dscp: 46,
    ecn: 3,
    'icmp.type': 135,
    'icmp.code': 2,
    len: 82,
    'payload.len': 20,
    malformed: 0,
    direction: 0,
    mark: 0,
    'vlan.depth': 0,
    'ip6.flow': 0,
    payload: filler(20),
  });
});

test('a packet that leaves has another direction', () => {
  const frame = frameOf(ipv4({ proto: 6 }, tcpSegment));
  expect(dissect(frame, 'tc egress').get('direction')).toBe(1);
  expect(dissect(frame, 'tc ingress').get('direction')).toBe(0);
});

describe('link layer', () => {
  const frame = frameOf(ipv4({ proto: 6 }, tcpSegment));

  test.each([
    [0, []],
    [5, []],
    [6, ['dmac']],
    [11, ['dmac']],
    [12, ['dmac', 'smac']],
    [13, ['dmac', 'smac']],
  ])('a frame of %i bytes is malformed', (length, present) => {
    const values = fields(frame.subarray(0, length));
    expect(values).toMatchObject({ malformed: 1, len: length });
    expect(
      Object.keys(values)
        .filter((name) => name.endsWith('mac'))
        .sort(),
    ).toEqual(present);
    expect(values).not.toHaveProperty('ethertype');
  });

  test.each([0x8100, 0x88a8, 0x9100])('a tag of type %i is stepped over', (tpid) => {
    const tagged = ethernet({ tags: [{ tpid, id: 100, priority: 7 }], type: 0x0800 }, ipv4({ proto: 6 }, tcpSegment));
    expect(fields(tagged)).toMatchObject({ vlan: 100, ethertype: 0x0800, dport: 22, malformed: 0 });
  });

  test('the outermost of two tags counts', () => {
    const tagged = frameOf(ipv6({ next: 6 }, tcpSegment), { tags: [{ tpid: 0x88a8, id: 7 }, { id: 8 }] });
    expect(fields(tagged)).toMatchObject({ vlan: 7, ethertype: 0x86dd, dport: 22, malformed: 0 });
  });

  test('a third tag is the type', () => {
    const tagged = frameOf(ipv4({ proto: 6 }, tcpSegment), { tags: [{ id: 7 }, { id: 8 }, { tpid: 0x9100, id: 9 }] });
    expect(fields(tagged)).toMatchObject({ vlan: 7, ethertype: 0x9100, malformed: 0 });
    expect(fields(tagged)).not.toHaveProperty('src');
  });

  test('a cut tag is malformed, and its identifier counts when it is there', () => {
    const tagged = frameOf(ipv4({ proto: 6 }, tcpSegment), { tags: [{ id: 7 }, { id: 8 }] });
    for (const [length, vlan] of [
      [14, undefined],
      [15, undefined],
      [16, 7],
      [17, 7],
      [18, 7],
      [21, 7],
    ] as const) {
      const values = fields(tagged.subarray(0, length));
      expect(values).toMatchObject({ malformed: 1 });
      expect(values.vlan).toBe(vlan);
      expect(values).not.toHaveProperty('ethertype');
    }
    expect(fields(tagged.subarray(0, 22))).toMatchObject({ ethertype: 0x0800, vlan: 7, malformed: 1 });
  });

  test('priority and number of tags', () => {
    const tags = [{ tpid: 0x88a8, id: 7, priority: 5 }, { id: 8, priority: 1 }, { id: 9 }];
    for (const [count, pcp] of [
      [0, undefined],
      [1, 5],
      [2, 5],
      [3, 5],
    ] as const) {
      const values = fields(frameOf(ipv4({ proto: 6 }, tcpSegment), { tags: tags.slice(0, count) }));
      expect(values['vlan.depth']).toBe(Math.min(count, 2));
      expect(values['vlan.pcp']).toBe(pcp);
    }
    // A tag counts when its TCI is there.
    const tagged = frameOf(ipv4({ proto: 6 }, tcpSegment), { tags });
    for (const [length, depth] of [
      [13, undefined],
      [14, 0],
      [15, 0],
      [16, 1],
      [17, 1],
      [19, 1],
      [20, 2],
      [21, 2],
      [22, 2],
    ] as const) {
      const cut = fields(tagged.subarray(0, length));
      expect(cut['vlan.depth'], `${length}`).toBe(depth);
      expect(cut['vlan.pcp'], `${length}`).toBe(length < 16 ? undefined : 5);
    }
  });

  test.each([0x8847, 0x8848])('the first label behind type %i, and nothing of what it carries', (type) => {
    const frame = ethernet({ tags: [{ id: 7 }], type }, mpls(0xabcde, false), mpls(5), ipv4({ proto: 6 }, tcpSegment));
    expect(fields(frame)).toMatchObject({ 'mpls.label': 0xabcde, ethertype: type, malformed: 0 });
    expect(fields(frame)).not.toHaveProperty('src');
    const cut = fields(frame.subarray(0, 21));
    expect(cut).not.toHaveProperty(['mpls.label']);
    expect(cut.malformed).toBe(0);
    expect(fields(frame.subarray(0, 22))['mpls.label']).toBe(0xabcde);
    expect(fields(ethernet({ type: 0x8864 }, mpls(5)))).not.toHaveProperty(['mpls.label']);
  });

  test('a length of IEEE 802.3 stands as it is', () => {
    expect(fields(ethernet({ type: 38 }, filler(46)))).toMatchObject({ ethertype: 38, malformed: 0, len: 60 });
  });

  test('arp has no ip fields', () => {
    const values = fields(ethernet({ type: 0x0806 }, arp(1, address('10.0.0.1'), address('10.0.0.2'))));
    expect(values).toMatchObject({ ethertype: 0x0806, malformed: 0 });
    expect(values).not.toHaveProperty('src');
    expect(values).not.toHaveProperty('proto');
  });
});

describe('ipv4', () => {
  test('fields of the fixed header are there as soon as their bytes are', () => {
    const frame = frameOf(ipv4({ proto: 17, moreFragments: true }, udp({})));
    const first: Record<string, number> = {
      'ip.hdrlen': 15,
      dscp: 16,
      ecn: 16,
      'ip.id': 20,
      'ip.df': 22,
      'ip.len': 18,
      frag: 22,
      ttl: 23,
      proto: 24,
      src: 30,
      dst: 34,
      sport: 36,
    };
    for (const [name, length] of Object.entries(first)) {
      expect(fields(frame.subarray(0, length - 1)), `${name} in ${length - 1}`).not.toHaveProperty([name]);
      expect(fields(frame.subarray(0, length)), `${name} in ${length}`).toHaveProperty([name]);
    }
    for (let length = 14; length < frame.length; length++) {
      expect(fields(frame.subarray(0, length)).malformed).toBe(1);
    }
    expect(fields(frame).malformed).toBe(0);
  });

  test.each([
    ['another version', { version: 6 }],
    ['a header length below 20', { headerLength: 4 }],
    ['a header beyond the frame', { headerLength: 15 }],
    ['a total length below the header', { totalLength: 19 }],
  ])('%s: malformed, and no transport layer', (_, lie) => {
    const values = fields(ethernet({ type: 0x0800 }, ipv4({ proto: 6, ...lie }, tcpSegment.subarray(0, 20))));
    expect(values).toMatchObject({ malformed: 1, proto: 6, ttl: 64, src: 0x0a000001 });
    withoutTransport(values);
  });

  test('options move the transport header', () => {
    const frame = frameOf(ipv4({ proto: 6, options: filler(40) }, tcpSegment));
    expect(fields(frame)).toMatchObject({ dport: 22, 'payload.len': 5, malformed: 0 });
  });

  test('a total length of 0 means the rest of the frame', () => {
    const frame = frameOf(ipv4({ proto: 6, totalLength: 0 }, tcpSegment));
    expect(fields(frame)).toMatchObject({ dport: 22, 'payload.len': 5, 'ip.len': 0, malformed: 0 });
  });

  test('a total length beyond the frame is malformed, and hides nothing', () => {
    const frame = frameOf(ipv4({ proto: 6, totalLength: 4000 }, tcpSegment));
    expect(fields(frame)).toMatchObject({ dport: 22, 'payload.len': 5, 'ip.len': 4000, malformed: 1 });
  });

  test('padding is neither header nor payload', () => {
    expect(fields(pad(frameOf(ipv4({ proto: 6 }, tcp({ dport: 22 })))))).toMatchObject({
      'payload.len': 0,
      len: 60,
      malformed: 0,
    });
    const empty = fields(pad(frameOf(ipv4({ proto: 6 })), 80));
    expect(empty.malformed).toBe(1);
    withoutTransport(empty);
    // Ports inside the datagram, flags in the padding.
    const half = fields(pad(frameOf(ipv4({ proto: 6, totalLength: 24 }, tcpSegment))));
    expect(half).toMatchObject({ sport: 4000, dport: 22, malformed: 1 });
    expect(half).not.toHaveProperty('flags');
  });

  test('only the first fragment has a transport header', () => {
    const first = fields(frameOf(ipv4({ proto: 6, moreFragments: true }, tcpSegment)));
    expect(first).toMatchObject({ frag: 1, proto: 6, dport: 22, malformed: 0 });
    for (const moreFragments of [true, false]) {
      const later = fields(frameOf(ipv4({ proto: 6, fragmentOffset: 1, moreFragments }, tcpSegment)));
      expect(later).toMatchObject({ frag: 2, proto: 6, malformed: 0 });
      withoutTransport(later);
    }
    expect(fields(frameOf(ipv4({ proto: 6, dontFragment: true }, tcpSegment)))).not.toHaveProperty('frag');
  });
});

describe('what the headers state', () => {
  test('ipv4', () => {
    const header = { proto: 17, id: 0xbeef, dontFragment: true, options: filler(8) };
    expect(fields(frameOf(ipv4(header, udp({ length: 999 }))))).toMatchObject({
      'ip.id': 0xbeef,
      'ip.df': 1,
      'ip.hdrlen': 28,
      'udp.len': 999,
    });
    const lying = ethernet({ type: 0x0800 }, ipv4({ proto: 17, headerLength: 2, version: 9, moreFragments: true }));
    expect(fields(lying)).toMatchObject({ 'ip.hdrlen': 8, 'ip.df': 0, malformed: 1 });
  });

  test('ipv6', () => {
    expect(fields(frameOf(ipv6({ next: 6, flow: 0xabcde, trafficClass: 0xff }, tcpSegment)))['ip6.flow']).toBe(0xabcde);
    const cut = ethernet({ type: 0x86dd }, ipv6({ next: 6, version: 3, flow: 7 })).subarray(0, 18);
    expect(fields(cut)['ip6.flow']).toBe(7);
    expect(fields(cut.subarray(0, 17))).not.toHaveProperty(['ip6.flow']);
  });

  test('tcp, as far as it lies before the end of the datagram', () => {
    const segment = tcp({ seq: 0xfedcba98, ack: 0x89abcdef, dataOffset: 15 });
    const first = { 'tcp.seq': 8, 'tcp.ack': 12, 'tcp.hdrlen': 13 };
    const values = { 'tcp.seq': 0xfedcba98, 'tcp.ack': 0x89abcdef, 'tcp.hdrlen': 60 };
    for (const [name, length] of Object.entries(first)) {
      const at = (count: number) => fields(pad(frameOf(ipv4({ proto: 6 }, segment.subarray(0, count))), 120));
      expect(at(length)[name]).toBe(values[name as keyof typeof values]);
      expect(at(length - 1)).not.toHaveProperty([name]);
    }
  });
});

describe('ipv6', () => {
  const carried = (first: number, ...body: Uint8Array[]): Record<string, FieldValue> =>
    fields(frameOf(ipv6({ next: first }, ...body)));

  test.each([
    ['another version', frameOf(ipv6({ next: 6, version: 4 }, tcpSegment))],
    ['fewer than 40 bytes', frameOf(ipv6({ next: 6 }, tcpSegment)).subarray(0, 53)],
  ])('%s: malformed, without proto, frag and transport', (_, frame) => {
    const values = fields(ethernet({ type: 0x86dd }, frame.subarray(14)));
    expect(values).toMatchObject({ malformed: 1, ttl: 64, dscp: 0, src: 0xfd000000000000000000000000000001n });
    expect(values).not.toHaveProperty('proto');
    expect(values).not.toHaveProperty('frag');
    withoutTransport(values);
  });

  test('a payload length of 0 means the rest of the frame, and padding is left out otherwise', () => {
    expect(fields(frameOf(ipv6({ next: 17, payloadLength: 0 }, udp({}, filler(9)))))).toMatchObject({
      'payload.len': 9,
      malformed: 0,
    });
    expect(fields(pad(frameOf(ipv6({ next: 17 }, udp({}, filler(3)))), 80))).toMatchObject({ 'payload.len': 3, malformed: 0 });
  });

  test('a payload length beyond the frame is malformed', () => {
    const plain = fields(frameOf(ipv6({ next: 6, payloadLength: 999 }, tcpSegment)));
    expect(plain).toMatchObject({ malformed: 1, proto: 6, dport: 22 });
    for (const next of [0, 43, 44, 51, 60]) {
      const walked = fields(frameOf(ipv6({ next, payloadLength: 999 }, fragment(6, 0, true), tcpSegment)));
      expect(walked.malformed).toBe(1);
      expect(walked).not.toHaveProperty('proto');
      expect(walked).not.toHaveProperty('frag');
      withoutTransport(walked);
    }
  });

  test('extension headers are walked, by the length that each kind has', () => {
    const chain = concat(extension(43, 1), extension(60, 0), extension(51, 2), authentication(44, 5), fragment(6, 0, false));
    expect(carried(0, chain, tcpSegment)).toMatchObject({ proto: 6, dport: 22, 'payload.len': 5, malformed: 0 });
    expect(carried(0, chain, tcpSegment)).not.toHaveProperty('frag');
  });

  test('eight are walked, nine are too many', () => {
    const chain = (count: number): Uint8Array =>
      concat(...Array.from({ length: count }, (_, at) => extension(at === count - 1 ? 6 : 60)));
    expect(carried(60, chain(8), tcpSegment)).toMatchObject({ proto: 6, dport: 22, malformed: 0 });
    const nine = carried(60, chain(9), tcpSegment);
    expect(nine.malformed).toBe(1);
    expect(nine).not.toHaveProperty('proto');
    withoutTransport(nine);
  });

  test.each([
    ['fewer than 8 bytes', 0, filler(7)],
    ['a length beyond the datagram', 0, extension(6, 1).subarray(0, 15)],
    ['an authentication header beyond the datagram', 51, authentication(6, 2).subarray(0, 12)],
  ])('%s: malformed', (_, first, body) => {
    const values = carried(first, body);
    expect(values.malformed).toBe(1);
    expect(values).not.toHaveProperty('proto');
  });

  test('a header cut off by the datagram, not by the frame, is cut too', () => {
    const values = fields(pad(frameOf(ipv6({ next: 0, payloadLength: 7 }, extension(6), tcpSegment)), 120));
    expect(values.malformed).toBe(1);
    expect(values).not.toHaveProperty('proto');
  });

  test('fragments', () => {
    expect(carried(44, fragment(6, 0, true), tcpSegment)).toMatchObject({ frag: 1, proto: 6, dport: 22 });
    const later = carried(44, fragment(6, 1, false), tcpSegment);
    expect(later).toMatchObject({ frag: 2, proto: 6, malformed: 0 });
    withoutTransport(later);
    // What a later fragment says comes next is not a header of this packet.
    expect(carried(44, fragment(60, 1, true), filler(8))).toMatchObject({ frag: 2, proto: 60, malformed: 0 });
    // A walk that fails behind the fragment header does not undo it.
    const cut = carried(44, fragment(60, 0, true), filler(3));
    expect(cut).toMatchObject({ frag: 1, malformed: 1 });
    expect(cut).not.toHaveProperty('proto');
    // An atomic fragment behind a first one changes nothing.
    expect(carried(44, fragment(44, 0, true), fragment(6, 0, false), tcpSegment)).toMatchObject({ frag: 1, dport: 22 });
  });

  test('mobility and no next header are not walked', () => {
    for (const next of [135, 59]) {
      const values = carried(next, extension(6), tcpSegment);
      expect(values).toMatchObject({ proto: next, malformed: 0 });
      withoutTransport(values);
    }
  });
});

describe('transport', () => {
  test.each([
    ['tcp', 6, 20],
    ['udp', 17, 8],
    ['sctp', 132, 12],
  ])('%s over both families', (_, proto, size) => {
    for (const datagram of [ipv4({ proto }, tcpSegment), ipv6({ next: proto }, tcpSegment)]) {
      const frame = frameOf(datagram);
      expect(fields(frame)).toMatchObject({ sport: 4000, dport: 22, 'payload.len': 25 - size, malformed: 0 });
    }
    for (const [length, malformed] of [
      [size - 1, 1],
      [size, 0],
    ] as const) {
      const cut = fields(frameOf(ipv4({ proto }, tcpSegment.subarray(0, length))));
      expect(cut.malformed).toBe(malformed);
      expect(cut['payload.len']).toBe(malformed ? undefined : 0);
    }
  });

  test('icmp belongs to ipv4, icmpv6 to ipv6', () => {
    const message = icmp({ type: 8, code: 1 }, filler(4));
    expect(fields(frameOf(ipv4({ proto: 1 }, message)))).toMatchObject({ 'icmp.type': 8, 'icmp.code': 1, 'payload.len': 4 });
    expect(fields(frameOf(ipv6({ next: 58 }, message)))).toMatchObject({ 'icmp.type': 8, 'icmp.code': 1, 'payload.len': 4 });
    withoutTransport(fields(frameOf(ipv4({ proto: 58 }, message))));
    withoutTransport(fields(frameOf(ipv6({ next: 1 }, message))));
    expect(fields(frameOf(ipv4({ proto: 1 }, message.subarray(0, 7)))).malformed).toBe(1);
    // No header to be cut: ICMP over IPv6 means nothing.
    expect(fields(frameOf(ipv6({ next: 1 }, message.subarray(0, 3)))).malformed).toBe(0);
  });

  test('the data offset of tcp', () => {
    const short = fields(frameOf(ipv4({ proto: 6 }, tcp({ dataOffset: 4 }, filler(30)))));
    expect(short).toMatchObject({ malformed: 1, dport: 80, flags: 0x10 });
    expect(short).not.toHaveProperty('payload.len');
    const long = fields(frameOf(ipv4({ proto: 6 }, tcp({ dataOffset: 6 }, filler(3)))));
    expect(long).toMatchObject({ malformed: 1, dport: 80, flags: 0x10 });
    expect(long).not.toHaveProperty('payload.len');
    expect(fields(frameOf(ipv4({ proto: 6 }, tcp({ options: filler(40) }, filler(3)))))).toMatchObject({
      malformed: 0,
      'payload.len': 3,
    });
  });

  test('the length of udp is not looked at', () => {
    expect(fields(frameOf(ipv4({ proto: 17 }, udp({ length: 3 }, filler(6)))))).toMatchObject({
      'payload.len': 6,
      malformed: 0,
    });
  });

  test('the payload is where it is said to be', () => {
    const frame = pad(frameOf(ipv4({ proto: 6 }, tcp({ options: filler(4) }, filler(3)))), 80);
    const { payload } = dissectFrame(frame).stretches;
    expect(payload).toEqual({ start: 14 + 20 + 24, end: 14 + 20 + 24 + 3 });
  });
});
