import { expect, test } from 'vitest';
import { buildDriver } from '../../compiler/6-build/build-driver.ts';
import { openLibbpf } from '../../runtime/ffi/libbpf.ts';
import { openLibc } from '../../runtime/ffi/libc.ts';
import { createTestRun } from '../../runtime/test-run.ts';
import {
  DRIVE,
  type Driver,
  EVEN_BYTES,
  FLOOD,
  FLOOR_RUN,
  loadDriver,
  PACKET_BYTES_MAX,
  stateBytes,
  traceBytes,
  writeMap,
} from '../../runtime/timing/driver.ts';
import { createRandom } from '../packets/random.ts';
import { describeKernel } from './environment.ts';

/** Around the ends of the Ethernet header and of what is copied in stores of 8 bytes, and the longest. */
const LENGTHS = [
  ...Array.from({ length: 180 }, (_, at) => 14 + at),
  ...[1000, 1513, PACKET_BYTES_MAX - 1, PACKET_BYTES_MAX],
  ...[15, PACKET_BYTES_MAX, 14, 60],
];

describeKernel('the driver of the bench', () => {
  test.each([
    { what: 'of one length', even: true, lengths: Array.from({ length: 32 }, () => EVEN_BYTES) },
    { what: 'of any length', even: false, lengths: LENGTHS },
  ])('puts packets $what in front of a program as they are', async ({ even, lengths }) => {
    const random = createRandom(lengths.length);
    const frames = lengths.map((length) => random.bytes(length));
    // Tagged ones are copied in other pieces.
    for (const frame of frames.filter((_, at) => at % 3 === 0)) frame.set([0x81, 0x00], 12);
    await driven(frames, even, DRIVE, (seenAt) => {
      for (const [at, frame] of frames.entries()) {
        expect(Buffer.from(seenAt(at, 0)).equals(frame), `${frame.length} bytes`).toBe(true);
      }
    });
  });

  test('gives each packet of a flood another source in each pass, and changes nothing else', async () => {
    const random = createRandom(7);
    // From the Ethernet type on, and where the last two bytes of the source lie.
    const kinds = [
      { type: [0x08, 0x00], source: 28 },
      { type: [0x86, 0xdd], source: 36 },
      { type: [0x81, 0x00, 0, 5, 0x08, 0x00], source: 32 },
      { type: [0x81, 0x00, 0, 5, 0x86, 0xdd], source: 40 },
    ];
    const frames = kinds.map(({ type }) => {
      const frame = random.bytes(EVEN_BYTES);
      frame.set(type, 12);
      return frame;
    });
    await driven(frames, true, FLOOD, (seenAt) => {
      for (const [at, { source }] of kinds.entries()) {
        const passes = Array.from({ length: 300 }, (_, pass) => seenAt(at, pass));
        const sources = passes.map((frame) => Buffer.from(frame).readUInt16BE(source));
        expect(new Set(sources).size).toBe(passes.length);
        const rest = (frame: Uint8Array) =>
          Buffer.from(frame)
            .fill(0, source, source + 2)
            .toString('hex');
        expect(new Set(passes.map(rest))).toEqual(new Set([rest(frames[at]!)]));
      }
    });
  });
});

/** @param look asks for a packet of the trace as a program sees it, behind so many passes that had other sources */
async function driven(
  frames: readonly Uint8Array[],
  even: boolean,
  name: Parameters<Driver['program']>[0],
  look: (seenAt: (at: number, sources: number) => Uint8Array) => void,
): Promise<void> {
  const { value: object } = await buildDriver(even);
  const [libbpf, libc] = [openLibbpf(), openLibc()];
  const driver = loadDriver(libbpf, libc, object ?? new Uint8Array());
  try {
    writeMap(libbpf, driver.map('pktc_bench_trace'), traceBytes(frames, even));
    writeMap(libbpf, driver.map('pktc_bench_call'), new Uint8Array(Int32Array.of(driver.program(FLOOR_RUN)).buffer));
    const run = createTestRun(libbpf, [{ at: 'xdp', fd: driver.program(name) }], null);
    const room = new Uint8Array(even ? EVEN_BYTES : PACKET_BYTES_MAX);
    look((at, sources) => {
      // Afresh each time: a run of its own has its packet at a place of its own.
      writeMap(libbpf, driver.map('pktc_bench_state'), stateBytes(at, frames.length, 1, sources));
      const { outcome, frame } = run(room, { output: true });
      expect(outcome).toBe('drop');
      return frame;
    });
  } finally {
    driver.close();
  }
}
