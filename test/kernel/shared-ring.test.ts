/** Several readers of one ring: each has every event in order, or knows how many it has not. */
import { expect, test } from 'vitest';
import { openEvents, openFollowingEvents, type PacketEvent } from '../../runtime/events.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { fixtureArtifact } from '../runtime/fixture.ts';
import { describeKernel } from './environment.ts';
import { prepareFlood } from './flood.ts';

const SMALL_RING = fixtureArtifact(4096);
/** Whichever CPU a test run is on. */
const ONE_RING = { rings: { count: 1, bytes: 4096 } };
const RING = fixtureArtifact(1 << 20);
const LOGGED = 1;

function numbered(number: number): Uint8Array {
  const frame = new Uint8Array(40);
  frame[0] = 0xee;
  new DataView(frame.buffer).setUint32(14, number);
  return frame;
}

const numberOf = ({ payload }: PacketEvent) => new DataView(payload.buffer, payload.byteOffset).getUint32(0);
const upTo = (end: number, first = 0) => Array.from({ length: end - first }, (_, index) => first + index);

interface Reader {
  read(limit?: number): readonly PacketEvent[];
  readonly overtaken: number;
}

function drain(reader: Reader): number[] {
  const numbers: number[] = [];
  for (let batch = reader.read(); batch.length > 0; batch = reader.read()) numbers.push(...batch.map(numberOf));
  return numbers;
}

function run(loaded: LoadedProgram, end: number, first = 0): void {
  for (let number = first; number < end; number++) loaded.testRun(numbered(number));
}

describeKernel('readers of one ring', () => {
  test('have all of it, each at its own pace, one of them late', () => {
    using loaded = loadArtifact(RING);
    using one = openFollowingEvents(loaded);
    using other = openFollowingEvents(loaded);
    run(loaded, 500);
    expect(drain(one)).toEqual(upTo(500));
    run(loaded, 600, 500);
    // What the first has taken is gone for whoever comes now, and not for those who were there.
    using late = openFollowingEvents(loaded);
    expect(drain(other)).toEqual(upTo(600));
    expect(drain(one)).toEqual(upTo(600, 500));
    run(loaded, 700, 600);
    for (const reader of [one, other]) expect(drain(reader)).toEqual(upTo(700, 600));
    expect(drain(late)).toEqual(upTo(700, 500));
    expect([one.overtaken, other.overtaken, late.overtaken]).toEqual([0, 0, 0]);
  });

  test('leave what they do not want, and what one has read before it went is not read again', () => {
    using loaded = loadArtifact(RING);
    const first = openFollowingEvents(loaded);
    run(loaded, 20);
    expect(first.read(5).map(numberOf)).toEqual(upTo(5));
    first.close();
    using second = openFollowingEvents(loaded);
    expect(second.read(5).map(numberOf)).toEqual(upTo(10, 5));
    expect(drain(second)).toEqual(upTo(20, 10));
  });

  test('who is overtaken knows by how many, and goes on in order', () => {
    using loaded = loadArtifact(SMALL_RING, ONE_RING);
    using fast = openFollowingEvents(loaded);
    using slow = openFollowingEvents(loaded);
    let read = 0;
    for (let number = 0; number < 5000; number++) {
      run(loaded, number + 1, number);
      expect(drain(fast)).toEqual([number]);
      if (number % 997 !== 996) continue;
      const before = slow.overtaken;
      const numbers = drain(slow);
      const missed = slow.overtaken - before;
      expect(missed).toBeGreaterThan(900);
      expect(numbers).toEqual(upTo(number + 1, number + 1 - numbers.length));
      expect(missed + numbers.length).toBe(997);
      read += numbers.length;
    }
    const rest = drain(slow);
    expect(read + rest.length + slow.overtaken).toBe(5000);
    expect(fast.overtaken).toBe(0);
    expect(loaded.counters()[LOGGED]).toMatchObject({ logged: 5000n, lost: 0n });
  });

  test('of whom nobody reads let it fill up: the kernel counts, and all of them have the beginning', () => {
    using loaded = loadArtifact(SMALL_RING, ONE_RING);
    using one = openFollowingEvents(loaded);
    using other = openFollowingEvents(loaded);
    run(loaded, 1000);
    const { logged, lost } = loaded.counters()[LOGGED]!;
    expect(lost).toBeGreaterThan(900n);
    expect(drain(one)).toEqual(upTo(Number(logged)));
    expect(drain(other)).toEqual(upTo(Number(logged)));
    expect(Number(logged + lost)).toBe(1000);
    run(loaded, 1001, 1000);
    for (const reader of [one, other]) expect(drain(reader)).toEqual([1000]);
  });

  test('one that comes to a program in place of another begins with its first event, and counts what is gone of them', async () => {
    using old = loadArtifact(SMALL_RING, ONE_RING);
    using next = loadArtifact(SMALL_RING, ONE_RING);
    using stream = openFollowingEvents(old);
    using elsewhere = openEvents(next);
    run(old, 3);
    run(next, 20, 10);
    expect(drain(elsewhere)).toEqual(upTo(20, 10));
    stream.goOn(next, Promise.resolve());
    expect(drain(stream)).toEqual([0, 1, 2, ...upTo(20, 10)]);
    for (let number = 20; number < 500; number++) {
      run(next, number + 1, number);
      drain(elsewhere);
    }
    const rest = drain(stream);
    expect(rest).toEqual(upTo(500, 500 - rest.length));
    expect(stream.overtaken).toBe(480 - rest.length);
    // Back to the one before, which has gone on meanwhile: when it has been left for good,
    await Promise.resolve();
    run(old, 5, 3);
    using third = loadArtifact(SMALL_RING, ONE_RING);
    expect(drain(stream)).toEqual([3, 4]);
    stream.goOn(third, Promise.resolve());
    await Promise.resolve();
    run(third, 100, 99);
    expect(drain(stream)).toEqual([99]);
    run(old, 8, 5);
    stream.goOn(old, Promise.resolve());
    expect(drain(stream)).toEqual([5, 6, 7]);
    await Promise.resolve();
    // and when it is not yet.
    let settle = () => {};
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    stream.goOn(third, settled);
    run(old, 9, 8);
    expect(drain(stream)).toEqual([8]);
    stream.goOn(old, Promise.resolve());
    settle();
    await settled;
    run(old, 10, 9);
    expect(drain(stream)).toEqual([9]);
    stream.goOn(next, Promise.resolve());
    expect(drain(stream)).toEqual([]);
    expect(stream.overtaken).toBe(480 - rest.length);
    // The same program with other rules is no other ring.
    stream.goOn(next, Promise.resolve());
    run(next, 501, 500);
    expect(drain(stream)).toEqual([500]);
  });

  test('in a flood: events and those that were overtaken or found no room are all that there were', async () => {
    using loaded = loadArtifact(RING);
    const streams = [openFollowingEvents(loaded), openFollowingEvents(loaded), openFollowingEvents(loaded)];
    const flood = await prepareFlood(loaded.programs[0]?.id, numbered(1), 1_000_000, 0);
    flood.start();
    const seen = streams.map(() => ({ events: 0, last: 0n, ordered: true }));
    const readBatch = (index: number) => {
      const state = seen[index]!;
      const batch = streams[index]!.read();
      for (const { time_ns } of batch) {
        if (time_ns < state.last) state.ordered = false;
        state.last = time_ns;
      }
      state.events += batch.length;
      return batch.length > 0;
    };
    let done = false;
    void flood.done.then(() => {
      done = true;
    });
    for (let round = 0; !done; round++) {
      readBatch(0);
      readBatch(1);
      // So seldom that the writer comes round.
      if (round % 64 === 0) readBatch(2);
      if (round % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const index of seen.keys()) while (readBatch(index));
    await flood.done;
    const { packets, logged, lost } = loaded.counters()[LOGGED]!;
    expect(packets).toBe(1_000_000n);
    expect(logged + lost).toBe(packets);
    for (const [index, stream] of streams.entries()) {
      expect(seen[index]).toMatchObject({ ordered: true });
      expect(seen[index]!.events + stream.overtaken).toBe(Number(logged));
      stream.close();
    }
    expect(streams[2]!.overtaken).toBeGreaterThan(0);
  });
});
