/** Programs with many rules note packets, and add them up some at a time: whoever reads the counters sees each of them at once, and once. */
import { beforeAll, expect, test } from 'vitest';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { dataArtifact, dataObject, numberFrame, type RangeRule } from '../runtime/data-fixture.ts';
import { describeKernel } from './environment.ts';
import { prepareFlood } from './flood.ts';

/** PKTC_TALLY_PACKETS */
const NOTED_MOST = 32;
const RULES = ['a', 'b', 'c'].map((name, at): RangeRule => ({ name, low: 10 * at, high: 10 * at + 9, verdict: 'pass' }));
const FLOODED = 12_000_000;
/** More than there are counters to give away. */
const TURNS = 200;

let object: Uint8Array;
beforeAll(() => {
  object = dataObject();
});

const packets = (loaded: LoadedProgram) => loaded.counters().map((counter) => Number(counter.packets));

describeKernel('packets that are noted first', () => {
  test('are in the counters at once, and each is told once', () => {
    using loaded = loadArtifact(dataArtifact(object, RULES));
    const expected = [0, 0, 0, 0];
    const watch = loaded.watchCounters();
    for (let packet = 0; packet < 5 * NOTED_MOST; packet++) {
      const rule = (packet * packet) % 3;
      loaded.testRun(numberFrame(10 * rule));
      expected[rule]!++;
      expect(watch()).toEqual([rule]);
      expect(packets(loaded)).toEqual(expected);
    }
    expect(loaded.counters().map(({ bytes }) => Number(bytes))).toEqual(expected.map((count) => count * numberFrame(0).length));
    expect(watch()).toEqual([]);
  });

  test('are told once, too, by those who look seldom', () => {
    using loaded = loadArtifact(dataArtifact(object, RULES));
    for (const [before, after] of [
      [NOTED_MOST - 1, 1],
      [5, NOTED_MOST],
      [1, 2 * NOTED_MOST],
    ] as const) {
      for (let packet = 0; packet < before; packet++) loaded.testRun(numberFrame(0));
      const watch = loaded.watchCounters();
      for (let packet = 0; packet < after; packet++) loaded.testRun(numberFrame(10));
      expect(watch()).toEqual([1]);
      expect(watch()).toEqual([]);
    }
  });

  test('of a rule that is gone are not those of the next one that has its counter', async () => {
    const rules = (first: string) => [{ ...RULES[0]!, name: first }, ...RULES.slice(1)];
    using loaded = loadArtifact(dataArtifact(object, rules('gone')));
    for (let packet = 0; packet < NOTED_MOST - 1; packet++) loaded.testRun(numberFrame(0));
    const slot = () => loaded.internals.data?.slots.of[0];
    const first = slot();
    let turn = 0;
    do {
      expect(await loaded.update(dataArtifact(object, rules(`turn ${++turn}`), turn + 1))).toBe('replaced');
    } while (slot() !== first && turn < TURNS);
    expect(slot()).toBe(first);
    expect(packets(loaded)).toEqual([0, 0, 0, 0]);
    for (let packet = 0; packet < NOTED_MOST; packet++) loaded.testRun(numberFrame(10));
    expect(packets(loaded)).toEqual([0, NOTED_MOST, 0, 0]);
  });

  test('are never taken back while more of them come', async () => {
    using loaded = loadArtifact(dataArtifact(object, RULES));
    const flood = await prepareFlood(loaded.programs[0]?.id, numberFrame(10), FLOODED, 1);
    let before = 0;
    let readings = 0;
    let ended = false;
    const done = flood.done.then(() => {
      ended = true;
    });
    flood.start();
    while (!ended) {
      const now = packets(loaded)[1] ?? 0;
      expect(now).toBeGreaterThanOrEqual(before);
      if (now > before) readings++;
      before = now;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
    expect(readings).toBeGreaterThan(10);
    expect(packets(loaded)).toEqual([0, FLOODED, 0, 0]);
  });
});
