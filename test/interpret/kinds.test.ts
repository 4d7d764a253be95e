/** Options and extension headers: "Kinds" of `docs/packets.md`. */
import { describe, expect, test } from 'vitest';
import {
  authentication,
  concat,
  extension,
  filler,
  fragment,
  frameOf,
  integer,
  ipv4,
  ipv6,
  option,
  pad,
  tcp,
} from '../packets/build-packet.ts';
import { fieldOf } from './fields-of.ts';

const NOP = integer(1, 1);
const END = integer(0, 1);
const mss = (value: number): Uint8Array => option(2, integer(value, 2));

const kindsOf = (frame: Uint8Array, field: string): readonly number[] | null => {
  const value = fieldOf(frame, field);
  return value instanceof Set ? [...value].sort((a, b) => a - b) : null;
};
const overTcp = (options: Uint8Array, dataOffset?: number): Uint8Array =>
  frameOf(ipv4({ proto: 6 }, tcp({ options, ...(dataOffset === undefined ? {} : { dataOffset }) })));
const overIpv4 = (options: Uint8Array, header: Partial<Parameters<typeof ipv4>[0]> = {}): Uint8Array =>
  frameOf(ipv4({ proto: 6, options, ...header }, tcp({})));

/** The same walk for both protocols. */
describe.each([
  ['tcp.option', overTcp],
  ['ip.options', overIpv4],
] as const)('%s', (field, frame) => {
  const walked = (...options: readonly Uint8Array[]): readonly number[] | null => kindsOf(frame(concat(...options)), field);

  test('all kinds are there once, no operation too', () => {
    expect(walked(mss(1460), NOP, option(3, filler(1)), NOP, NOP)).toEqual([1, 2, 3]);
  });

  test('the end of the list ends it and is not among them', () => {
    expect(walked(NOP, END, option(8, filler(8)))).toEqual([1]);
    expect(walked(END, NOP)).toBeNull();
  });

  test('no options, and padding alone: absent', () => {
    expect(walked()).toBeNull();
    expect(walked(new Uint8Array(40))).toBeNull();
  });

  test.each([0, 1])('a length of %i ends the walk, and its kind counts', (length) => {
    expect(walked(NOP, Uint8Array.of(19, length, 5, 2))).toEqual([1, 19]);
  });

  test('a length beyond the header ends the walk, and its kind counts', () => {
    expect(walked(NOP, Uint8Array.of(8, 10, 0, 0), NOP, NOP, NOP)).toEqual([1, 8]);
    expect(walked(Uint8Array.of(8, 9, 0, 0), NOP, NOP, NOP, NOP)).toEqual([8]);
    expect(walked(Uint8Array.of(8, 8, 0, 0), NOP, NOP, NOP, NOP)).toEqual([8]);
    expect(walked(Uint8Array.of(8, 7, 0, 0, 0, 0, 0), NOP)).toEqual([1, 8]);
  });

  test('a length byte behind the header ends the walk', () => {
    expect(walked(NOP, NOP, NOP, Uint8Array.of(30))).toEqual([1, 30]);
  });

  test('none of that is malformed', () => {
    for (const options of [Uint8Array.of(19, 0, 5, 2), Uint8Array.of(1, 1, 1, 30), Uint8Array.of(8, 40, 0, 0)]) {
      expect(fieldOf(frame(options), 'malformed')).toBe(0);
    }
  });

  test('forty bytes are walked', () => {
    expect(walked(...Array.from({ length: 38 }, () => NOP), option(34))).toEqual([1, 34]);
  });
});

describe('where the options must lie', () => {
  test('tcp: the whole header before the end of the datagram', () => {
    const options = concat(NOP, NOP, NOP, NOP);
    expect(kindsOf(overTcp(options, 7), 'tcp.option')).toBeNull();
    expect(kindsOf(overTcp(options, 4), 'tcp.option')).toBeNull();
    const padded = pad(frameOf(ipv4({ proto: 6, totalLength: 43 }, tcp({ options }))), 80);
    expect(kindsOf(padded, 'tcp.option')).toBeNull();
    expect(kindsOf(frameOf(ipv6({ next: 6 }, tcp({ options }))), 'tcp.option')).toEqual([1]);
  });

  test('ipv4: the whole header in the frame, whatever the total length says', () => {
    const options = concat(NOP, NOP, NOP, NOP);
    expect(kindsOf(overIpv4(options, { totalLength: 20 }), 'ip.options')).toEqual([1]);
    expect(kindsOf(overIpv4(options).subarray(0, 14 + 24), 'ip.options')).toEqual([1]);
    expect(kindsOf(overIpv4(options).subarray(0, 14 + 23), 'ip.options')).toBeNull();
    expect(kindsOf(overIpv4(options, { version: 5 }), 'ip.options')).toBeNull();
    expect(kindsOf(overIpv4(options, { headerLength: 4 }), 'ip.options')).toBeNull();
    expect(kindsOf(overIpv4(options, { fragmentOffset: 3 }), 'ip.options')).toEqual([1]);
  });

  test('what is between the stated header lengths is no option', () => {
    expect(kindsOf(overIpv4(concat(NOP, NOP, NOP, NOP), { headerLength: 5 }), 'ip.options')).toBeNull();
  });
});

describe('tcp.mss', () => {
  const segmentSize = (...options: readonly Uint8Array[]): unknown => fieldOf(overTcp(concat(...options)), 'tcp.mss');

  test('is the value of the first option of kind 2 and length 4', () => {
    expect(segmentSize(NOP, mss(1460), mss(9))).toBe(1460);
    expect(segmentSize(option(2, filler(3)), mss(536))).toBe(536);
    expect(segmentSize(option(2), mss(1))).toBe(1);
  });

  test('is absent without one', () => {
    expect(segmentSize(option(2, filler(1)))).toBeNull();
    expect(segmentSize(NOP, NOP, NOP, NOP)).toBeNull();
    expect(segmentSize(END, mss(536))).toBeNull();
    expect(segmentSize(Uint8Array.of(9, 0), mss(536))).toBeNull();
    expect(segmentSize(NOP, Uint8Array.of(2, 4, 5))).toBeNull();
  });
});

describe('ip6.ext', () => {
  const types = (next: number, ...body: readonly Uint8Array[]): readonly number[] | null =>
    kindsOf(frameOf(ipv6({ next }, ...body)), 'ip6.ext');

  test('holds what was stepped over, atomic fragments too', () => {
    expect(types(0, extension(43), extension(60), extension(51), authentication(44), fragment(6, 0, false), tcp({}))).toEqual([
      0, 43, 44, 51, 60,
    ]);
    expect(types(6, tcp({}))).toBeNull();
    expect(types(135, extension(6), tcp({}))).toBeNull();
  });

  test('a fragment header that ends the walk counts, and nothing behind it', () => {
    expect(types(60, extension(44), fragment(43, 5, true), extension(6))).toEqual([44, 60]);
  });

  test('one that is cut does not count, those before it do', () => {
    expect(types(60, extension(43), filler(7))).toEqual([60]);
    expect(types(60, filler(7))).toBeNull();
    expect(types(60, extension(43, 1).subarray(0, 15))).toBeNull();
  });

  test('a ninth one does not count', () => {
    const eight = concat(...Array.from({ length: 8 }, (_, at) => extension(at === 7 ? 43 : 60)));
    expect(types(60, eight, extension(6), tcp({}))).toEqual([60]);
  });

  test('nothing is walked when the payload length leads out of the frame', () => {
    expect(kindsOf(frameOf(ipv6({ next: 0, payloadLength: 99 }, extension(6), tcp({}))), 'ip6.ext')).toBeNull();
  });
});
