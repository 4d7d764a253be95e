/** Interpreter and kernel on a few random rule files: what a bug in the way to C has to break. */
import { expect, test } from 'vitest';
import { describeKernel } from '../kernel/environment.ts';
import { firstDifference } from './compare-mutant.ts';

const FILES = 100;

describeKernel('interpreter and kernel', () => {
  test(`agree on ${FILES} rule files`, async () => {
    expect(await firstDifference(null, FILES)).toBeNull();
  });
});
