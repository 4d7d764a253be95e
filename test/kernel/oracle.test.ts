/** Real frames on which libpcap, tshark and nftables agree, through `pktc replay` in the kernel: npm run test:oracle. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../cli/pktc.ts';
import { CORPUS, compareWithAnswers, readAnswers, replayCorpus } from '../oracle/replay-corpus.ts';
import { describeKernel } from './environment.ts';

const answers = readAnswers();
const folder = temporaryFolder();

describeKernel('agreed decisions of libpcap, tshark and nftables', () => {
  if (answers === null) {
    console.warn(`skipped: the comparison with three engines over real captures, because ${CORPUS} is not there`);
    // Not a skip: a machine without the corpus lacks nothing that the project can install.
    test('are not looked at, for the corpus is not there', () => expect(existsSync(CORPUS)).toBe(false));
    return;
  }

  test('are those of the compiled program', async () => {
    const matched = await replayCorpus('kernel', folder);
    expect(matched).toHaveLength(answers.packets);
    const { agreed, differing } = compareWithAnswers(answers, matched);
    console.info(`corpus: ${agreed} agreed decisions in the kernel`);
    expect(differing).toEqual({});
  });
});
