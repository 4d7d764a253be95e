/** Threads that read rings and write lines: the same lines as one thread writes, each event once, whatever happens meanwhile. */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { beforeAll, expect, test } from 'vitest';
import { udpFrame } from '../../cli/demo/frames.ts';
import { createEventLines } from '../../cli/events/event-json.ts';
import type { Lines } from '../../cli/events/line-messages.ts';
import { createLineWorkers, type LineWorkersOptions } from '../../cli/events/line-workers.ts';
import { type EventStream, openEvents, openFollowingEvents } from '../../runtime/events.ts';
import { openLibc } from '../../runtime/ffi/libc.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { ringsFor } from '../../runtime/ring-maps.ts';
import { pktc } from '../cli/pktc.ts';
import { dataArtifact, dataObject, numberFrame } from '../runtime/data-fixture.ts';
import { fixtureArtifact } from '../runtime/fixture.ts';
import { describeKernel, eventually, openInjector, withIpv4Network } from './environment.ts';
import { prepareFlood } from './flood.ts';
import { type Running, start as startRun } from './run-command.ts';

const RING = fixtureArtifact(1 << 20);
const LOGGED = 1;
const HAS_TWO = availableParallelism() > 1;
if (!HAS_TWO) console.warn('skipped: events of two CPUs: there is one');
const CPU_NUMBERS = 1_000_000;

/** As it is built, next to the command. */
const start = () => new Worker(new URL('../../dist/event-worker.js', import.meta.url));
// The first start may have to build.
beforeAll(async () => void (await pktc(['--version'])));

interface Line {
  readonly timestamp: string;
  readonly in_iface: string | null;
  readonly rule: string | null;
  readonly payload_hex: string | null;
}

function linesOf(text: string): readonly Line[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

const numberOf = ({ payload_hex }: Line) => Number.parseInt((payload_hex ?? '').slice(0, 8), 16);
const cpuOf = (number: number) => Math.floor(number / CPU_NUMBERS);
const isAscending = (numbers: readonly number[]) => numbers.every((number, at) => at === 0 || number > numbers[at - 1]!);
const numbered = (number: number) => {
  const bytes = new Uint8Array(40);
  bytes[0] = 0xee;
  new DataView(bytes.buffer).setUint32(14, number);
  return bytes;
};

/** What a command does: one thread prints until it is relieved. */
function reader(stream: EventStream, changes: Partial<LineWorkersOptions> = {}) {
  const interfaces = new Map([[1, 'first']]);
  const lines = createEventLines(interfaces);
  const printed = { alone: '', byWorkers: '', events: 0 };
  const failures: Error[] = [];
  const workers = createLineWorkers({
    libc: openLibc(),
    when: 'always',
    isOverloaded: () => true,
    only: null,
    interfaces: () => interfaces,
    print: async ({ bytes, events }: Lines) => {
      printed.byWorkers += Buffer.from(bytes).toString('utf8');
      printed.events += events;
      return true;
    },
    onRefused: (error) => failures.push(error),
    onFailed: (error) => failures.push(error),
    start,
    ...changes,
  });
  let relieved = false;
  const reading = (async () => {
    for await (const batch of stream) {
      printed.alone += Buffer.from(lines(batch)).toString('utf8');
      printed.events += batch.length;
      relieved = workers.relieve(stream);
      if (relieved) return;
    }
  })();
  return {
    printed,
    failures,
    interfaces,
    workers,
    isRelieved: () => relieved,
    async finish() {
      for (let batch = stream.read(); batch.length > 0; batch = stream.read()) {
        printed.alone += Buffer.from(lines(batch)).toString('utf8');
        printed.events += batch.length;
      }
      stream.close();
      await reading;
      await workers.finish(true);
    },
  };
}

/** Until the threads read. */
async function untilRelieved({ isRelieved }: ReturnType<typeof reader>, packet: () => unknown): Promise<void> {
  await eventually('threads read', () => {
    if (!isRelieved()) packet();
    return isRelieved();
  });
}

describeKernel('threads that write lines', () => {
  test.runIf(HAS_TWO)(
    'take over while two CPUs log: every event once, in the order of each CPU, as one thread writes them',
    async () => {
      using loaded = loadArtifact(RING, { rings: { count: 2, bytes: 1 << 20 } });
      const stream = openFollowingEvents(loaded);
      const alone = reader(openFollowingEvents(loaded), { when: 'never' });
      let asked = 0;
      let ready = 0;
      const counted = () => start().once('message', () => ready++);
      const both = reader(stream, { when: 'auto', leastRings: 2, isOverloaded: () => ++asked > 1, start: counted });
      // They stand by, and take over within the flood.
      for (const number of [2, 3]) {
        loaded.testRun(numbered(number * CPU_NUMBERS));
        await eventually('one thread has read', () => both.printed.events === number - 1);
      }
      await eventually('they are ready', () => ready === 2);
      expect(both.isRelieved()).toBe(false);
      const floods = await Promise.all(
        [0, 1].map((cpu) =>
          prepareFlood(loaded.programs[0]?.id, numbered(0), 30_000, cpu, { at: 14, first: cpu * CPU_NUMBERS }),
        ),
      );
      for (const flood of floods) flood.start();
      await Promise.all(floods.map(({ done }) => done));
      await both.finish();
      await alone.finish();
      const { packets, logged, lost } = loaded.counters()[LOGGED]!;
      expect(packets).toBe(60_002n);
      expect(logged + lost).toBe(packets);
      expect(both.failures).toEqual([]);
      expect(both.isRelieved()).toBe(true);
      expect(alone.isRelieved()).toBe(false);
      const before = linesOf(both.printed.alone).map(numberOf);
      const behind = linesOf(both.printed.byWorkers).map(numberOf);
      expect(before.length).toBeGreaterThan(2);
      expect(behind.length).toBeGreaterThan(0);
      const numbers = [...before, ...behind];
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(numbers.length + stream.overtaken).toBe(Number(logged));
      expect(both.printed.events).toBe(numbers.length);
      for (const cpu of [0, 1]) expect(isAscending(numbers.filter((number) => cpuOf(number) === cpu))).toBe(true);
      // Clocks of two streams differ by a moment; nobody has been overtaken by more than the other has read.
      const texts = (text: string) => new Map(linesOf(text).map((line) => [numberOf(line), { ...line, timestamp: '' }]));
      const expected = texts(alone.printed.alone);
      const found = texts(both.printed.alone + both.printed.byWorkers);
      let common = 0;
      for (const [number, line] of found) {
        if (!expected.has(number)) continue;
        common++;
        if (common % 97 === 0) expect(line).toEqual(expected.get(number));
      }
      expect(common).toBeGreaterThan(1000);
    },
  );

  test('know names of rules that come with new data and with another program, and of interfaces', async () => {
    const object = dataObject();
    const rule = (name: string, low: number, high: number) => ({ name, low, high, verdict: 'pass' as const, logs: true });
    using loaded: LoadedProgram = loadArtifact(dataArtifact(object, [rule('old', 1, 10), rule('kept', 11, 20)]));
    const stream = openEvents(loaded);
    const one = reader(stream);
    const run = (number: number) => loaded.testRun(numberFrame(number));
    await untilRelieved(one, () => run(11));
    const seen = () => linesOf(one.printed.byWorkers);
    const comes = async (...rules: (string | null)[]) => {
      const from = one.printed.byWorkers.length;
      for (const number of [1, 11]) run(number);
      await eventually('two lines', () => linesOf(one.printed.byWorkers.slice(from)).length >= 2);
      expect(linesOf(one.printed.byWorkers.slice(from)).map((line) => line.rule)).toEqual(rules);
    };
    await eventually('what came before', () => one.printed.events === Number(loaded.counters()[1]?.logged));
    await comes('old', 'kept');
    run(1);
    await loaded.replace(dataArtifact(object, [rule('kept', 11, 20), rule('new', 1, 10)], 2));
    await eventually('the old one', () => seen().filter(({ rule: name }) => name === 'old').length === 2);
    await comes('new', 'kept');
    run(11);
    await loaded.switchTo(dataArtifact(dataObject(7), [rule('other', 1, 10), rule('last', 11, 20)], 3));
    await eventually('the last one', () => seen().filter(({ rule: name }) => name === 'kept').length >= 3);
    await comes('other', 'last');
    expect(seen().every(({ in_iface }) => in_iface === 'first')).toBe(true);
    one.interfaces.set(1, 'second');
    one.workers.interfacesChanged();
    await comes('other', 'last');
    expect(seen().at(-1)?.in_iface).toBe('second');
    run(1);
    await one.finish();
    expect(one.failures).toEqual([]);
    expect(seen().at(-1)?.rule).toBe('other');
  });

  test('that cannot be started leave one thread alone; one that fails is told, and the others come to their end', async () => {
    using loaded = loadArtifact(RING, { rings: { count: 2, bytes: 1 << 20 } });
    const refused = reader(openEvents(loaded), { start: () => new Worker('throw new Error("no room")', { eval: true }) });
    const run = () => loaded.testRun(numbered(0));
    run();
    await eventually('it was refused', () => refused.failures.length === 1);
    run();
    await eventually('it goes on', () => refused.printed.events === 2);
    await refused.finish();
    expect(refused.failures.map(({ message }) => message)).toEqual(['no room']);
    expect(refused.isRelieved()).toBe(false);

    const breaks = `const { parentPort } = require('node:worker_threads'); parentPort.postMessage({ kind: 'ready' });
      parentPort.on('message', () => { throw new Error('broken') })`;
    let made = 0;
    const failing = reader(openEvents(loaded), { start: () => (made++ === 0 ? new Worker(breaks, { eval: true }) : start()) });
    await untilRelieved(failing, run);
    await eventually('it failed', () => failing.failures.length === 1);
    await failing.finish();
    expect(failing.failures[0]).toMatchObject({ code: 'PKT6130', message: expect.stringContaining('broken') });
  });

  test('that are asked to end while they are loaded are not stopped in the middle of it, and need not come to its end', async () => {
    for (const [last, ends] of [
      ["parentPort.postMessage({ kind: 'ready' }); parentPort.on('message', () => {});", 'ready'],
      ["throw new Error('too little memory');", 'broken'],
    ] as const) {
      const workerData = new Int32Array(new SharedArrayBuffer(4));
      const loads = `const { parentPort, workerData } = require('node:worker_threads');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
        Atomics.add(workerData, 0, 1);
        ${last}`;
      let started = 0;
      const slowly = () => {
        started++;
        return new Worker(loads, { eval: true, workerData });
      };
      using loaded = loadArtifact(RING);
      const asked = reader(openFollowingEvents(loaded), { start: slowly });
      loaded.testRun(numbered(1));
      await eventually('threads are started', () => started > 0);
      await asked.finish();
      expect({ ends, loaded: Atomics.load(workerData, 0) }).toEqual({ ends, loaded: started });
      expect(asked.printed.events).toBe(1);
      expect(asked.failures).toEqual([]);
    }
  });
});

describeKernel('pktc run --json --workers always', () => {
  const RULE = ['-e', 'seen: match udp dport 53 -> log payload 4, pass', '--json', '--workers', 'always'];
  const packet = udpFrame({ src: '203.0.113.9', dst: '192.0.2.1' }, [5353, 53], 'numb');

  /** With a thread a ring at work, which began without the capabilities of the first ones. */
  async function withThreads(parameters: readonly string[], work: (running: Running, send: () => void) => Promise<void>) {
    await withIpv4Network(async ({ near, far }) => {
      const running = startRun(near, [...RULE, '-i', near.ifname, ...parameters]);
      await eventually(`attached: ${running.stderr()}`, () => running.stderr().includes('attached to '));
      const folder = `/proc/${running.child.pid}/task`;
      const before = new Set(readdirSync(folder));
      const injector = openInjector(far);
      const send = () => injector.send(packet);
      send();
      const rings = ringsFor({ payload_bytes: 4, ring_bytes: 4 << 20, rings_bytes: 32 << 20 }).count;
      await eventually('threads', () => readdirSync(folder).length >= before.size + rings);
      for (const thread of readdirSync(folder)) {
        if (before.has(thread)) continue;
        expect(readFileSync(`${folder}/${thread}/status`, 'utf8')).toMatch(/^CapEff:\t0+$[\s\S]*^Seccomp:\t2$/m);
      }
      await work(running, send);
      injector.close();
    });
  }

  test('prints every event once, and the summary last', async () => {
    await withThreads([], async (running, send) => {
      const view = new DataView(packet.buffer, packet.byteOffset);
      for (let number = 1; number <= 3000; number++) {
        view.setUint32(packet.length - 4, number);
        send();
        // They begin to read within this.
        if (number % 300 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      }
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(0);
      const lines = running.stdout().split('\n').slice(0, -1);
      const { summary } = JSON.parse(lines.pop() ?? '') as { summary: unknown };
      expect(summary).toMatchObject({ stopped_by: 'SIGINT', events: 3001, lost: 0 });
      const numbers = lines.slice(1).map((line) => numberOf(JSON.parse(line) as Line));
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 3000 }, (_, index) => index + 1));
    });
  });

  test('whose reader goes away ends with what was not printed, by rule', async () => {
    await withThreads(['--strict'], async (running, send) => {
      running.child.stdout?.destroy();
      for (let number = 0; number < 10; number++) {
        send();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect(await running.ended).toBe(5);
      expect(running.stderr()).toMatch(/read and not printed.*: seen/);
    });
  });
});
