/** Interpreter and kernel on a few random rule files whose rules are trees: what a bug in trees has to break. */
import { expect, test } from 'vitest';
import { describeKernel } from '../kernel/environment.ts';
import { firstDifference } from './compare-mutant.ts';

const FILES = 100;

describeKernel('interpreter and kernel', () => {
  test(`agree on ${FILES} rule files that are trees`, async () => {
    expect(await firstDifference(null, FILES, 'tree')).toBeNull();
  });
});
