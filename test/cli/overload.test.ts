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

test('rings: a power of two, at most one a CPU, eight, and 32 MiB', () => {
  const events = [1, 2, 3, 4, 6, 8, 64].map((cpus) => ringsFor(4 << 20, cpus));
  expect(events).toEqual([1, 2, 2, 4, 4, 8, 8]);
  expect([1, 2, 64].map((cpus) => ringsFor(16 << 20, cpus))).toEqual([1, 2, 2]);
  expect(ringsFor(64 << 20, 8)).toBe(1);
  expect(ringsFor(4096, 0)).toBe(1);
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
