import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CaptureError, type CaptureFile } from '../../runtime/capture/capture-file.ts';
import { readCapture } from '../../runtime/capture/read-capture.ts';
import { writePcap } from '../../runtime/capture/write-capture.ts';
import { concat, filler } from '../packets/build-packet.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { createRandom } from '../packets/random.ts';
import { convert, framesOfTshark, wiresharkMissing } from './wireshark.ts';
import {
  block,
  enhancedPacket,
  interfaceDescription,
  obsoletePacket,
  type Section,
  sectionHeader,
  simplePacket,
} from './write-pcapng.ts';

const little: Section = { littleEndian: true };
const big: Section = { littleEndian: false };

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'pktc-capture-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const write = (name: string, bytes: Uint8Array): string => {
  const file = path.join(directory, name);
  writeFileSync(file, bytes);
  return file;
};
const comparable = (capture: CaptureFile): unknown =>
  capture.frames.map(({ time_ns, data, original_len }) => ({ time_ns, data: Uint8Array.from(data), original_len }));
const refusal = (bytes: Uint8Array): CaptureError => {
  try {
    readCapture(bytes);
  } catch (error) {
    if (error instanceof CaptureError) {
      return error;
    }
    throw error;
  }
  throw new Error('it was read');
};

/** Frames of every kind, at times with every digit in use. */
function someFrames(count: number): { time_ns: bigint; data: Uint8Array }[] {
  const random = createRandom(5);
  return Array.from({ length: count }, (_, at) => ({
    time_ns: 1_700_000_000_000_000_000n + BigInt(at) * 1_234_567_891n,
    data: generatePacket(random, { minLength: 14 }),
  }));
}

const missing = wiresharkMissing();
if (missing !== null) {
  console.warn(`skipped: the comparison with Wireshark, because ${missing}`);
}

describe.skipIf(missing !== null)('what tshark reads', () => {
  test('a written capture is read alike by us and by tshark', () => {
    const frames = someFrames(300);
    const bytes = writePcap(frames);
    const capture = readCapture(bytes);
    expect(capture).toMatchObject({ format: 'pcap', damage: null });
    expect(comparable(capture)).toEqual(frames.map((frame) => ({ ...frame, original_len: frame.data.length })));
    expect(framesOfTshark(write('written.pcap', bytes))).toEqual(comparable(capture));
  });

  test.each(['pcap', 'nsecpcap', 'pcapng'])('%s, as editcap writes it', (format) => {
    const from = write('frames.pcap', writePcap(someFrames(100)));
    const to = path.join(directory, `converted.${format}`);
    convert(from, to, format);
    const capture = readCapture(readFileSync(to));
    expect(capture).toMatchObject({ format: format === 'pcapng' ? 'pcapng' : 'pcap', damage: null });
    expect(comparable(capture)).toEqual(framesOfTshark(to));
    expect(capture.frames.map((frame) => frame.number)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
  });

  test('sections of both byte orders, several interfaces, every packet block, unknown blocks', () => {
    const data = someFrames(9).map((frame) => frame.data);
    const [a, b, c, d, e, f] = data as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const bytes = concat(
      sectionHeader(little),
      interfaceDescription(little),
      interfaceDescription(little, { resolution: 9, offset_s: 1_000_000n }),
      enhancedPacket(little, a, { units: 1_700_000_000_123_456n }),
      block(0x0aaa, little, filler(20)),
      enhancedPacket(little, b, { units: 1_700_000_000_123_456_789n, interfaceId: 1, originalLength: 3000 }),
      obsoletePacket(little, c, { units: 5_000_001n }),
      // Interface statistics and name resolution: of no interest.
      block(5, little, filler(12)),
      block(4, little, new Uint8Array(4)),
      sectionHeader(big),
      interfaceDescription(big, { resolution: 0x80 | 10 }),
      enhancedPacket(big, d, { units: (1_700_000_000n << 10n) + 512n }),
      obsoletePacket(big, e, { units: (3n << 10n) + 1n }),
      enhancedPacket(big, f, { units: (4n << 10n) + 1023n }),
    );
    const capture = readCapture(bytes);
    expect(capture).toMatchObject({ format: 'pcapng', damage: null });
    expect(comparable(capture)).toEqual(framesOfTshark(write('mixed.pcapng', bytes)));
    expect(capture.frames.map((frame) => frame.time_ns)).toEqual([
      1_700_000_000_123_456_000n,
      1_701_000_000_123_456_789n,
      5_000_001_000n,
      1_700_000_000_500_000_000n,
      3_000_976_562n,
      4_999_023_437n,
    ]);
  });

  test('a simple packet has no time, and the snap length of the first interface', () => {
    const bytes = concat(
      sectionHeader(big),
      interfaceDescription(big, { snapLength: 30 }),
      simplePacket(big, filler(30), 100),
      simplePacket(big, filler(21)),
    );
    const capture = readCapture(bytes);
    expect(capture.damage).toBeNull();
    expect(comparable(capture)).toEqual([
      { time_ns: null, data: filler(30), original_len: 100 },
      { time_ns: null, data: filler(21), original_len: 21 },
    ]);
    expect(framesOfTshark(write('simple.pcapng', bytes)).map((frame) => frame.data)).toEqual([filler(30), filler(21)]);
  });

  test('pcap of the other byte order, in microseconds and nanoseconds', () => {
    for (const [magic, unit_ns] of [
      [0xa1b2c3d4, 1000n],
      [0xa1b23c4d, 1n],
    ] as const) {
      const bytes = new Uint8Array(24 + 16 + 20);
      const view = new DataView(bytes.buffer);
      for (const [offset, value] of [
        [0, magic],
        [4, 0x00020004],
        [16, 65535],
        [20, 1],
        [24, 1_700_000_000],
        [28, 999_999],
        [32, 20],
        [36, 1500],
      ] as const) {
        view.setUint32(offset, value);
      }
      bytes.set(filler(20), 40);
      const capture = readCapture(bytes);
      expect(comparable(capture)).toEqual([
        { time_ns: 1_700_000_000_000_000_000n + 999_999n * unit_ns, data: filler(20), original_len: 1500 },
      ]);
      expect(comparable(capture)).toEqual(framesOfTshark(write('big.pcap', bytes)));
    }
  });

  test('a compressed capture', () => {
    const frames = someFrames(20);
    const packed = gzipSync(writePcap(frames));
    expect(comparable(readCapture(packed))).toEqual(comparable(readCapture(writePcap(frames))));
    const cut = readCapture(packed.subarray(0, packed.length - 40));
    expect(cut.frames.length).toBeLessThanOrEqual(20);
    expect(cut.frames.length).toBeGreaterThan(0);
    expect(cut.damage).not.toBeNull();
  });
});

describe('damage', () => {
  test('a capture cut anywhere gives the frames before the cut, and the place', () => {
    const frames = someFrames(3);
    const whole = writePcap(frames);
    const ends = frames.map((_, at) => 24 + frames.slice(0, at + 1).reduce((sum, frame) => sum + 16 + frame.data.length, 0));
    for (let length = 24; length < whole.length; length++) {
      const capture = readCapture(whole.subarray(0, length));
      const complete = ends.filter((end) => end <= length).length;
      expect(capture.frames).toHaveLength(complete);
      const start = complete === 0 ? 24 : (ends[complete - 1] ?? 0);
      expect(capture.damage === null ? null : [capture.damage.offset, capture.damage.frame]).toEqual(
        length === start ? null : [start, complete + 1],
      );
    }
  });

  test('a pcapng capture cut anywhere', () => {
    const blocks = [
      sectionHeader(little),
      interfaceDescription(little),
      enhancedPacket(little, filler(21), { units: 1n }),
      enhancedPacket(little, filler(22), { units: 2n }),
    ];
    const whole = concat(...blocks);
    const starts = blocks.map((_, at) => concat(...blocks.slice(0, at)).length);
    for (let length = 4; length < whole.length; length++) {
      const capture = readCapture(whole.subarray(0, length));
      const complete = starts.filter((start) => start <= length).length - 1;
      expect(capture.frames).toHaveLength(Math.max(0, complete - 2));
      expect(capture.damage?.offset ?? null).toBe(starts.includes(length) ? null : (starts[complete] ?? null));
    }
  });

  test.each([
    ['a length that no block can have', 4, 13, 'which no block can be'],
    ['a length of nothing', 4, 8, 'which no block can be'],
    ['a length beyond the file', 4, 4000, 'are left in the file'],
    ['another length behind', 40, 64, 'does not end with its length'],
  ])('%s', (_, at, value, message) => {
    const header = concat(sectionHeader(little), interfaceDescription(little));
    const packet = enhancedPacket(little, filler(20), { units: 1n });
    const bytes = concat(header, packet, packet);
    const place = at === 40 ? header.length + 2 * packet.length - 4 : header.length + packet.length + at;
    new DataView(bytes.buffer).setUint32(place, value, true);
    const capture = readCapture(bytes);
    expect(capture.frames).toHaveLength(1);
    expect(capture.damage?.message).toContain(message);
    expect(capture.damage?.offset).toBe(at === 40 ? place : header.length + packet.length);
  });

  test.each([
    [
      'a frame longer than its block',
      (header: Uint8Array) =>
        concat(header, block(6, little, new Uint8Array(12), Uint8Array.of(40, 0, 0, 0), new Uint8Array(24))),
    ],
    [
      'an interface that was not described',
      (header: Uint8Array) => concat(header, enhancedPacket(little, filler(20), { units: 1n, interfaceId: 7 })),
    ],
    ['a packet block without its fields', (header: Uint8Array) => concat(header, block(6, little, new Uint8Array(8)))],
    [
      'an option beyond its block',
      (header: Uint8Array) => concat(header, block(1, little, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 99, 0))),
    ],
    ['a section of another version', (header: Uint8Array) => concat(header, sectionHeader(big, 2))],
  ])('%s', (_, damaged) => {
    const header = concat(
      sectionHeader(little),
      interfaceDescription(little),
      enhancedPacket(little, filler(20), { units: 1n }),
    );
    const capture = readCapture(damaged(header));
    expect(capture.frames).toHaveLength(1);
    expect(capture.damage).toBeInstanceOf(CaptureError);
    expect(capture.damage?.offset).toBeGreaterThanOrEqual(header.length);
  });

  test('random damage never makes it throw anything but a CaptureError', () => {
    const random = createRandom(8);
    const files = [
      writePcap(someFrames(5)),
      concat(
        sectionHeader(big),
        interfaceDescription(big, { resolution: 9, offset_s: -5n }),
        enhancedPacket(big, filler(60), { units: 1n }),
        simplePacket(big, filler(61)),
        obsoletePacket(big, filler(62), { units: 2n }),
      ),
    ];
    for (let round = 0; round < 20_000; round++) {
      const bytes = Uint8Array.from(random.pick(files)).subarray(0, random.chance(0.3) ? random.int(0, 400) : undefined);
      for (let left = random.int(1, 4); left > 0 && bytes.length > 0; left--) {
        bytes[random.int(0, Math.min(bytes.length, 250) - 1)] = random.int(0, 255);
      }
      try {
        readCapture(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(CaptureError);
      }
    }
  });
});

describe('refused', () => {
  test('what is no capture', () => {
    expect(refusal(new Uint8Array()).message).toBe('the file is empty');
    expect(refusal(Uint8Array.of(1, 2, 3)).message).toContain('too short');
    expect(refusal(new TextEncoder().encode('match tcp -> drop')).message).toBe(
      'this is not a capture: it begins with 6d617463',
    );
    expect(refusal(writePcap([]).subarray(0, 23)).message).toContain('cut short');
    expect(refusal(Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3)).message).toContain('damaged');
  });

  test('the modified format', () => {
    for (const magic of [
      [0xa1, 0xb2, 0xcd, 0x34],
      [0x34, 0xcd, 0xb2, 0xa1],
    ]) {
      const error = refusal(concat(Uint8Array.from(magic), new Uint8Array(40)));
      expect(error.message).toContain('modified format');
      expect(error.help).toContain('editcap');
    }
  });

  test('another link type, by name and frame', () => {
    const cooked = Uint8Array.from(writePcap(someFrames(1)));
    cooked[20] = 113;
    expect(refusal(cooked)).toMatchObject({
      message: 'frame 1 has link type 113 (Linux cooked capture), only Ethernet can be read',
      frame: 1,
      offset: 20,
    });
    const mixed = concat(
      sectionHeader(little),
      interfaceDescription(little),
      interfaceDescription(little, { linkType: 4242 }),
      enhancedPacket(little, filler(20), { units: 1n }),
      enhancedPacket(little, filler(20), { units: 1n, interfaceId: 1 }),
    );
    expect(refusal(mixed)).toMatchObject({ message: 'frame 2 has link type 4242, only Ethernet can be read', frame: 2 });
  });
});

test('an empty capture has no frames', () => {
  expect(readCapture(writePcap([]))).toEqual({ format: 'pcap', frames: [], damage: null });
  expect(readCapture(sectionHeader(little))).toEqual({ format: 'pcapng', frames: [], damage: null });
});

test('frames are views into the file', () => {
  const bytes = writePcap(someFrames(2));
  expect(readCapture(bytes).frames.every((frame) => frame.data.buffer === bytes.buffer)).toBe(true);
});
