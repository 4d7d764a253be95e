/** Sets that rules fill, as the program in the kernel and this process see them: one table, two who change it. */
import { expect, test } from 'vitest';
import { udpFrame } from '../../cli/demo/frames.ts';
import { applyChange } from '../../cli/sets/apply-change.ts';
import { elementText, readElement } from '../../cli/sets/element-text.ts';
import { readElements } from '../../cli/sets/read-elements.ts';
import { compile } from '../../compiler/index.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import { type DynamicSet, type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { describeKernel } from './environment.ts';

const SECOND = 1_000_000_000n;

async function artifactOf(text: string): Promise<Artifact> {
  const { artifact, diagnostics } = await compile({ name: 'sets.rules', text }, { hook: null });
  if (artifact === null) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return artifact;
}

function setOf(loaded: LoadedProgram, name: string): DynamicSet {
  const set = loaded.sets.find(({ about }) => about.name === name);
  if (set === undefined) throw new Error(`no set ${name}`);
  return set;
}

function words({ about }: DynamicSet, text: string): readonly number[] {
  const read = readElement(about, text);
  if ('problem' in read) throw new Error(read.problem);
  return read;
}

const listed = (set: DynamicSet): readonly string[] =>
  [...set.elements()].map(({ words: element }) => elementText(set.about, element)).sort();

const from = (src: string, dport = 53) =>
  udpFrame({ src, dst: src.includes(':') ? '2001:db8::1' : '192.0.2.1' }, [4000, dport], 'x');

const RULES = `set seen : src size 8 timeout 10s
set pairs : (smac, dport) size 40
known: match udp dport 1 src in seen -> drop
pair: match udp dport 2 (smac, dport) in pairs -> drop
fill: match udp dport 53 -> add src to seen
mark: match udp dport 2 -> add (smac, dport) to pairs
long: match src { ${Array.from({ length: 20 }, (_, at) => `192.0.2.${100 + 2 * at}`).join(', ')} } tcp.ack { ${Array.from({ length: 20 }, (_, at) => 3 * at).join(', ')} } -> count
`;

describeKernel('sets that rules fill', () => {
  test('are one table for the program and for this process', async () => {
    using loaded = loadArtifact(await artifactOf(RULES), { offline: true });
    const [seen, pairs] = [setOf(loaded, 'seen'), setOf(loaded, 'pairs')];
    const dropped = (src: string) => loaded.testRun(from(src, 1)).outcome === 'drop';
    loaded.testRun(from('203.0.113.1'));
    loaded.testRun(from('2001:db8::7'));
    expect(listed(seen)).toEqual(['2001:db8::7', '203.0.113.1']);
    expect(['203.0.113.1', '2001:db8::7', '203.0.113.2'].map(dropped)).toEqual([true, true, false]);
    expect(seen.change(20n * SECOND).add(words(seen, '203.0.113.2'))).toBe('added');
    expect(seen.change(5n * SECOND).add(words(seen, '203.0.113.1'))).toBe('stays');
    expect(dropped('203.0.113.2')).toBe(true);
    expect(seen.delete(words(seen, '203.0.113.1'))).toBe(true);
    expect(seen.delete(words(seen, '203.0.113.1'))).toBe(false);
    expect(dropped('203.0.113.1')).toBe(false);
    // What is there twice as long outlives the others.
    loaded.testRun(from('192.0.2.77', 9), { time_ns: 10n * SECOND });
    expect(listed(seen)).toEqual(['203.0.113.2']);
    expect(dropped('2001:db8::7')).toBe(false);
    expect(loaded.testRun(from('203.0.113.9', 2)).outcome).toBe('pass');
    expect(loaded.testRun(from('203.0.113.9', 2)).outcome).toBe('drop');
    expect(listed(pairs)).toHaveLength(1);
    expect(pairs.flush()).toBe(1);
    expect(loaded.testRun(from('203.0.113.9', 2)).outcome).toBe('pass');
  });

  test('hold as many as their size says, and find the places of those whose time is over', async () => {
    using loaded = loadArtifact(await artifactOf(RULES), { offline: true });
    const seen = setOf(loaded, 'seen');
    for (let host = 1; host <= 10; host++) loaded.testRun(from(`203.0.113.${host}`));
    expect(seen.state()).toEqual({ elements: 8, size: 8, refused: 2n });
    expect(seen.change(null).add(words(seen, '198.51.100.1'))).toBe('full');
    expect(seen.state().refused).toBe(3n);
    loaded.testRun(from('203.0.113.1', 9), { time_ns: 10n * SECOND });
    expect(seen.state()).toEqual({ elements: 0, size: 8, refused: 3n });
    for (let host = 1; host <= 4; host++) loaded.testRun(from(`198.51.100.${host}`));
    for (let host = 5; host <= 9; host++) seen.change(null).add(words(seen, `198.51.100.${host}`));
    expect(seen.state()).toEqual({ elements: 8, size: 8, refused: 4n });
    const picked = seen.pick();
    for (const host of [3, 77]) picked.add(words(seen, `198.51.100.${host}`));
    expect(seen.flush(picked)).toBe(7);
    expect(listed(seen)).toEqual(['198.51.100.3']);
  });

  test('have exactly the elements that take the place of others, whether there is room for both or not', async () => {
    using loaded = loadArtifact(await artifactOf(RULES), { offline: true });
    const seen = setOf(loaded, 'seen');
    const hosts = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `198.51.100.${from + at}`);
    const replace = (by: readonly string[]) => applyChange(seen, 'replace', readElements(seen.about, by, null), null);
    const nothing = { added: 0, extended: 0, deleted: 0, missing: 0, full: 0 };
    expect(replace(hosts(0, 3))).toEqual({ ...nothing, added: 3 });
    expect(replace(hosts(2, 5))).toEqual({ ...nothing, added: 2, extended: 1, deleted: 2 });
    expect([...listed(seen)].sort()).toEqual(hosts(2, 5));
    expect(replace(hosts(4, 12))).toEqual({ ...nothing, added: 7, extended: 1, deleted: 2 });
    expect(listed(seen)).toHaveLength(8);
    expect(replace([...hosts(8, 9), ...hosts(8, 9)])).toEqual({ ...nothing, extended: 2, deleted: 7 });
    expect(listed(seen)).toEqual(hosts(8, 9));
  });

  test('take a hundred thousand at half of their places', async () => {
    using loaded = loadArtifact(await artifactOf('set many : src size 100k\nmatch src in many -> drop\n'), { offline: true });
    const many = setOf(loaded, 'many');
    const change = many.change(null);
    const came = new Map<string, number>();
    for (let host = 0; host < 100_000; host++) {
      const answer = change.add([4, 0x0a000000 + host, 0, 0, 0]);
      came.set(answer, (came.get(answer) ?? 0) + 1);
    }
    expect(Object.fromEntries(came)).toEqual({ added: 100_000 });
    expect(change.add([4, 1, 0, 0, 0])).toBe('full');
    for (const [src, outcome] of [
      ['10.0.0.0', 'drop'],
      ['10.1.134.159', 'drop'],
      ['10.1.134.160', 'pass'],
    ] as const) {
      expect(loaded.testRun(from(src)).outcome, src).toBe(outcome);
    }
  });

  test('go on when other rules take over that have the same set', async () => {
    using loaded = loadArtifact(await artifactOf(RULES));
    const before = setOf(loaded, 'seen');
    for (const src of ['203.0.113.1', '203.0.113.2']) before.change(null).add(words(before, src));
    await loaded.switchTo(await artifactOf(`${RULES}more: match arp -> count\n`));
    expect(listed(setOf(loaded, 'seen'))).toEqual(['203.0.113.1', '203.0.113.2']);
    expect(loaded.testRun(from('203.0.113.2', 1)).outcome).toBe('drop');
    await loaded.switchTo(await artifactOf(RULES.replace('size 8', 'size 9')));
    expect(listed(setOf(loaded, 'seen'))).toEqual([]);
  });
});
