import { describe, expect, it } from 'vitest';
import { LIST_RANGES_MAX, TABLE_RANGES_MAX } from '../../compiler/4-plan/long-lists.ts';
import { name } from '../../compiler/5-emit/c.ts';
import { createLists } from '../../compiler/5-emit/lists.ts';
import { build, TABLE_BYTES_MAX } from '../../compiler/6-build/build.ts';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import { compile } from '../../compiler/index.ts';
import { printIpv4 } from '../../grammar/values/ipv4.ts';
import { analyseFiles } from './files-in-memory.ts';

/** Addresses of which no two touch. */
function addresses(count: number, first = 1): string {
  const lines: string[] = [];
  for (let index = 0; index < count; index++) lines.push(printIpv4(first + index * 2));
  return lines.join('\n');
}

const codes = (rules: string, files: Readonly<Record<string, string>>) =>
  analyseFiles({ 'main.rules': rules, ...files }).diagnostics.map(({ code }) => code);

describe('limits of long lists', () => {
  it('are two million ranges a list', () => {
    const rules = 'set x from "x.txt"\nmatch src in x -> drop\n';
    expect(codes(rules, { 'x.txt': addresses(LIST_RANGES_MAX) })).toEqual([]);
    expect(codes(rules, { 'x.txt': addresses(LIST_RANGES_MAX + 1) })).toEqual(['PKT4005']);
  });

  it('are four million ranges a program, in which equal lists count once', () => {
    const lists = { 'a.txt': addresses(LIST_RANGES_MAX), 'b.txt': addresses(LIST_RANGES_MAX, 2), 'c.txt': addresses(13, 5000) };
    const sets = 'set a from "a.txt"\nset b from "b.txt"\nset c from "c.txt"\n';
    const both = `${sets}match src in a tcp -> drop\nmatch src in b tcp -> drop\nmatch dst in a udp -> drop\nmatch dst c -> count\n`;
    expect(2 * LIST_RANGES_MAX).toBe(TABLE_RANGES_MAX);
    expect(codes(both, lists)).toEqual(['PKT4006']);
    expect(codes(both.replace('match dst c', 'match dst { 10.0.0.1, 10.0.0.3 }').replace(/^set c.*\n/m, ''), lists)).toEqual(
      [],
    );
    // Written twice, and equal.
    const again = `${sets}match src in a tcp -> drop\nmatch src in c tcp -> drop\nmatch src in d udp -> drop\nset d from "d.txt"\n`;
    expect(codes(again.replace(/^set b.*\n/m, ''), { ...lists, 'd.txt': addresses(LIST_RANGES_MAX) })).toEqual([]);
  });

  it('keep many rules with one long list cheap', () => {
    const rules = Array.from({ length: 300 }, (_, index) => `match src != x tcp dport ${index} -> drop\n`).join('');
    const start = process.cpuUsage();
    const { plan } = analyseFiles({ 'main.rules': `set x from "x.txt"\n${rules}`, 'x.txt': addresses(100_000) });
    const { user, system } = process.cpuUsage(start);
    expect(plan).not.toBeNull();
    expect((user + system) / 1e6).toBeLessThan(8);
  });

  it('are what a program can reach of its tables', async () => {
    const { artifact, emission, diagnostics } = await compile(
      { name: 'main.rules', text: 'match tcp dport 22 -> drop' },
      { hook: 'xdp', cache: false },
    );
    expect(artifact, JSON.stringify(diagnostics)).not.toBeNull();
    const { plan } = analyseFiles({ 'main.rules': 'match tcp dport 22 -> drop' });
    if (plan === null || emission === null) throw new Error('no plan');
    const data = [{ variable: 'pktc_set_edges', bytes: new Uint8Array(TABLE_BYTES_MAX + 1) }];
    const built = await build(plan, { ...emission, data }, readTemplates(), { cache: false });
    expect(built.value).toBeNull();
    expect(built.diagnostics.map(({ code }) => code)).toEqual(['PKT4040']);
  });

  it('leave the C as it is while a list grows a little', () => {
    const shape = (count: number) => {
      const lists = createLists();
      const ranges = Array.from({ length: count }, (_, index) => [5000 * index, 5000 * index + 1] as const);
      lists.contains(name('value'), { width: 'u32', max: 0xffff_ffffn, digits: 8 }, ranges);
      return { declarations: lists.declarations(), data: lists.data() };
    };
    expect(shape(1001).declarations).toEqual(shape(1000).declarations);
    expect(shape(1001).data).not.toEqual(shape(1000).data);
    expect(shape(2000).declarations).not.toEqual(shape(1000).declarations);
  });
});
