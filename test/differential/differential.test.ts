/**
 * Random rule files and random packets: what the kernel does with the compiled program must be what the interpreter says.
 * `PKTC_SEED=7` repeats a run, `PKTC_FUZZ_FILES=5000` makes it longer.
 */
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import { HOOK_WORDS } from '../../grammar/fields/hooks.ts';
import { describeKernel } from '../kernel/environment.ts';
import { compareFile, type FileResult, type RunOptions } from './compare-engines.ts';
import { kernelEngine } from './kernel-engine.ts';

const FIXED_SEED = 20_240_229;
const PACKETS = 200;
const SEED = Number(process.env.PKTC_SEED ?? FIXED_SEED);
const FILES = Number(process.env.PKTC_FUZZ_FILES ?? 2000);
/** Other files every time, so that what one seed cannot find is found some day. */
const RANDOM_FILES = 25;

/** One file in so many is a tree, however few its rules are; where the planner knows that it cannot be one, a chain. */
const TREE_EVERY = Number(process.env.PKTC_TREE_EVERY ?? 20);

/**
 * One in so many is what the planner makes of a few rules: a copy of them for each kind of packet, which takes clang two or three times
 * as long. The others are chains as of many rules.
 */
const PLANNED_EVERY = 5;

/** Type of a VLAN tag, in hexadecimal. */
const TAG = '(?:8100|88a8|9100)';

async function compareFiles(
  seed: number,
  count: number,
  templates = readTemplates(),
  wish: RunOptions['wish'] = 'perhaps sets',
): Promise<readonly FileResult[]> {
  const planned = kernelEngine(templates);
  const long = kernelEngine(templates, 'long chain');
  const trees = kernelEngine(templates, 'tree');
  const results: FileResult[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let part = next++; part < count; part = next++) {
      const engine = part % TREE_EVERY === TREE_EVERY - 1 ? trees : part % PLANNED_EVERY === 0 ? planned : long;
      const result = await compareFile(part, { seed, packets: PACKETS, engine, wish });
      results.push(result);
      if (result.failure !== null) {
        // One failure is enough to look at.
        next = count;
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() + 2 }, worker));
  return results;
}

function report(seed: number, results: readonly FileResult[], started_ms: number): void {
  const hooks = new Map(results.map(({ file }) => [file.hook, results.filter((one) => one.file.hook === file.hook).length]));
  const trees = results.filter((one) => one.classifier === 'tree').length;
  const refused = results.filter((one) => one.limit !== null).length;
  const sum = (of: (result: FileResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  const seconds = ((performance.now() - started_ms) / 1000).toFixed(1);
  console.info(
    `differential: PKTC_SEED=${seed}, ${results.length} programs in the kernel, ${sum((one) => one.file.rules.length)} rules, ` +
      `${sum((one) => one.taken)} packets, ${sum((one) => one.matches)} matches, ${trees} trees, ` +
      `${refused} beyond a limit, ${seconds} s; ` +
      [...hooks].map(([hook, files]) => `${hook}: ${files}`).join(', '),
  );
}

describeKernel('interpreter and kernel', () => {
  test(`agree on ${FILES} rule files with ${PACKETS} packets each`, async () => {
    const started_ms = performance.now();
    const results = await compareFiles(SEED, FILES);
    report(SEED, results, started_ms);
    expect(results.map((one) => one.failure).find((failure) => failure !== null) ?? null).toBeNull();
    // Every program was accepted by the verifier: the engine throws on one that is not.
    expect(results).toHaveLength(FILES);
    // Rules that never match would prove little.
    expect(results.filter((one) => one.matches > 0).length).toBeGreaterThan(FILES * 0.85);
    // Of those that are to be trees, few cannot: those with more checks and fields than the stack has room for.
    const trees = results.filter((one) => one.classifier === 'tree');
    expect(trees.length).toBeGreaterThan((FILES / TREE_EVERY) * 0.7);
    if (FILES >= 500) expect(new Set(trees.map(({ file }) => file.hook)).size).toBe(HOOK_WORDS.length);
    // Beyond a limit, and told so by the compiler: a few of the largest.
    expect(results.filter((one) => one.limit !== null).length).toBeLessThan(FILES * 0.03);
  });

  test(`agree on ${RANDOM_FILES} rule files of a new seed`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const started_ms = performance.now();
    const results = await compareFiles(seed, RANDOM_FILES);
    report(seed, results, started_ms);
    expect(results.map((one) => one.failure).find((failure) => failure !== null) ?? null).toBeNull();
    expect(results).toHaveLength(RANDOM_FILES);
  });

  test('would not, if the C were wrong', async () => {
    const templates = readTemplates();
    const headers = templates.headers.map(({ path, text }) => ({
      path,
      text: text.replace('#define PKTC_VLAN_TAGS_MAX 2', '#define PKTC_VLAN_TAGS_MAX 1'),
    }));
    expect(headers).not.toEqual(templates.headers);
    const results = await compareFiles(FIXED_SEED, 60, { ...templates, headers }, 'no sets');
    const failures = results.map((one) => one.failure).filter((failure) => failure !== null);
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) {
      // One rule, and little more of the packet than its two tags.
      expect(failure).toMatch(
        /: the interpreter and the engine differ, shrunk to this rule file\nhook [^\n]*\n(?:let [^\n]*\n)?match [^\n]*\nand this packet/,
      );
      expect(failure).toMatch(new RegExp(`\\n[0-9a-f]{24}${TAG}[0-9a-f]{4}${TAG}[0-9a-f]{0,400}\\n`));
    }
  });
});
