/** "Raw reads" of `docs/packets.md`. */
import { describe, expect, test } from 'vitest';
import {
  address,
  arp,
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
import { fieldOf } from './fields-of.ts';

const overUdp = frameOf(ipv4({ proto: 17 }, udp({ sport: 0x1234, dport: 0x5678 }, filler(10))));

test('up to six bytes, as an unsigned integer in network byte order', () => {
  expect(fieldOf(overUdp, 'payload[1:1]')).toBe(1);
  expect(fieldOf(overUdp, 'payload[1:2]')).toBe(0x0102);
  expect(fieldOf(overUdp, 'payload[1:3]')).toBe(0x010203);
  expect(fieldOf(overUdp, 'payload[1:4]')).toBe(0x01020304);
  expect(fieldOf(overUdp, 'payload[1:5]')).toBe(0x0102030405);
  expect(fieldOf(overUdp, 'payload[1:6]')).toBe(0x010203040506);
  const high = frameOf(ipv4({ proto: 17 }, udp({}, new Uint8Array(6).fill(0xff))));
  expect(fieldOf(high, 'payload[0:6]')).toBe(0xffffffffffff);
  expect(fieldOf(high, 'payload[0:4]')).toBe(0xffffffff);
});

describe('frame', () => {
  test('is the whole frame, padding and tags included', () => {
    const frame = pad(frameOf(ipv4({ proto: 17 }, udp({})), { tags: [{ id: 7 }] }));
    expect(fieldOf(frame, 'frame[12:4]')).toBe(0x81000007);
    expect(fieldOf(frame, 'frame[0:6]')).toBe(0x020000000002);
    expect(fieldOf(frame, 'frame[59:1]')).toBe(0);
    expect(fieldOf(frame, 'frame[59:2]')).toBeNull();
  });

  test('is there in the shortest of frames', () => {
    expect(fieldOf(Uint8Array.of(9), 'frame[0:1]')).toBe(9);
    expect(fieldOf(new Uint8Array(), 'frame[0:1]')).toBeNull();
  });
});

describe('network', () => {
  test('begins behind the tags, whatever the type', () => {
    expect(fieldOf(overUdp, 'network[0:1]')).toBe(0x45);
    const tagged = frameOf(ipv4({ proto: 17 }, udp({})), { tags: [{ id: 1 }, { id: 2 }] });
    expect(fieldOf(tagged, 'network[0:1]')).toBe(0x45);
    const third = frameOf(ipv4({ proto: 17 }, udp({})), { tags: [{ id: 1 }, { id: 2 }, { id: 3 }] });
    expect(fieldOf(third, 'network[0:4]')).toBe(0x00030800);
    expect(fieldOf(ethernet({ type: 0x0806 }, arp(2, address('10.0.0.1'), address('10.0.0.2'))), 'network[6:2]')).toBe(2);
    expect(fieldOf(ethernet({ type: 0x8847 }, mpls(5)), 'network[0:4]')).toBe(0x5140);
  });

  test('ends with the datagram, and with the frame where nobody says where that is', () => {
    const padded = pad(frameOf(ipv4({ proto: 17 }, udp({}, filler(1)))), 60);
    expect(fieldOf(padded, 'network[28:1]')).toBe(0);
    expect(fieldOf(padded, 'network[29:1]')).toBeNull();
    const zero = pad(frameOf(ipv4({ proto: 17, totalLength: 0 }, udp({}, filler(1)))), 60);
    expect(fieldOf(zero, 'network[45:1]')).toBe(0);
    const beyond = frameOf(ipv4({ proto: 17, totalLength: 999 }, udp({}, filler(1))));
    expect(fieldOf(beyond, 'network[28:1]')).toBe(0);
    expect(fieldOf(beyond, 'network[29:1]')).toBeNull();
    const sixth = pad(frameOf(ipv6({ next: 17 }, udp({}, filler(1)))), 80);
    expect(fieldOf(sixth, 'network[48:1]')).toBe(0);
    expect(fieldOf(sixth, 'network[49:1]')).toBeNull();
    expect(fieldOf(pad(ethernet({ type: 0x0806 }, filler(4))), 'network[45:1]')).toBe(0);
  });

  test('the ipv4 total length ends it whatever version and header length say', () => {
    for (const lie of [{ version: 7 }, { headerLength: 2 }]) {
      const frame = pad(frameOf(ipv4({ proto: 17, totalLength: 22, ...lie }, udp({})), {}), 60);
      const typed = concat(frame.subarray(0, 12), Uint8Array.of(8, 0), frame.subarray(14));
      expect(fieldOf(typed, 'network[21:1]')).not.toBeNull();
      expect(fieldOf(typed, 'network[22:1]')).toBeNull();
    }
    const short = pad(frameOf(ipv4({ proto: 17, totalLength: 3 }, udp({}))), 60);
    expect(fieldOf(short, 'network[2:1]')).toBe(0);
    expect(fieldOf(short, 'network[3:1]')).toBeNull();
    expect(fieldOf(short, 'ttl')).toBe(64);
  });

  test('a header that is cut, or of another version, ends with the frame', () => {
    expect(fieldOf(overUdp.subarray(0, 14 + 19), 'network[18:1]')).toBe(0);
    const sixth = ethernet({ type: 0x86dd }, ipv6({ next: 17, version: 5, payloadLength: 1 }, udp({}, filler(4))));
    expect(fieldOf(sixth, 'network[51:1]')).toBe(3);
    expect(fieldOf(frameOf(ipv6({ next: 17 }, udp({}))).subarray(0, 14 + 39), 'network[38:1]')).not.toBeNull();
  });

  test('is absent where the type is', () => {
    expect(fieldOf(overUdp.subarray(0, 13), 'network[0:1]')).toBeNull();
    expect(fieldOf(frameOf(ipv4({ proto: 17 }), { tags: [{ id: 1 }] }).subarray(0, 17), 'network[0:1]')).toBeNull();
  });
});

describe('transport', () => {
  test('begins behind the ip headers, whatever the protocol', () => {
    for (const proto of [6, 17, 47, 50, 59, 89, 253]) {
      expect(fieldOf(frameOf(ipv4({ proto, options: filler(4) }, filler(3))), 'transport[1:2]')).toBe(0x0102);
      expect(fieldOf(frameOf(ipv6({ next: proto }, filler(3))), 'transport[1:2]')).toBe(0x0102);
    }
    expect(fieldOf(frameOf(ipv6({ next: 60 }, extension(253, 2), filler(3))), 'transport[2:1]')).toBe(2);
  });

  test('ends with the datagram', () => {
    const frame = pad(frameOf(ipv4({ proto: 253 }, filler(3))));
    expect(fieldOf(frame, 'transport[2:1]')).toBe(2);
    expect(fieldOf(frame, 'transport[3:1]')).toBeNull();
    expect(fieldOf(frameOf(ipv4({ proto: 253 })), 'transport[0:1]')).toBeNull();
  });

  test('is absent on a later fragment, and where it cannot be found', () => {
    expect(fieldOf(frameOf(ipv4({ proto: 17, fragmentOffset: 1 }, udp({}))), 'transport[0:1]')).toBeNull();
    expect(fieldOf(frameOf(ipv4({ proto: 17, moreFragments: true }, udp({}))), 'transport[0:1]')).not.toBeNull();
    expect(fieldOf(frameOf(ipv6({ next: 44 }, fragment(17, 1, false), udp({}))), 'transport[0:1]')).toBeNull();
    expect(fieldOf(frameOf(ipv4({ proto: 17, headerLength: 4 }, udp({}))), 'transport[0:1]')).toBeNull();
    expect(fieldOf(frameOf(ipv6({ next: 0, payloadLength: 99 }, extension(17), udp({}))), 'transport[0:1]')).toBeNull();
    expect(fieldOf(ethernet({ type: 0x0806 }, filler(40)), 'transport[0:1]')).toBeNull();
  });
});

describe('payload', () => {
  test('begins behind the transport header and ends with the datagram', () => {
    const frame = pad(frameOf(ipv4({ proto: 6 }, tcp({ options: filler(8) }, filler(3)))), 90);
    expect(fieldOf(frame, 'payload[0:3]')).toBe(0x000102);
    expect(fieldOf(frame, 'payload[1:3]')).toBeNull();
    expect(fieldOf(frame, 'payload')).toEqual(filler(3));
    expect(fieldOf(frameOf(ipv4({ proto: 1 }, icmp({ type: 8 }, filler(9)))), 'payload[8:1]')).toBe(8);
  });

  test('from the end', () => {
    expect(fieldOf(overUdp, 'payload[-3:3]')).toBe(0x070809);
    expect(fieldOf(overUdp, 'payload[-10:1]')).toBe(0);
    expect(fieldOf(overUdp, 'payload[-10:6]')).toBe(0x000102030405);
    expect(fieldOf(overUdp, 'payload[-11:1]')).toBeNull();
    expect(fieldOf(pad(overUdp, 200), 'payload[-1:1]')).toBe(9);
  });

  test('is absent without a transport header of the five, or with one that is cut', () => {
    expect(fieldOf(frameOf(ipv4({ proto: 47 }, filler(20))), 'payload[0:1]')).toBeNull();
    expect(fieldOf(frameOf(ipv4({ proto: 6 }, tcp({ dataOffset: 7 }, filler(3)))), 'payload[0:1]')).toBeNull();
    expect(fieldOf(frameOf(ipv4({ proto: 47 }, filler(20))), 'payload')).toBeNull();
    expect(fieldOf(frameOf(ipv4({ proto: 17 }, udp({}))), 'payload')).toEqual(new Uint8Array());
  });
});
