/** The programs of bench/handwritten mean what the rule files beside them mean, and so a comparison of their speed is fair. */
import { expect, test } from 'vitest';
import { loadObject, testRunOf } from '../../bench/handwritten/kernel-program.ts';
import { compileHere, countsOf, HANDWRITTEN, rulesOf } from '../../bench/handwritten/programs.ts';
import { traceFor } from '../../bench/handwritten/trace.ts';
import { findClang } from '../../compiler/6-build/find-clang.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { hintsOf } from '../packets/hints.ts';
import { createRandom } from '../packets/random.ts';
import { compileBoth } from './compile-rules.ts';
import { describeKernel } from './environment.ts';

const RANDOM_PACKETS = 6000;
const SEED = 20_240_229;
const XDP_PASS = 2;

describeKernel('hand-written C and its rules', () => {
  test.each(HANDWRITTEN)('%s: the same verdicts and counters', async (name) => {
    const clang = await findClang();
    if (!clang.found) throw new Error('clang is not installed');
    const { artifact, program } = await compileBoth(rulesOf(name));
    const byHand = loadObject(compileHere(name, clang.path));
    try {
      using loaded = loadArtifact(artifact);
      const random = createRandom(SEED);
      const hints = hintsOf(program);
      const odd = Array.from({ length: RANDOM_PACKETS }, () => generatePacket(random, { hints, minLength: 14 }));
      const interpret = createInterpreter(program);
      const run = testRunOf(byHand.program('handwritten'));
      for (const frame of [...odd, ...traceFor(program, SEED)]) {
        const ours = loaded.testRun(frame).outcome;
        const theirs = run(frame) === XDP_PASS ? 'pass' : 'drop';
        expect([ours, theirs], Buffer.from(frame).toString('hex')).toEqual([interpret(frame).verdict, ours]);
      }
      const counts = countsOf(byHand.map('counters'), program.rules.length);
      expect(counts).toEqual(
        loaded.counters().map(({ packets, bytes }) => ({ packets: Number(packets), bytes: Number(bytes) })),
      );
      // Each rule of the file is met, or its speed would say little.
      expect(counts.map(({ packets }) => packets > 0)).toEqual(counts.map(() => true));
    } finally {
      byHand.close();
    }
  });
});
