/** Every frame of the corpus through the interpreter and through the kernel: real packets, where random ones lack imagination. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readCapture } from '../../runtime/capture/read-capture.ts';
import { describeKernel } from '../kernel/environment.ts';
import { CORPUS_RULES } from '../oracle/corpus-rules.ts';
import { EQUIVALENTS } from '../oracle/expressions.ts';
import { hex } from '../packets/build-packet.ts';
import { same } from './compare-engines.ts';
import { interpreterEngine } from './engine.ts';
import { kernelEngine } from './kernel-engine.ts';
import { programOf } from './program-of.ts';

const corpus = path.resolve(import.meta.dirname, '../../../shared/corpus/open.pcap');

/** What BPF_PROG_TEST_RUN takes: an Ethernet header at least, at most a page less its headroom and tailroom. */
const SHORTEST = 14;
const LONGEST = 3400;

/** Fields that those conditions leave out, so that each is looked at. */
const OTHERS = [
  'malformed',
  'payload.len any',
  'payload.len 1-100',
  'frag first',
  'frag any',
  'icmp.type any',
  'tcp.window any',
  'sport any',
  'proto any',
];

describeKernel('interpreter and kernel over real captures', () => {
  if (!existsSync(corpus)) {
    console.warn(`skipped: interpreter and kernel over real captures, because ${corpus} is not there`);
    // Not a skip: a machine without the corpus lacks nothing that the project can install.
    test('are not compared, for the corpus is not there', () => expect(existsSync(corpus)).toBe(false));
    return;
  }

  test('agree on every frame', async () => {
    const conditions = [...Object.values(CORPUS_RULES), ...EQUIVALENTS.map(({ condition }) => condition), ...OTHERS];
    const text = [...new Set(conditions)].map((condition) => `match ${condition} -> count\n`).join('');
    const program = programOf(text);
    const { frames } = readCapture(readFileSync(corpus));
    const taken = frames.filter(({ data }) => data.length >= SHORTEST && data.length <= LONGEST);
    using expected = await interpreterEngine(program, text);
    using actual = await kernelEngine()(program, text);
    const differing: string[] = [];
    for (const { data, number } of taken) {
      const [ours, theirs] = [expected.decide(data, {}), actual.decide(data, {})];
      if (ours === null || theirs === null || !same(ours, theirs)) {
        differing.push(`frame ${number}: ${JSON.stringify(ours)} and ${JSON.stringify(theirs)} on ${hex(data)}`);
      }
    }
    console.info(
      `corpus: ${program.rules.length} rules, ${taken.length} of ${frames.length} frames through interpreter and kernel`,
    );
    expect(differing.slice(0, 5)).toEqual([]);
    expect(actual.totals()).toEqual(expected.totals());
    expect(taken.length).toBeGreaterThan(frames.length * 0.95);
  });
});
