import { describe, expect, test } from 'vitest';
import { createEventClock } from '../../runtime/event-clock.ts';
import { CLOCK_BOOTTIME } from '../../runtime/ffi/libc.ts';

const MS = 1_000_000n;

/** Clocks that a test turns; each look at one takes 100 ns. */
function turnableClocks() {
  const state = { boot_ns: 5_000n * MS, utc_ns: 1_795_000_000_000n * MS };
  return {
    state,
    clock_gettime(clock: number, timespec: BigInt64Array) {
      state.boot_ns += 100n;
      state.utc_ns += 100n;
      const now = clock === CLOCK_BOOTTIME ? state.boot_ns : state.utc_ns;
      timespec[0] = now / 1_000_000_000n;
      timespec[1] = now % 1_000_000_000n;
      return 0;
    },
  };
}

describe('the time of events when the clock is set', () => {
  test.each([
    ['an hour ahead', 3_600_000n],
    ['a day back', -86_400_000n],
  ])('%s: events from then on have the new time', (_, step_ms) => {
    const clocks = turnableClocks();
    const offset = createEventClock(clocks);
    const before = offset();
    expect(before - (clocks.state.utc_ns - clocks.state.boot_ns)).toBeLessThan(1_000n);
    clocks.state.utc_ns += step_ms * MS;
    const step = offset() - before - step_ms * MS;
    expect(step < 1_000n && step > -1_000n).toBe(true);
    expect(offset()).toBe(offset());
  });

  test('a few milliseconds of slewing: events stay in their order', () => {
    const clocks = turnableClocks();
    const offset = createEventClock(clocks);
    const before = offset();
    clocks.state.utc_ns -= 4n * MS;
    expect(offset()).toBe(before);
  });
});
