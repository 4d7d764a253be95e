import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type EventStream, openEvents, type PacketEvent } from '../../runtime/events.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { fixtureArtifact } from '../runtime/fixture.ts';
import { describeKernel } from './environment.ts';
import { prepareFlood } from './flood.ts';

const SMALL_RING = fixtureArtifact(4096);
/** Whichever CPU a test run is on. */
const ONE_RING = { rings: { count: 1, bytes: 4096 } };
const RING = fixtureArtifact(1 << 20);
const LOGGED = 1;
/** Date.now() counts whole milliseconds, and a busy machine takes its time between two looks at the clock. */
const CLOCK_TOLERANCE_NS = 5_000_000n;

/** A frame that the fixture logs; the number comes back in the event's payload. */
function numbered(number: number): Uint8Array {
  const frame = new Uint8Array(18 + (number % 90));
  frame[0] = 0xee;
  new DataView(frame.buffer).setUint32(14, number);
  return frame;
}

function numberOf(event: PacketEvent): number {
  return new DataView(event.payload.buffer, event.payload.byteOffset).getUint32(0);
}

function drain(stream: EventStream): PacketEvent[] {
  const events: PacketEvent[] = [];
  for (let batch = stream.read(); batch.length > 0; batch = stream.read()) events.push(...batch);
  return events;
}

/** Reads until nothing has come for a while. */
async function readAll(stream: EventStream, each: (batch: readonly PacketEvent[]) => void | Promise<void>): Promise<void> {
  let last = Date.now();
  const timer = setInterval(() => {
    if (Date.now() - last > 300) stream.close();
  }, 50);
  for await (const batch of stream) {
    await each(batch);
    last = Date.now();
  }
  clearInterval(timer);
}

function logged(loaded: LoadedProgram) {
  return loaded.counters()[LOGGED]!;
}

describeKernel('events', () => {
  test('tell what happened, in order', () => {
    using loaded = loadArtifact(RING);
    const stream = openEvents(loaded);
    const before = BigInt(Date.now()) * 1_000_000n;
    for (let number = 0; number < 500; number++) loaded.testRun(numbered(number));
    const events = drain(stream);
    const after = BigInt(Date.now() + 1) * 1_000_000n;
    expect(events.map(numberOf)).toEqual(Array.from({ length: 500 }, (_, number) => number));
    expect(events.map(({ length }) => length)).toEqual(Array.from({ length: 500 }, (_, number) => 18 + (number % 90)));
    expect(events.map(({ payload }) => payload.length)).toEqual(
      Array.from({ length: 500 }, (_, n) => Math.min(32, 4 + (n % 90))),
    );
    const times = events.map(({ time_ns }) => time_ns);
    expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
    for (const time of [times[0]!, times[499]!]) {
      expect(time).toBeGreaterThan(before - CLOCK_TOLERANCE_NS);
      expect(time).toBeLessThan(after + CLOCK_TOLERANCE_NS);
    }
    expect(events[0]).toMatchObject({
      rule: LOGGED,
      verdict: 'drop',
      ifindex: 1,
      sample: 1,
      ethertype: 0xeeee,
      vlan: null,
      src: '10.0.0.1',
      dst: '192.0.0.255',
      proto: null,
      sport: null,
      dport: null,
      flags: null,
      icmp_type: null,
      icmp_code: null,
    });
  });

  test('stay as they are when the ring goes round many times', () => {
    using loaded = loadArtifact(SMALL_RING);
    const stream = openEvents(loaded);
    const kept: PacketEvent[] = [];
    for (let number = 0; number < 5000; number++) {
      loaded.testRun(numbered(number));
      if (number % 7 === 0) kept.push(...drain(stream));
    }
    kept.push(...drain(stream));
    expect(kept.map(numberOf)).toEqual(Array.from({ length: 5000 }, (_, number) => number));
    expect(logged(loaded)).toMatchObject({ packets: 5000n, logged: 5000n, lost: 0n });
    stream.close();
    expect(numberOf(kept[4999]!)).toBe(4999);
  });

  test('that find the ring full are counted, and the oldest ones kept', () => {
    using loaded = loadArtifact(SMALL_RING, ONE_RING);
    const stream = openEvents(loaded);
    for (let number = 0; number < 1000; number++) loaded.testRun(numbered(number));
    const { lost } = logged(loaded);
    expect(lost).toBeGreaterThan(900n);
    const events = drain(stream);
    expect(events.map(numberOf)).toEqual(Array.from({ length: 1000 - Number(lost) }, (_, number) => number));
    loaded.testRun(numbered(7));
    expect(drain(stream).map(numberOf)).toEqual([7]);
  });

  test('arrive by themselves, one as well as many', async () => {
    using loaded = loadArtifact(RING);
    const stream = openEvents(loaded);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const batch of stream) seen.push(...batch.map(numberOf));
    })();
    for (const pause_ms of [0, 30, 300, 1300]) {
      await sleep(pause_ms);
      const sent_ms = performance.now();
      loaded.testRun(numbered(pause_ms));
      while (!seen.includes(pause_ms)) await sleep(1);
      expect(performance.now() - sent_ms).toBeLessThan(500);
    }
    stream.close();
    await reading;
    expect(seen).toEqual([0, 30, 300, 1300]);
  });
});

describeKernel('the event stream', () => {
  test('has one reader, and the next one goes on where it ended', () => {
    using loaded = loadArtifact(RING);
    const first = openEvents(loaded);
    expect(() => openEvents(loaded)).toThrow(/being read already/);
    loaded.testRun(numbered(1));
    expect(drain(first).map(numberOf)).toEqual([1]);
    loaded.testRun(numbered(2));
    first.close();
    first.close();
    expect(first.read()).toEqual([]);
    expect(drain(openEvents(loaded)).map(numberOf)).toEqual([2]);
  });

  test('ends when it is closed: while waiting, within the loop, beforehand', async () => {
    using loaded = loadArtifact(RING);
    const waiting = openEvents(loaded);
    setTimeout(() => waiting.close(), 20);
    for await (const _ of waiting) expect.unreachable();
    const within = openEvents(loaded);
    loaded.testRun(numbered(1));
    let batches = 0;
    for await (const _ of within) {
      batches++;
      within.close();
    }
    expect(batches).toBe(1);
    for await (const _ of within) expect.unreachable();
  });

  test('ends with the program', async () => {
    const loaded = loadArtifact(RING);
    const stream = openEvents(loaded);
    setTimeout(() => loaded.close(), 20);
    for await (const _ of stream) expect.unreachable();
  });

  test('goes on after a reader left the loop', async () => {
    using loaded = loadArtifact(RING);
    const stream = openEvents(loaded);
    for (let number = 0; number < 3; number++) {
      loaded.testRun(numbered(number));
      for await (const [event] of stream) {
        expect(numberOf(event!)).toBe(number);
        break;
      }
    }
  });

  test('of a program that logs nothing waits for its end', async () => {
    const silent = { ...RING, manifest: { ...RING.manifest, events: null } };
    using loaded = loadArtifact(silent);
    const stream = openEvents(loaded);
    expect(stream.read()).toEqual([]);
    setTimeout(() => stream.close(), 20);
    for await (const _ of stream) expect.unreachable();
  });

  test('costs little when nothing comes', async () => {
    using loaded = loadArtifact(RING);
    const stream = openEvents(loaded);
    setTimeout(() => stream.close(), 3000);
    const before = process.cpuUsage();
    for await (const _ of stream) expect.unreachable();
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 3_000_000).toBeLessThan(0.1);
  });
});

describeKernel('a flood', () => {
  const FRAMES = 1_000_000;

  test.each([
    ['a reader that keeps up as it can', () => undefined],
    ['a reader that is slow', () => sleep(5)],
  ])('%s: what was sent is delivered or counted as lost', async (_, pause) => {
    using loaded = loadArtifact(RING);
    const stream = openEvents(loaded);
    const flood = await prepareFlood(loaded.programs[0]?.id, numbered(1), FRAMES, 0);
    let delivered = 0;
    let last = 0n;
    let ordered = true;
    const reading = readAll(stream, async (batch) => {
      delivered += batch.length;
      for (const { time_ns } of batch) {
        if (time_ns < last) ordered = false;
        last = time_ns;
      }
      await pause();
    });
    flood.start();
    await flood.done;
    await reading;
    const { packets, logged: written, lost } = logged(loaded);
    expect(packets).toBe(BigInt(FRAMES));
    expect(written + lost).toBe(BigInt(FRAMES));
    expect(BigInt(delivered)).toBe(written);
    expect(delivered).toBeGreaterThan(0);
    expect(ordered).toBe(true);
  });

  test('does not starve timers', async () => {
    using loaded = loadArtifact(RING);
    const stream = openEvents(loaded);
    const flood = await prepareFlood(loaded.programs[0]?.id, numbered(1), 20 * FRAMES, 0);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    const started_ms = performance.now();
    flood.start();
    const ended = flood.done.then(() => stream.close());
    for await (const _ of stream);
    await ended;
    clearInterval(timer);
    const duration_ms = performance.now() - started_ms;
    expect(ticks).toBeGreaterThan(duration_ms / 10 / 10);
  });

  test('can be closed in the middle of it: stream first or program first', async () => {
    for (const first of ['stream', 'program'] as const) {
      const loaded = loadArtifact(RING);
      const stream = openEvents(loaded);
      const flood = await prepareFlood(loaded.programs[0]?.id, numbered(1), 5 * FRAMES, 0);
      flood.start();
      let batches = 0;
      for await (const batch of stream) {
        expect(batch[0]?.rule).toBe(LOGGED);
        if (++batches === 20) setImmediate(() => (first === 'stream' ? stream.close() : loaded.close()));
      }
      loaded.close();
      await flood.done;
      expect(batches).toBeGreaterThanOrEqual(20);
    }
  });

  test('on every CPU at once is counted exactly, in 64 bits', async () => {
    using loaded = loadArtifact(RING);
    const cpus = Math.min(4, availableParallelism());
    const frame = new Uint8Array(1500).fill(0xee);
    const floods = await Promise.all(
      Array.from({ length: cpus }, (_, cpu) => prepareFlood(loaded.programs[0]?.id, frame, 3 * FRAMES, cpu)),
    );
    for (const flood of floods) flood.start();
    await Promise.all(floods.map(({ done }) => done));
    const sent = BigInt(cpus * 3 * FRAMES);
    const { packets, bytes, logged: written, lost } = logged(loaded);
    expect(packets).toBe(sent);
    expect(bytes).toBe(sent * BigInt(frame.length));
    expect(bytes).toBeGreaterThan(2n ** 32n);
    expect(written + lost).toBe(sent);
  });
});
