/** Seeded bugs: each of these mistakes in the compiler's semantics is seen by the tests. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeKernel } from '../kernel/environment.ts';
import { firstDifference } from './compare-mutant.ts';
import { C_MUTANTS, MUTANTS } from './mutants.ts';
import { type Copy, copyProject, type Mutant, runSuite, withMutant } from './run-mutant.ts';
import { SUITES } from './suites.ts';
import { C_TREE_MUTANTS } from './tree-mutants.ts';

const COPIES = 2;
const LEAST = 30;
/** The whole comparison has two thousand. */
const FILES = 400;

const copies: Copy[] = [];
const free: Copy[] = [];
const waiting: ((copy: Copy) => void)[] = [];
beforeAll(async () => {
  for (let made = 0; made < COPIES; made++) copies.push(await copyProject());
  free.push(...copies);
});
afterAll(async () => {
  for (const copy of copies) await copy[Symbol.asyncDispose]();
});

/** Each copy is used by one test at a time. */
async function withCopy<T>(work: (copy: Copy) => Promise<T>): Promise<T> {
  const copy = free.pop() ?? (await new Promise<Copy>((resolve) => waiting.push(resolve)));
  try {
    return await work(copy);
  } finally {
    const next = waiting.shift();
    if (next === undefined) free.push(copy);
    else next(copy);
  }
}

test(`there are ${LEAST} of them at least, each another one`, () => {
  const all = [...MUTANTS, ...C_MUTANTS, ...C_TREE_MUTANTS];
  expect(new Set(all.map(({ what }) => what)).size).toBe(all.length);
  expect(all.length).toBeGreaterThanOrEqual(LEAST);
});

function killed(mutants: readonly Mutant[]): void {
  test.concurrent.each(mutants)('$what ($file)', ({ ...mutant }) =>
    withCopy(async (copy) => {
      const { failed, output } = await withMutant(copy, mutant, () => runSuite(copy, mutant.killedBy));
      expect(failed, `survived: ${mutant.what}\n${output.slice(-2000)}`).toBeGreaterThan(0);
    }),
  );
}

function passes(suites: (typeof SUITES)[keyof typeof SUITES][]): void {
  test.concurrent.each(suites)('without a bug, $files pass', ({ ...suite }) =>
    withCopy(async (copy) => {
      const { passed, failed, output } = await runSuite(copy, suite);
      expect(failed, output.slice(-2000)).toBe(0);
      expect(passed).toBeGreaterThan(0);
    }),
  );
}

describe('bugs that the tests of one phase see', () => {
  passes([SUITES.values, SUITES.resolve, SUITES.meaning, SUITES.interpret, SUITES.boxes]);
  killed(MUTANTS.filter(({ killedBy }) => killedBy.project === 'unit'));
});

describeKernel('bugs that the comparison with the kernel sees', () => {
  killed(MUTANTS.filter(({ killedBy }) => killedBy.project !== 'unit'));

  test.concurrent.each(C_MUTANTS)('$what ($file)', async (change) => {
    expect(await firstDifference(change, FILES), `survived: ${change.what}`).not.toBeNull();
  });

  test.concurrent.each(C_TREE_MUTANTS)('trees: $what ($file)', async (change) => {
    expect(await firstDifference(change, FILES, 'tree'), `survived: ${change.what}`).not.toBeNull();
  });
});
