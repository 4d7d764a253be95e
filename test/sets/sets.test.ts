import { describe, expect, it } from 'vitest';
import type { Predicate } from '../../compiler/2-resolve/program.ts';
import { predicatesOf } from '../../compiler/4-plan/long-lists.ts';
import { analyseFiles, placesIn } from './files-in-memory.ts';

const FILES = {
  'v4.txt': '10.0.0.0/8\n192.0.2.1\n',
  'both.txt': '192.0.2.2\n2001:db8::/32\n',
  'ports.txt': '80\n8000-8100\n',
  'macs.txt': '02:00:00:00:00:01\n',
  'large.txt': '80\n70000\n',
  'mixed.txt': '80\n192.0.2.1\n',
  'empty.txt': '# nothing\n\n',
};
const SETS = Object.keys(FILES)
  .filter((file) => !['empty.txt', 'mixed.txt', 'large.txt'].includes(file))
  .map((file) => `set ${file.slice(0, -4)} from "${file}"\n`)
  .join('');

/** The predicates of one rule, with every set there is. */
function predicates(condition: string): readonly Predicate[] {
  const { program, diagnostics } = analyseFiles({ ...FILES, 'main.rules': `${SETS}match ${condition} -> count\n` });
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return predicatesOf(program.rules[0]!.condition);
}

const codes = (text: string) => placesIn(analyseFiles({ ...FILES, 'main.rules': text }));

describe('a set from a file', () => {
  it('is used like a name: plain, in, !=, and beside other values', () => {
    const ten = [0x0a000000, 0x0affffff];
    const one = [0xc0000201, 0xc0000201];
    expect(predicates('src v4')).toMatchObject([{ kind: 'address', field: 'src', v4: [ten, one], v6: [] }]);
    expect(predicates('dst in v4')).toMatchObject([{ kind: 'address', field: 'dst', v4: [ten, one] }]);
    expect(predicates('src { v4, 11.0.0.0/8, 2001:db8::1 }')).toMatchObject([
      { v4: [[0x0a000000, 0x0bffffff], one], v6: [[(0x20010db8n << 96n) + 1n, (0x20010db8n << 96n) + 1n]] },
    ]);
    expect(predicates('src { v4, both }')).toMatchObject([
      { v4: [ten, [0xc0000201, 0xc0000202]], v6: [[0x20010db8n << 96n, (0x20010db9n << 96n) - 1n]] },
    ]);
    expect(predicates('src != both')).toMatchObject([
      {
        v4: [
          [0, 0xc0000201],
          [0xc0000203, 0xffffffff],
        ],
        v6: [
          [0n, (0x20010db8n << 96n) - 1n],
          [0x20010db9n << 96n, 2n ** 128n - 1n],
        ],
      },
    ]);
    expect(predicates('addr v4').map(({ field }) => field)).toEqual(['src', 'dst']);
    expect(predicates('not src in v4 tcp')).toMatchObject([{ field: 'src' }, { field: 'proto' }]);
  });

  it('holds ports and MAC addresses too', () => {
    expect(predicates('tcp dport ports')).toMatchObject([
      {},
      {
        ranges: [
          [80, 80],
          [8000, 8100],
        ],
      },
    ]);
    expect(predicates('tcp dport { ports, 22 }').at(-1)).toMatchObject({
      ranges: [
        [22, 22],
        [80, 80],
        [8000, 8100],
      ],
    });
    expect(predicates('smac macs')).toMatchObject([{ ranges: [[0x020000000001, 0x020000000001]] }]);
  });

  it('comes by way of a `let`, and counts as used', () => {
    const { program, diagnostics } = analyseFiles({
      ...FILES,
      'main.rules': 'let bad = { far, 203.0.113.9 }\nset far from "v4.txt"\nmatch src bad -> count\n',
    });
    expect(diagnostics).toEqual([]);
    expect(predicatesOf(program.rules[0]!.condition)).toMatchObject([{ v4: [{}, {}, { 0: 0xcb007109 }] }]);
    expect(codes('set far from "v4.txt"\nmatch src 10.0.0.1 -> count\n')).toEqual(['main.rules:1 PKT2012']);
  });

  it('says how much was read and what is left', () => {
    const { program } = analyseFiles({
      'main.rules': 'set a from "a.txt"\nmatch src a -> count\n',
      'a.txt': '10.0.0.0/9\n10.128.0.0/9\n10.1.1.1\n::1\n',
    });
    expect(program.sets?.map(({ name, entries, ranges, source }) => [name, source.name, entries, ranges])).toEqual([
      ['a', 'a.txt', 4, 2],
    ]);
  });

  it('is refused where its values do not belong', () => {
    expect(codes('set v4 from "v4.txt"\nmatch tcp dport v4 -> count\n')).toEqual(['main.rules:2 PKT2057']);
    expect(codes('set p from "ports.txt"\nmatch src p -> count\n')).toEqual(['main.rules:2 PKT2057']);
    expect(codes('set m from "macs.txt"\nmatch src m -> count\n')).toEqual(['main.rules:2 PKT2057']);
    expect(codes('set m from "mixed.txt"\nmatch src m -> count\n')).toEqual(['main.rules:2 PKT2057']);
    expect(codes('set p from "ports.txt"\nmatch tcp flags p -> count\n')).toEqual(['main.rules:2 PKT2057']);
    expect(codes('set p from "ports.txt"\nmatch iface p -> count\n')).toEqual(['main.rules:2 PKT2057']);
    expect(codes('set p from "ports.txt"\nmatch tcp.option p -> count\n')).toEqual(['main.rules:2 PKT2057']);
    expect(codes('set p from "ports.txt"\nmatch payload contains p -> count\n')).toEqual(['main.rules:2 PKT2057']);
    expect(codes('set l from "large.txt"\nmatch tcp dport l -> count\n')).toEqual(['main.rules:2 PKT2114']);
    expect(codes('set p from "ports.txt"\nmatch tcp dport > p -> count\n')).toEqual(['main.rules:2 PKT2006']);
    const { diagnostics } = analyseFiles({ ...FILES, 'main.rules': 'set m from "mixed.txt"\nmatch src m -> count\n' });
    const [related] = diagnostics[0]?.related ?? [];
    expect(related?.source.name).toBe('mixed.txt');
    expect(related?.source.text.slice(related.span.start, related.span.end)).toBe('80');
  });

  it('is an error when it cannot be read, is empty or has wrong lines, and its rules are no rules then', () => {
    expect(codes('set x from "nothing.txt"\nmatch src x -> drop\n')).toEqual(['main.rules:1 PKT2050']);
    expect(codes('set x from "../x.txt"\nmatch src x -> drop\n')).toEqual(['main.rules:1 PKT2051']);
    expect(codes('set x from "empty.txt"\nmatch src x -> drop\n')).toEqual(['main.rules:1 PKT2055']);
    const wrong = analyseFiles({
      'main.rules': 'set x from "x.txt"\nmatch src != x -> drop\nmatch src 10.0.0.1 -> drop\n',
      'x.txt': '10.0.0.1\nhost.example\n',
    });
    expect(placesIn(wrong)).toEqual(['x.txt:2 PKT2058']);
    expect(wrong.program.rules.map(({ line }) => line)).toEqual([3]);
    expect(wrong.plan).toBeNull();
  });

  it('has no options: they are of sets that programs fill', () => {
    const found = analyseFiles({
      'main.rules': 'set bad from "x.txt" timeout 10m\nmatch src in bad -> drop\n',
      'x.txt': '10.0.0.1\n',
    });
    expect(placesIn(found)).toEqual(['main.rules:1 PKT2061']);
  });

  it('is found in the file that says it', () => {
    const { program, diagnostics } = analyseFiles({
      'main.rules': 'include "a/names.rules"\nmatch src far -> count\n',
      'a/names.rules': 'set far from "far.txt"\n',
      'a/far.txt': '10.0.0.1\n',
    });
    expect(diagnostics).toEqual([]);
    expect(program.rules).toHaveLength(1);
  });
});
