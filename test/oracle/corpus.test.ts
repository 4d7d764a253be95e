/** Real frames on which libpcap, tshark and nftables agree, through `pktc replay`: npm run test:oracle. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../cli/pktc.ts';
import { CORPUS_RULES } from './corpus-rules.ts';
import { CORPUS, compareWithAnswers, readAnswers, replayCorpus } from './replay-corpus.ts';

const answers = readAnswers();
const folder = temporaryFolder();
if (answers === null)
  console.warn(`skipped: the comparison with three engines over real captures, because ${CORPUS} is not there`);

describe('agreed decisions of libpcap, tshark and nftables', () => {
  if (answers === null) {
    // Not a skip: a machine without the corpus lacks nothing that the project can install.
    test('are not looked at, for the corpus is not there', () => expect(existsSync(CORPUS)).toBe(false));
    return;
  }

  test('every rule of the answers can be written', () => {
    expect(Object.keys(CORPUS_RULES)).toEqual(Object.keys(answers.rules));
  });

  test('are those of the interpreter', { timeout: 300_000 }, async () => {
    const matched = await replayCorpus('interpreter', folder);
    expect(matched).toHaveLength(answers.packets);
    const { agreed, differing } = compareWithAnswers(answers, matched);
    console.info(`corpus: ${Object.keys(CORPUS_RULES).length} rules, ${agreed} agreed decisions in the interpreter`);
    expect(differing).toEqual({});
    expect(agreed).toBeGreaterThan(14_000_000);
  });
});
