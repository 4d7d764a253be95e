/** The comparison for as long as somebody asks: `npm run fuzz -- --for 30m`. */
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { describeKernel } from '../kernel/environment.ts';
import { compareFile } from './compare-engines.ts';
import { kernelEngine } from './kernel-engine.ts';

const SECONDS = Number(process.env.PKTC_FUZZ_SECONDS ?? 60);
const SEED = Number(process.env.PKTC_SEED ?? 1);
const PACKETS = 200;
const PROGRESS_MS = 10_000;

describeKernel('interpreter and kernel', () => {
  test(`agree for ${SECONDS} s`, { timeout: (SECONDS + 600) * 1000 }, async () => {
    const engine = kernelEngine();
    const end = performance.now() + SECONDS * 1000;
    const done = { files: 0, refused: 0, packets: 0, matches: 0 };
    let next = 0;
    let failure: string | null = null;
    let told = performance.now();
    const worker = async (): Promise<void> => {
      while (failure === null && performance.now() < end) {
        const result = await compareFile(next++, { seed: SEED, packets: PACKETS, engine });
        done.files++;
        done.refused += result.limit === null ? 0 : 1;
        done.packets += result.taken;
        done.matches += result.matches;
        failure ??= result.failure;
        if (performance.now() - told < PROGRESS_MS) continue;
        told = performance.now();
        process.stderr.write(`fuzz: seed ${SEED}, ${done.files} files, ${done.packets} packets, ${done.matches} matches\n`);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() + 1 }, worker));
    console.info(`fuzz: PKTC_SEED=${SEED}, ${JSON.stringify(done)}`);
    expect(failure).toBeNull();
  });
});
