import { expect, test } from 'vitest';
import { buildDriver } from '../../compiler/6-build/build-driver.ts';
import { openLibbpf } from '../../runtime/ffi/libbpf.ts';
import { openLibc } from '../../runtime/ffi/libc.ts';
import { createTestRun } from '../../runtime/test-run.ts';
import {
  DRIVE,
  EVEN_BYTES,
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
    const { value: object } = await buildDriver(even);
    const [libbpf, libc] = [openLibbpf(), openLibc()];
    const driver = loadDriver(libbpf, libc, object ?? new Uint8Array());
    try {
      writeMap(libbpf, driver.map('pktc_bench_trace'), traceBytes(frames, even));
      writeMap(libbpf, driver.map('pktc_bench_call'), new Uint8Array(Int32Array.of(driver.program(FLOOR_RUN)).buffer));
      const run = createTestRun(libbpf, [{ at: 'xdp', fd: driver.program(DRIVE) }], null);
      const room = new Uint8Array(even ? EVEN_BYTES : PACKET_BYTES_MAX);
      for (const [at, frame] of frames.entries()) {
        // Afresh each time: a run of its own has its packet at a place of its own.
        writeMap(libbpf, driver.map('pktc_bench_state'), stateBytes(at, frames.length, 1));
        const { outcome, frame: seen } = run(room, { output: true });
        expect(outcome).toBe('drop');
        expect(Buffer.from(seen).equals(frame), `${frame.length} bytes`).toBe(true);
      }
    } finally {
      driver.close();
    }
  });
});
