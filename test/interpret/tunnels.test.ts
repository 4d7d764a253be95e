/** "Tunnels" of `docs/packets.md`. */
import { describe, expect, test } from 'vitest';
import { concat, ethernet, extension, filler, fragment, frameOf, ipv4, ipv6, pad, tcp, udp } from '../packets/build-packet.ts';
import { geneve, gre, vxlan } from '../packets/build-tunnel.ts';
import { fieldOf, innerFieldOf } from './fields-of.ts';

const inner4 = ipv4({ proto: 6 }, tcp({ dport: 22 }, filler(4)));
const inner6 = ipv6({ next: 17 }, udp({ dport: 5353 }, filler(6)));
const innerFrame = frameOf(inner4, { tags: [{ id: 77, priority: 3 }] });

/** Over both families. */
const carriedBy = (proto: number, ...body: readonly Uint8Array[]): readonly Uint8Array[] => [
  frameOf(ipv4({ proto }, ...body)),
  frameOf(ipv6({ next: proto }, ...body)),
  frameOf(ipv6({ next: 60 }, extension(proto), ...body), { tags: [{ id: 5 }] }),
];
const overUdp = (dport: number, ...body: readonly Uint8Array[]): readonly Uint8Array[] =>
  carriedBy(17, udp({ dport }, ...body));

const expectInner4 = (frames: readonly Uint8Array[]): void => {
  for (const frame of frames) {
    expect(innerFieldOf(frame, 'dport')).toBe(22);
    expect(innerFieldOf(frame, 'ethertype')).toBe(0x0800);
    expect(innerFieldOf(frame, 'malformed')).toBe(0);
  }
};
const expectNone = (frames: readonly Uint8Array[]): void => {
  for (const frame of frames) {
    expect(innerFieldOf(frame, 'malformed')).toBeUndefined();
  }
};

describe('ip in ip', () => {
  test('all four', () => {
    expectInner4(carriedBy(4, inner4));
    for (const frame of carriedBy(41, inner6)) {
      expect(innerFieldOf(frame, 'dport')).toBe(5353);
      expect(innerFieldOf(frame, 'ethertype')).toBe(0x86dd);
      expect(fieldOf(frame, 'proto')).toBe(41);
      expect(fieldOf(frame, 'dport')).toBeNull();
    }
  });

  test('has no link layer, and begins with its header', () => {
    for (const frame of carriedBy(4, inner4)) {
      for (const field of ['smac', 'dmac', 'vlan', 'vlan.pcp', 'vlan.depth', 'mpls.label']) {
        expect(innerFieldOf(frame, field), field).toBeNull();
      }
      expect(innerFieldOf(frame, 'len')).toBe(inner4.length);
      expect(innerFieldOf(frame, 'frame[0:1]')).toBe(0x45);
      expect(innerFieldOf(frame, 'network[0:1]')).toBe(0x45);
      expect(innerFieldOf(frame, 'transport[2:2]')).toBe(22);
      expect(innerFieldOf(frame, 'payload[-1:1]')).toBe(3);
    }
  });

  test('the other family in it is malformed', () => {
    for (const frame of carriedBy(4, inner6)) {
      expect(innerFieldOf(frame, 'malformed')).toBe(1);
      expect(fieldOf(frame, 'malformed')).toBe(0);
      expect(innerFieldOf(frame, 'dport')).toBeNull();
    }
  });

  test('may be empty', () => {
    for (const frame of carriedBy(41)) {
      expect(innerFieldOf(frame, 'malformed')).toBe(1);
      expect(innerFieldOf(frame, 'len')).toBe(0);
      expect(innerFieldOf(frame, 'ethertype')).toBe(0x86dd);
    }
  });

  test('a later fragment carries none, the first one does', () => {
    expectNone([
      frameOf(ipv4({ proto: 4, fragmentOffset: 1 }, inner4)),
      frameOf(ipv6({ next: 44 }, fragment(4, 1, true), inner4)),
    ]);
    expectInner4([
      frameOf(ipv4({ proto: 4, moreFragments: true }, inner4)),
      frameOf(ipv6({ next: 44 }, fragment(4, 0, true), inner4)),
    ]);
  });

  test('ends where the outer datagram does', () => {
    const padded = pad(frameOf(ipv4({ proto: 4 }, ipv4({ proto: 17, totalLength: 0 }, udp({}, filler(2))))), 100);
    expect(innerFieldOf(padded, 'len')).toBe(30);
    expect(innerFieldOf(padded, 'payload.len')).toBe(2);
    const cut = frameOf(ipv4({ proto: 4, totalLength: 20 + 22 }, inner4));
    expect(innerFieldOf(cut, 'sport')).toBe(40000);
    expect(innerFieldOf(cut, 'dport')).toBeNull();
    expect(innerFieldOf(cut, 'malformed')).toBe(1);
    expect(fieldOf(cut, 'malformed')).toBe(0);
    expect(innerFieldOf(cut, 'frame[21:1]')).not.toBeNull();
    expect(innerFieldOf(cut, 'frame[22:1]')).toBeNull();
  });
});

describe('gre', () => {
  test('every combination of its parts moves the packet', () => {
    for (const checksum of [false, true]) {
      for (const key of [undefined, 0xdeadbeef]) {
        for (const sequence of [undefined, 5]) {
          const header = {
            type: 0x0800,
            checksum,
            ...(key === undefined ? {} : { key }),
            ...(sequence === undefined ? {} : { sequence }),
          };
          const frames = carriedBy(47, gre(header, inner4));
          expectInner4(frames);
          for (const frame of frames) expect(fieldOf(frame, 'gre.key')).toBe(key ?? null);
        }
      }
    }
  });

  test('carries what its type says', () => {
    for (const frame of carriedBy(47, gre({ type: 0x86dd }, inner6))) expect(innerFieldOf(frame, 'dport')).toBe(5353);
    for (const frame of carriedBy(47, gre({ type: 0x6558 }, innerFrame))) {
      expect(innerFieldOf(frame, 'dport')).toBe(22);
      expect(innerFieldOf(frame, 'vlan')).toBe(77);
    }
    expectNone(carriedBy(47, gre({ type: 0x8847 }, inner4)));
    expectNone(carriedBy(47, gre({ type: 0x0806 }, inner4)));
  });

  test('another version, or a routing field: neither key nor packet', () => {
    for (const header of [{ version: 1 }, { version: 4 }, { routing: true }]) {
      const frames = carriedBy(47, gre({ type: 0x0800, key: 7, ...header }, inner4));
      expectNone(frames);
      for (const frame of frames) expect(fieldOf(frame, 'gre.key')).toBeNull();
    }
  });

  test('cut off is not malformed', () => {
    const whole = gre({ type: 0x0800, checksum: true, key: 7, sequence: 1 });
    for (const [length, key, packet] of [
      [3, null, false],
      [11, null, false],
      [12, 7, false],
      [15, 7, false],
      [16, 7, true],
    ] as const) {
      for (const frame of carriedBy(47, whole.subarray(0, length)).map((one) => pad(one, 120))) {
        expect(fieldOf(frame, 'gre.key'), `${length}`).toBe(key);
        expect(innerFieldOf(frame, 'malformed') !== undefined, `${length}`).toBe(packet);
        expect(fieldOf(frame, 'malformed')).toBe(0);
      }
    }
  });
});

describe('vxlan', () => {
  test('carries Ethernet, whole', () => {
    for (const frame of overUdp(4789, vxlan({ vni: 0xabcdef }, innerFrame))) {
      expect(fieldOf(frame, 'vxlan.vni')).toBe(0xabcdef);
      expect(innerFieldOf(frame, 'dport')).toBe(22);
      expect(innerFieldOf(frame, 'vlan')).toBe(77);
      expect(innerFieldOf(frame, 'vlan.pcp')).toBe(3);
      expect(innerFieldOf(frame, 'vlan.depth')).toBe(1);
      expect(innerFieldOf(frame, 'smac')).toBe(0x020000000001);
      expect(innerFieldOf(frame, 'len')).toBe(innerFrame.length);
      expect(innerFieldOf(frame, 'frame[12:2]')).toBe(0x8100);
      expect(innerFieldOf(frame, 'vxlan.vni')).toBeNull();
    }
  });

  test('needs its port, its flag and eight bytes', () => {
    const none = [
      ...overUdp(4790, vxlan({ vni: 1 }, innerFrame)),
      ...overUdp(4789, vxlan({ vni: 1, flags: 0xf7 }, innerFrame)),
      ...overUdp(4789, vxlan({ vni: 1 }).subarray(0, 7)).map((frame) => pad(frame, 120)),
      ...carriedBy(17, udp({ sport: 4789, dport: 5 }, vxlan({ vni: 1 }, innerFrame))),
      ...carriedBy(6, tcp({ dport: 4789 }, vxlan({ vni: 1 }, innerFrame))),
    ];
    expectNone(none);
    for (const frame of none) expect(fieldOf(frame, 'vxlan.vni')).toBeNull();
    for (const frame of overUdp(4789, vxlan({ vni: 1, flags: 0x0c }))) {
      expect(fieldOf(frame, 'vxlan.vni')).toBe(1);
      expect(innerFieldOf(frame, 'malformed')).toBe(1);
      expect(fieldOf(frame, 'malformed')).toBe(0);
    }
  });
});

describe('geneve', () => {
  test('carries what its type says, behind its options', () => {
    for (const options of [filler(0), filler(4), filler(252)]) {
      for (const frame of overUdp(6081, geneve({ vni: 42, options }, innerFrame))) {
        expect(fieldOf(frame, 'geneve.vni')).toBe(42);
        expect(innerFieldOf(frame, 'vlan')).toBe(77);
      }
      expectInner4(overUdp(6081, geneve({ vni: 42, options, type: 0x0800 }, inner4)));
      for (const frame of overUdp(6081, geneve({ vni: 42, options, type: 0x86dd }, inner6))) {
        expect(innerFieldOf(frame, 'dport')).toBe(5353);
      }
    }
  });

  test('another version is none', () => {
    const frames = overUdp(6081, geneve({ vni: 42, version: 1 }, innerFrame));
    expectNone(frames);
    for (const frame of frames) expect(fieldOf(frame, 'geneve.vni')).toBeNull();
  });

  test('options that lead out of the datagram: an identifier and no packet', () => {
    const header = geneve({ vni: 42, options: filler(8) });
    for (const frame of overUdp(6081, header)) expect(innerFieldOf(frame, 'len')).toBe(0);
    const frames = overUdp(6081, header.subarray(0, 15)).map((frame) => pad(frame, 150));
    expectNone(frames);
    for (const frame of frames) expect(fieldOf(frame, 'geneve.vni')).toBe(42);
    const short = overUdp(6081, header.subarray(0, 7));
    for (const frame of short) expect(fieldOf(frame, 'geneve.vni')).toBeNull();
  });

  test('an unknown type: an identifier and no packet', () => {
    const frames = overUdp(6081, geneve({ vni: 42, type: 0x8847 }, innerFrame));
    expectNone(frames);
    for (const frame of frames) expect(fieldOf(frame, 'geneve.vni')).toBe(42);
  });
});

test('a tunnel in a tunnel: its fields are there, its packet is not asked for', () => {
  const second = frameOf(ipv4({ proto: 17 }, udp({ dport: 4789 }, vxlan({ vni: 2 }, innerFrame))));
  const first = frameOf(ipv4({ proto: 17 }, udp({ dport: 4789 }, vxlan({ vni: 1 }, second))));
  expect(fieldOf(first, 'vxlan.vni')).toBe(1);
  expect(innerFieldOf(first, 'vxlan.vni')).toBe(2);
  expect(innerFieldOf(first, 'dport')).toBe(4789);
});

test('mpls and pppoe are not stepped over', () => {
  expectNone([
    ethernet({ type: 0x8847 }, concat(Uint8Array.of(0, 1, 1, 64), inner4)),
    ethernet({ type: 0x8864 }, filler(8), inner4),
  ]);
});

test('what carries no tunnel has no packet in it', () => {
  expectNone([frameOf(inner4), frameOf(inner6), ethernet({ type: 0x0806 }, filler(28)), new Uint8Array(), filler(13)]);
});
