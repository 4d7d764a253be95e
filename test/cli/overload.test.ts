import { expect, test } from 'vitest';
import { createOverload } from '../../cli/events/overload.ts';
import { workersFromOption } from '../../cli/workers-option.ts';
import { ringsFor } from '../../runtime/ring-maps.ts';

test('one thread is not enough when a ring has been filled for long, but not where the output is what is slow', () => {
  let now = 0;
  const { look } = createOverload({ full: 0.25, lasts_ms: 500, now_ms: () => now });
  const at = (ms: number, waiting: number, printing_ms: number) => {
    now = ms;
    return look(waiting, printing_ms);
  };
  // A burst that is read within its time.
  expect([at(0, 0.9, 0), at(400, 0.5, 0), at(450, 0.1, 0), at(600, 0.9, 0), at(1000, 0.9, 0)]).not.toContain(true);
  expect(at(1100, 0.3, 100)).toBe(true);
  expect(at(1200, 0.2, 100)).toBe(false);
  // The output took more than half of the time; then it does not any more.
  expect([at(2000, 1, 100), at(2600, 1, 500), at(3000, 1, 600)]).toEqual([false, false, false]);
  expect(at(3100, 1, 600)).toBe(true);
});

test('rings: a power of two, at most one a CPU and eight, which share what there is for all of them', () => {
  const MIB = 1 << 20;
  const on = (cpus: number, least: number, all = 32) =>
    ringsFor({ payload_bytes: 0, ring_bytes: least * MIB, rings_bytes: all * MIB }, cpus);
  const of = (count: number, mib: number) => ({ count, bytes: mib * MIB });
  const events = [1, 2, 3, 4, 6, 8, 64].map((cpus) => on(cpus, 4));
  expect(events).toEqual([of(1, 32), of(2, 16), of(2, 16), of(4, 8), of(4, 8), of(8, 4), of(8, 4)]);
  expect([1, 2, 64].map((cpus) => on(cpus, 16))).toEqual([of(1, 32), of(2, 16), of(2, 16)]);
  expect(on(8, 32)).toEqual(of(1, 32));
  expect(on(0, 4)).toEqual(of(1, 32));
});

test('threads are for lines, and not for what one thread has to see', () => {
  const lines = (json: boolean, count: boolean) => ({ json, alone: { '--count': count, '--write': false } });
  expect(workersFromOption(undefined, lines(true, false))).toBe('auto');
  expect(workersFromOption('always', lines(true, false))).toBe('always');
  expect(workersFromOption(undefined, lines(false, false))).toBe('never');
  expect(workersFromOption('auto', lines(true, true))).toBe('never');
  expect(() => workersFromOption('never', lines(false, false))).toThrow(/about `--json`/);
  expect(() => workersFromOption('always', lines(true, true))).toThrow(/does not go with `--count`/);
});
