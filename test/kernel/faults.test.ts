/** Faults that the kernel and the machine around it produce, each for real. */
import koffi from 'koffi';
import { expect, test } from 'vitest';
import { loadArtifact } from '../../runtime/load.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel } from './environment.ts';

const setitimer = koffi.load(null).func('int setitimer(int, void *, void *)') as (which: number, to: BigInt64Array, old: null) => number;
const ITIMER_REAL = 0;

/** A signal to this process every `interval_us` microseconds while `work` is at it. */
function underSignals<T>(interval_us: number, work: () => T): T {
  const ignore = () => {};
  process.on('SIGALRM', ignore);
  const every = (us: number) => setitimer(ITIMER_REAL, new BigInt64Array([0n, BigInt(us), 0n, BigInt(us)]), null);
  try {
    expect(every(interval_us)).toBe(0);
    return work();
  } finally {
    every(0);
    process.off('SIGALRM', ignore);
  }
}

describeKernel('signals while the verifier works (EAGAIN)', () => {
  test('are no rejection: the program is loaded all the same, and a note says why it took longer', async () => {
    const rules = Array.from({ length: 20 }, (_, at) => `match tcp dport ${at + 1} payload contains "word${at}" -> drop`);
    const artifact = await compileRules(rules.join('\n'));
    using calm = loadArtifact(artifact);
    expect(calm.notes).toEqual([]);
    using loaded = underSignals(200, () => loadArtifact(artifact));
    expect(loaded.notes).toEqual([expect.stringContaining('EAGAIN')]);
    expect(loaded.programs[0]?.id).toBeGreaterThan(0);
  });
});
