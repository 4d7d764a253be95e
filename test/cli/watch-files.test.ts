import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collectSources } from '../../cli/collect-sources.ts';
import { changeText, filesOf } from '../../cli/reload-on-save.ts';
import { type FileWatch, watchFiles } from '../../cli/watch-files.ts';
import type { Manifest, ManifestRule } from '../../runtime/abi/manifest.ts';
import { temporaryFolder } from './pktc.ts';

const folder = temporaryFolder();
const FILE = path.join(folder, 'watched.rules');

let calls = 0;
let call: () => void = () => {};
let watch: FileWatch;
beforeEach(() => {
  calls = 0;
  writeFileSync(FILE, 'match tcp -> count\n');
  watch = watchFiles(async () => {
    calls++;
    watch.follow([FILE], null);
    call();
  });
});
afterEach(() => watch.close());

/** Resolves at the next call. */
const called = (): Promise<void> =>
  new Promise((resolve) => {
    call = resolve;
  });
const looks = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 150));

describe('a watch', () => {
  test.each([
    ['written in place', () => writeFileSync(FILE, 'match udp -> count\n')],
    ['replaced by another, as editors do', () => replace(FILE, 'match udp -> count\n')],
    ['replaced by one of the same length and text', () => replace(FILE, 'match tcp -> count\n')],
    ['deleted', () => rmSync(FILE)],
  ])('sees a file that is %s, once', async (_, change) => {
    watch.follow([FILE], null);
    await looks(2);
    const seen = called();
    change();
    await seen;
    await looks(4);
    expect(calls).toBe(1);
  });

  test('sees one that comes', async () => {
    rmSync(FILE);
    watch.follow([FILE], null);
    const seen = called();
    await looks(2);
    writeFileSync(FILE, 'match tcp -> drop\n');
    await seen;
  });

  test('sees a link that is turned to another directory', async () => {
    for (const name of ['one', 'two']) {
      mkdirSync(path.join(folder, name), { recursive: true });
      writeFileSync(path.join(folder, name, 'linked.rules'), `match tcp -> count # ${name}\n`);
    }
    const link = path.join(folder, 'current');
    symlinkSync('one', link);
    watch.follow([path.join(link, 'linked.rules')], null);
    const seen = called();
    await looks(2);
    symlinkSync('two', `${link}.new`);
    renameSync(`${link}.new`, link);
    await seen;
  });

  test('calls for what was written while it was read, and not for what was written before', async () => {
    watch.follow([FILE], Date.now() + 1000);
    await looks(4);
    expect(calls).toBe(0);
    const seen = called();
    const began = Date.now();
    writeFileSync(FILE, 'match udp -> drop\n');
    watch.follow([FILE], began);
    await seen;
  });

  test('sees nothing where nothing happens', async () => {
    watch.follow([FILE, path.join(folder, 'absent.rules')], null);
    await looks(5);
    expect(calls).toBe(0);
  });
});

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

test('every file that rules are made of is followed, and those that are not there yet', async () => {
  mkdirSync(path.join(folder, 'part'), { recursive: true });
  writeFileSync(path.join(folder, 'part/more.rules'), 'include "deeper.rules"\nset lan from "lan.txt"\n');
  writeFileSync(path.join(folder, 'part/lan.txt'), '10.0.0.0/8\n');
  const main = path.join(folder, 'main.rules');
  const text = 'include "part/more.rules"\ninclude "absent.rules"\nmatch src in lan -> drop\n';
  const sources = await collectSources({ name: main, text }, { folder, roots: [] });
  expect([...filesOf(main, sources)].map((file) => path.relative(folder, file)).sort()).toEqual([
    'absent.rules',
    'main.rules',
    'part/deeper.rules',
    'part/lan.txt',
    'part/more.rules',
  ]);
});

describe('what a change was', () => {
  const manifest = (...identities: string[]) =>
    ({ rules: identities.map((identity) => ({ identity })) }) as unknown as Manifest;

  const labelled = (...rules: Partial<ManifestRule>[]): Manifest =>
    ({
      ...manifest(),
      rules: rules.map((rule) => ({ identity: 'web', text: 'match tcp -> drop', verdict: 'drop', ...rule })),
    }) as Manifest;

  test.each([
    [{}, 'every rule reads as before'],
    [{ text: 'match udp -> drop' }, '1 rule changed, 1 stayed with their counters'],
    [{ verdict: 'pass' }, '1 rule changed, 1 stayed with their counters'],
    [{ identity: 'other' }, '1 rule new, 1 rule gone, 0 stayed with their counters'],
  ] as const)('a rule with a label, and %j now', (now, text) => {
    expect(changeText(labelled({}), labelled(now), 'switched')).toBe(`loaded again: ${text}; another program`);
  });

  test('another default', () => {
    const before = { ...labelled({}), default_verdict: 'pass' } as const;
    expect(changeText(before, { ...before, default_verdict: 'drop' }, 'switched')).toBe(
      'loaded again: the default is drop now, 1 stayed with their counters; another program',
    );
  });

  test.each([
    [['a', 'b'], ['a', 'b'], 'every rule reads as before'],
    [['a', 'b'], ['a', 'c'], '1 rule new, 1 rule gone, 1 stayed with their counters'],
    // The second of two rules that say the same has an identity of its own.
    [['a', 'a 1'], ['a'], '1 rule gone, 1 stayed with their counters'],
    [['a'], ['a', 'a 1', 'b'], '2 rules new, 1 stayed with their counters'],
  ])('%j -> %j', (before, now, text) => {
    expect(changeText(manifest(...before), manifest(...now), 'replaced')).toBe(
      `loaded again: ${text}; the same program with other data`,
    );
  });
});
