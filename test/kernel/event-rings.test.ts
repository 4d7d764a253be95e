/** Several rings of one program, written to on two CPUs: each event comes once, in the order of time, or is counted. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openEvents, openEventView, openFollowingEvents, type PacketEvent } from '../../runtime/events.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { followPinnedEvents } from '../../runtime/pinned/follow.ts';
import { openPinRoot, pinProgram, stopPinned } from '../../runtime/pinned/pinned-program.ts';
import { fixtureArtifact } from '../runtime/fixture.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel } from './environment.ts';
import { type Flood, prepareFlood } from './flood.ts';

const RING = fixtureArtifact(1 << 20);
const SMALL_RING = fixtureArtifact(4096);
const LOGGED = 1;
const CPUS = [0, 1];
const HAS_TWO = availableParallelism() > 1;
if (!HAS_TWO) console.warn('skipped: events of two CPUs: there is one');
/** Numbers of a CPU begin with a multiple of it. */
const CPU_NUMBERS = 1_000_000;

const FRAME = (() => {
  const frame = new Uint8Array(40);
  frame[0] = 0xee;
  return frame;
})();

const numberOf = ({ payload }: PacketEvent) => new DataView(payload.buffer, payload.byteOffset).getUint32(0);
const cpuOf = (number: number) => Math.floor(number / CPU_NUMBERS);
const logged = (loaded: LoadedProgram) => loaded.counters()[LOGGED]!;

/** Frames on one CPU, with that CPU's numbers. */
function packetsOn(loaded: LoadedProgram, cpu: number, count: number): Promise<Flood> {
  return prepareFlood(loaded.programs[0]?.id, FRAME, count, cpu, { at: 14, first: cpu * CPU_NUMBERS });
}

const isAscending = (values: readonly (number | bigint)[]) =>
  values.every((value, index) => index === 0 || value > values[index - 1]!);

/** Each CPU's in order, none twice. */
function expectInOrder(numbers: readonly number[]): void {
  for (const cpu of CPUS) expect(isAscending(numbers.filter((number) => cpuOf(number) === cpu))).toBe(true);
}

describeKernel('rings', () => {
  test('of a compiled program share 32 MiB', async () => {
    using loaded = loadArtifact(await compileRules('match any -> log'));
    const { rings, ring_bytes } = loaded.internals.events!;
    expect(rings.length * ring_bytes).toBe(32 << 20);
  });
});

describeKernel('two rings', () => {
  test.runIf(HAS_TWO)(
    'each event once, in the order of time, with two CPUs that log at once; three readers, one of them slow',
    async () => {
      const bpffs = mkdtempSync(path.join(tmpdir(), 'pktc-bpffs-'));
      execFileSync('mount', ['-t', 'bpf', '-o', 'mode=0700', 'bpf', bpffs]);
      const root = openPinRoot({ PKTC_BPFFS: bpffs });
      try {
        using loaded = loadArtifact(RING, { rings: { count: 2, bytes: 1 << 20 } });
        pinProgram(root, 'two', RING, loaded);
        using first = followPinnedEvents(root, 'two');
        using second = followPinnedEvents(root, 'two');
        using slow = openFollowingEvents(loaded);
        const readers = [first.events, second.events, slow].map((stream) => ({
          stream,
          numbers: [] as number[],
          times: [] as bigint[],
        }));
        expect(readers.map(({ stream }) => stream.rings)).toEqual([2, 2, 2]);
        const read = ({ stream, numbers, times }: (typeof readers)[number]) => {
          const batch = stream.read();
          for (const event of batch) {
            numbers.push(numberOf(event));
            times.push(event.time_ns);
          }
          return batch.length > 0;
        };
        const floods = await Promise.all(CPUS.map((cpu) => packetsOn(loaded, cpu, 30_000)));
        for (const flood of floods) flood.start();
        let isDone = false;
        void Promise.all(floods.map(({ done }) => done)).then(() => {
          isDone = true;
        });
        while (!isDone) {
          for (const reader of readers.slice(0, 2)) while (read(reader));
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        await Promise.all(floods.map(({ done }) => done));
        for (const reader of readers) while (read(reader));
        const { packets, logged: written, lost } = logged(loaded);
        expect(packets).toBe(60_000n);
        expect(written + lost).toBe(packets);
        for (const { stream, numbers, times } of readers) {
          expect(new Set(numbers).size).toBe(numbers.length);
          expectInOrder(numbers);
          expect(numbers.length + stream.overtaken).toBe(Number(written));
          // Two of one moment may have the same time.
          expect(times.every((time, index) => index === 0 || time >= times[index - 1]!)).toBe(true);
        }
        expect(slow.overtaken).toBeGreaterThan(0);
        // Both CPUs at once, and not one behind the other.
        const [{ numbers }] = readers as [(typeof readers)[number]];
        const firstOf1 = numbers.findIndex((number) => cpuOf(number) === 1);
        expect(numbers.slice(firstOf1).some((number) => cpuOf(number) === 0)).toBe(true);
      } finally {
        await stopPinned(root, 'two');
        execFileSync('umount', [bpffs]);
        rmdirSync(bpffs);
      }
    },
  );

  test.runIf(HAS_TWO)('one is full: the other CPU goes on logging, and the oldest ones are kept', async () => {
    using loaded = loadArtifact(SMALL_RING, { rings: { count: 2, bytes: 4096 } });
    const view = openEventView(loaded);
    using stream = openEvents(loaded);
    const [many, few] = await Promise.all([packetsOn(loaded, 0, 1000), packetsOn(loaded, 1, 10)]);
    many.start();
    await many.done;
    const { lost } = logged(loaded);
    expect(lost).toBeGreaterThan(900n);
    expect(view?.used()).toBeGreaterThan(0.9);
    expect(stream.waiting()).toBe(view?.used());
    few.start();
    await few.done;
    expect(logged(loaded)).toMatchObject({ packets: 1010n, lost });
    const kept = Array.from({ length: 1000 - Number(lost) }, (_, number) => number);
    const others = Array.from({ length: 10 }, (_, number) => CPU_NUMBERS + number);
    expect(view?.newest(12).map(numberOf)).toEqual([...kept.slice(-2), ...others]);
    expect(view?.newest(12)).toEqual([]);
    expect(stream.read(5).map(numberOf)).toEqual(kept.slice(0, 5));
    expect(stream.read().map(numberOf)).toEqual([...kept.slice(5), ...others]);
    expect(stream.waiting()).toBe(0);
    view?.close();
  });
});
