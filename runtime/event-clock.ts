import { readFileSync } from 'node:fs';
import { CLOCK_BOOTTIME, CLOCK_REALTIME, type Libc } from './ffi/libc.ts';

/** A difference between the clocks that is larger than this means that somebody set the time. */
const CLOCK_STEP_NS = 10_000_000n;
const CLOCK_WIDTH_NS = 50_000n;
const CLOCK_TRIES = 10;

/** What this process sees of the time since boot on top of what programs in the kernel see (time_namespaces(7)), in nanoseconds. */
function timeNamespaceOffset(): bigint {
  try {
    const [, seconds = '0', nanoseconds = '0'] =
      /^boottime\s+(-?\d+)\s+(-?\d+)$/m.exec(readFileSync('/proc/self/timens_offsets', 'latin1')) ?? [];
    return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
  } catch {
    // Linux before 5.6 has none.
    return 0n;
  }
}

/**
 * Nanoseconds to add to the time since boot, as a program in the kernel has it, to have UTC. It stays as it is, lest time run backwards, until
 * the clock is set.
 * @param first_ns what another thread adds: both tell the same time then
 */
export function createEventClock(libc: Pick<Libc, 'clock_gettime'>, first_ns: bigint | null = null): () => bigint {
  const namespace_ns = timeNamespaceOffset();
  const timespec = new BigInt64Array(2);
  const now = (clock: number) => {
    libc.clock_gettime(clock, timespec);
    return (timespec[0] ?? 0n) * 1_000_000_000n + (timespec[1] ?? 0n);
  };
  const measure = () => {
    const before_ns = now(CLOCK_BOOTTIME);
    const utc_ns = now(CLOCK_REALTIME);
    const width_ns = now(CLOCK_BOOTTIME) - before_ns;
    return { offset_ns: utc_ns - before_ns - width_ns / 2n + namespace_ns, width_ns };
  };
  // Between two looks at the clocks the process may have to wait for the CPU: then the measure is worth nothing.
  const measureWell = () => {
    let best = measure();
    for (let again = 0; again < CLOCK_TRIES && best.width_ns > CLOCK_WIDTH_NS; again++) {
      const next = measure();
      if (next.width_ns < best.width_ns) best = next;
    }
    return best;
  };
  let offset_ns = first_ns ?? measureWell().offset_ns;
  return () => {
    const measured = measureWell();
    const step_ns = measured.offset_ns - offset_ns;
    const limit_ns = CLOCK_STEP_NS + measured.width_ns;
    if (step_ns > limit_ns || step_ns < -limit_ns) offset_ns = measured.offset_ns;
    return offset_ns;
  };
}

/** The time since boot as programs in the kernel see it, in nanoseconds. */
export function createKernelClock(libc: Pick<Libc, 'clock_gettime'>): () => number {
  const namespace_ns = Number(timeNamespaceOffset());
  const timespec = new BigInt64Array(2);
  return () => {
    libc.clock_gettime(CLOCK_BOOTTIME, timespec);
    return Number(timespec[0] ?? 0n) * 1e9 + Number(timespec[1] ?? 0n) - namespace_ns;
  };
}
