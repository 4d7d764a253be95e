import { describe, expect, it } from 'vitest';
import { INCLUDE_DEPTH_MAX } from '../../compiler/2-resolve/include.ts';
import type { Rule } from '../../compiler/2-resolve/program.ts';
import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { analyseFiles, placesIn } from './files-in-memory.ts';

const textOf = (rule: Rule): string => rule.source.text.slice(rule.span.start, rule.span.end);

describe('include', () => {
  it('puts the rules of the file in its place', () => {
    const { program, diagnostics } = analyseFiles({
      'main.rules': 'first: match src 192.0.2.1 -> drop\ninclude "more.rules"\nmatch src 192.0.2.2 -> drop\n',
      'more.rules': '# a comment\n\nsecond: match src 192.0.2.3 -> drop\nmatch src 192.0.2.4 -> drop\n',
    });
    expect(diagnostics).toEqual([]);
    expect(program.rules.map(({ index, name, line, source }) => [index, name, line, source.name])).toEqual([
      [0, 'first', 1, 'main.rules'],
      [1, 'second', 3, 'more.rules'],
      [2, 'more.rules:4', 4, 'more.rules'],
      [3, 'main.rules:3', 3, 'main.rules'],
    ]);
    expect(program.rules.map(textOf)).toEqual([
      'first: match src 192.0.2.1 -> drop',
      'second: match src 192.0.2.3 -> drop',
      'match src 192.0.2.4 -> drop',
      'match src 192.0.2.2 -> drop',
    ]);
  });

  it('has the places of conditions in the file of the rule', () => {
    const { program } = analyseFiles({
      'main.rules': 'include "more.rules"\n',
      'more.rules': 'match (src 192.0.2.3 or not (tcp dport 22)) inner(src 10.0.0.1) -> count\n',
    });
    const places: string[] = [];
    JSON.stringify(program.rules[0]?.condition, (key, value: { start: number; end: number }) => {
      if (key === 'span') places.push(program.rules[0]?.source.text.slice(value.start, value.end) ?? '');
      return value;
    });
    expect(new Set(places)).toEqual(new Set(['src 192.0.2.3', 'tcp', 'dport 22', 'inner(src 10.0.0.1)', 'src 10.0.0.1']));
  });

  it('shares names in both directions, and labels', () => {
    const { program, diagnostics } = analyseFiles({
      'main.rules': 'include "names.rules"\nlet web = 80\nmatch src lan -> drop\n',
      'names.rules': 'let lan = 10.0.0.0/8\nmatch tcp dport web -> count\n',
    });
    expect(diagnostics).toEqual([]);
    expect(program.rules).toHaveLength(2);
    const twice = analyseFiles({
      'main.rules': 'x: match src 10.0.0.1 -> drop\nlet a = 1\ninclude "more.rules"\nmatch dport a -> count\n',
      'more.rules': 'let a = 2\nx: match src 10.0.0.2 -> drop\n',
    });
    expect(placesIn(twice)).toEqual(['more.rules:1 PKT2010', 'more.rules:2 PKT2009']);
    expect(twice.diagnostics.map(({ related }) => related.map(({ source }) => source.name))).toEqual([
      ['main.rules'],
      ['main.rules'],
    ]);
  });

  it('is relative to the file that says it', () => {
    const { program, diagnostics } = analyseFiles({
      'main.rules': 'include "a/b.rules"\n',
      'a/b.rules': 'include "c.rules"\ninclude "../d.rules"\n',
      'a/c.rules': 'match src 192.0.2.1 -> drop\n',
      'd.rules': 'match src 192.0.2.2 -> drop\n',
    });
    expect(diagnostics).toEqual([]);
    expect(program.rules.map(({ name }) => name)).toEqual(['c.rules:1', 'd.rules:1']);
  });

  it('counts a file once, where it is included first', () => {
    const { program, diagnostics } = analyseFiles({
      'main.rules': 'include "a.rules"\ninclude "./a.rules"\ninclude "b.rules"\ninclude "b.rules"\n',
      'a.rules': 'include "b.rules"\nmatch src 192.0.2.1 -> count\n',
      'b.rules': 'match src 192.0.2.2 -> count\n',
    });
    expect(diagnostics).toEqual([]);
    expect(program.rules.map(({ name }) => name)).toEqual(['b.rules:1', 'a.rules:2']);
  });

  it('names rules so that files with one name stay apart', () => {
    const { program } = analyseFiles({
      'main.rules': 'include "a/x.rules"\ninclude "b/x.rules"\n',
      'a/x.rules': 'match src 192.0.2.1 -> count\nmatch src 192.0.2.2 -> count match src 192.0.2.3 -> count\n',
      'b/x.rules': 'match src 192.0.2.4 -> count\n',
    });
    expect(program.rules.map(({ name }) => name)).toEqual(['a/x.rules:1', 'a/x.rules:2', 'a/x.rules:2:30', 'b/x.rules:1']);
  });

  it('shows a loop as a chain', () => {
    const loop = analyseFiles({
      'main.rules': 'include "a.rules"\n',
      'a.rules': '\ninclude "b.rules"\n',
      'b.rules': 'include "a.rules"\n',
    });
    expect(placesIn(loop)).toEqual(['b.rules:1 PKT2052']);
    expect(loop.diagnostics[0]?.message).toBe('files include each other: `a.rules` includes `b.rules` includes `a.rules`');
    expect(loop.diagnostics[0]?.related.map(({ source }) => source.name)).toEqual(['a.rules']);
    expect(placesIn(analyseFiles({ 'main.rules': 'include "main.rules"\n' }))).toEqual(['main.rules:1 PKT2052']);
  });

  it('goes sixteen files deep', () => {
    const chain = (length: number) =>
      Object.fromEntries([
        ['main.rules', 'include "1.rules"\n'],
        ...Array.from({ length }, (_, at) => [
          `${at + 1}.rules`,
          at + 1 < length ? `include "${at + 2}.rules"\n` : 'match src 192.0.2.1 -> drop\n',
        ]),
      ]);
    expect(analyseFiles(chain(INCLUDE_DEPTH_MAX)).program.rules).toHaveLength(1);
    expect(placesIn(analyseFiles(chain(INCLUDE_DEPTH_MAX + 1)))).toEqual([`${INCLUDE_DEPTH_MAX}.rules:1 PKT2053`]);
  });

  it('says at the statement why a file cannot be read, and makes no program without it', () => {
    const missing = analyseFiles({ 'main.rules': 'match src 10.0.0.1 -> pass\ninclude "nothing.rules"\n' });
    expect(placesIn(missing)).toEqual(['main.rules:2 PKT2050']);
    expect(missing.plan).toBeNull();
    expect(missing.program.partial).toBe(true);
    expect(placesIn(analyseFiles({ 'main.rules': 'include "../x.rules"\n' }))).toEqual(['main.rules:1 PKT2051']);
  });

  it('leaves hook and default to the main file', () => {
    const { program, ...rest } = analyseFiles({
      'main.rules': 'include "more.rules"\nmatch src 192.0.2.1 -> pass\n',
      'more.rules': 'hook tc ingress\ndefault drop\n',
    });
    expect(placesIn(rest)).toEqual(['more.rules:1 PKT2054', 'more.rules:2 PKT2054']);
    expect(program.defaultVerdict).toBe('pass');
  });

  it('has every diagnostic in the file it is about, with the fix there', () => {
    const analysis = analyseFiles({
      'main.rules': '# main\ninclude "more.rules"\nmatch tcp dport 99999 -> drop\n',
      'more.rules': '# more\n\n\nlet unused = 7\nmatch prto tcp -> drop\nmatch ) -> drop\nmatch src 10.0.0.1/8 -> drop\n',
    });
    expect(placesIn(analysis)).toEqual([
      'main.rules:3 PKT2114',
      'more.rules:4 PKT2012',
      'more.rules:5 PKT2001',
      'more.rules:6 PKT1006',
      'more.rules:7 PKT2101',
    ]);
    const shown = renderDiagnostics(analysis.diagnostics, { color: false });
    expect(shown).toContain('--> more.rules:7:11\n');
    expect(shown).toContain('7 + match src 10.0.0.0/8 -> drop\n');
  });

  it('checks rules of all files together, and points into their files', () => {
    const { diagnostics } = analyseFiles({
      'main.rules':
        'include "more.rules"\nmatch src 192.0.2.1 -> pass\nmatch src 192.0.2.7 dst 192.0.2.1 src 192.0.2.8 -> drop\n',
      'more.rules': '# more\nmatch any -> drop\nmatch src 10.0.0.1 src 10.0.0.2 -> drop\n',
    });
    for (const { primary, related } of diagnostics) {
      for (const { source, span } of primary === null ? related : [primary, ...related]) {
        expect(source.text.slice(span.start, span.end)).toMatch(/^(?:match|src)/);
      }
    }
    expect(placesIn({ diagnostics })).toContain('more.rules:3 PKT3001');
    expect(diagnostics.some(({ primary }) => primary?.source.name === 'main.rules')).toBe(true);
  });

  it('keeps the order when packets are decided', () => {
    const { program } = analyseFiles({
      'main.rules': 'include "allow.rules"\nmatch src 10.0.0.0/8 -> drop\n',
      'allow.rules': 'ours: match src 10.0.0.1 -> pass\n',
    });
    const frame = (last: number) =>
      Uint8Array.from([...Array(12).fill(0), 8, 0, 0x45, 0, 0, 20, 0, 0, 0, 0, 9, 17, 0, 0, 10, 0, 0, last, 1, 1, 1, 1]);
    const decide = createInterpreter(program);
    expect(decide(frame(1)).verdict).toBe('pass');
    expect(decide(frame(2)).verdict).toBe('drop');
  });
});
