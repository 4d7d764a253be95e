import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diagnostic } from '../../compiler/diagnostics/catalog.ts';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import { diagnosticToJson } from '../../compiler/diagnostics/json.ts';
import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { displayWidth, visible } from '../../compiler/diagnostics/visible.ts';
import type { SourceFile, Span } from '../../grammar/source.ts';

const plain = (...list: readonly Diagnostic[]): string => renderDiagnostics(list, { color: false });

function spanOf(source: SourceFile, text: string, from = 0): Span {
  const start = source.text.indexOf(text, from);
  return { start, end: start + text.length };
}

function unknown(source: SourceFile, name: string, text = ''): Diagnostic {
  return diagnostic('PKT2001', { name }, { source, span: spanOf(source, name), text });
}

describe('renderDiagnostics', () => {
  it('looks as the architecture says', () => {
    const source = { name: 'edge.rules', text: '# edge\nmatch src fe80::1/64 prto tcp -> drop\n' };
    const one = diagnostic(
      'PKT2001',
      { name: 'prto' },
      { source, span: spanOf(source, 'prto'), text: 'not a packet field' },
      { help: 'did you mean `proto`?' },
    );
    expect(plain(one)).toBe(
      [
        'error[PKT2001]: unknown field `prto`',
        ' --> edge.rules:2:22',
        '2 | match src fe80::1/64 prto tcp -> drop',
        '  |                      ^^^^ not a packet field',
        '  = help: did you mean `proto`?',
        '',
        '',
      ].join('\n'),
    );
  });

  it('puts several labels on one line, and others on theirs', () => {
    const source = { name: 'a.rules', text: 'one two three\nfour\nfive six\n'.repeat(4) };
    const label = (text: string, note: string, from = 0) => ({ source, span: spanOf(source, text, from), text: note });
    const one = diagnostic('PKT2001', { name: 'x' }, label('three', 'here'), {
      related: [label('one', 'first'), label('two', 'second'), label('six', 'far away', 60)],
    });
    expect(plain(one).split('\n').slice(1, -2)).toEqual([
      ' --> a.rules:1:9',
      '1 | one two three',
      '  | --- --- ^^^^^ here',
      '  | |   |',
      '  | |   second',
      '  | first',
      '...',
      '9 | five six',
      '  |      --- far away',
    ]);
  });

  it('shows overlapping labels one below the other', () => {
    const source = { name: 'a.rules', text: 'match tcp' };
    const one = diagnostic(
      'PKT2001',
      { name: 'x' },
      { source, span: { start: 0, end: 9 }, text: 'all' },
      {
        related: [{ source, span: { start: 6, end: 9 }, text: 'part' }],
      },
    );
    expect(plain(one).split('\n').slice(2, -2)).toEqual(['1 | match tcp', '  | ^^^^^^^^^ all', '  |       --- part']);
  });

  it('finds the column behind tabs, wide and combining characters', () => {
    const source = { name: 'a.rules', text: '\tmatch 日本 e\u0301\u{1f600} prto' };
    const lines = plain(unknown(source, 'prto', 'here')).split('\n');
    expect(lines[1]).toBe(' --> a.rules:1:15');
    expect(lines[2]).toBe('1 |     match 日本 e\u0301\u{1f600} prto');
    expect(lines[3]?.indexOf('^')).toBe(23);
    const caret = lines[3]?.indexOf('^') ?? 0;
    expect(displayWidth(lines[2]?.slice(0, lines[2].indexOf('prto')) ?? '')).toBe(caret);
  });

  it('shortens a label on several lines', () => {
    const source = { name: 'a.rules', text: 'match tcp\r\n  dport 1\r\n  dport 2\r\n  -> drop\r\n' };
    const one = diagnostic(
      'PKT2001',
      { name: 'x' },
      { source, span: { start: 6, end: source.text.length - 2 }, text: 'all this' },
    );
    expect(plain(one).split('\n').slice(1, -2)).toEqual([
      ' --> a.rules:1:7',
      '1 | match tcp',
      '  |       ^^^',
      '...',
      '4 |   -> drop',
      '  |   ^^^^^^^ all this',
    ]);
  });

  it('clips a very long line round the caret', () => {
    const source = { name: 'a.rules', text: `match { ${'1, '.repeat(350_000)}prto ${', 2'.repeat(350_000)}}` };
    const lines = plain(unknown(source, 'prto', 'here')).split('\n');
    expect(lines[1]).toBe(' --> a.rules:1:1050009');
    expect(lines.every((line) => line.length < 200)).toBe(true);
    const caret = lines[3]?.indexOf('^^^^') ?? -1;
    expect(lines[2]?.slice(caret, caret + 4)).toBe('prto');
    expect(lines[2]).toMatch(/^1 \| ….*…$/);
  });

  it('shows a fix as the line that it makes', () => {
    const source = { name: 'a.rules', text: 'let x = 1\nmatch src 10.1.2.3/8 -> drop\n' };
    const span = spanOf(source, '10.1.2.3/8');
    const one = diagnostic(
      'PKT2001',
      { name: 'x' },
      { source, span },
      {
        help: 'clear them',
        fixes: [{ title: 'write `10.0.0.0/8`', edits: [{ span, text: '10.0.0.0/8' }] }],
      },
    );
    expect(plain(one).split('\n').slice(1, -2)).toEqual([
      ' --> a.rules:2:11',
      '2 | match src 10.1.2.3/8 -> drop',
      '  |           ^^^^^^^^^^',
      '  = help: clear them',
      '  = help: write `10.0.0.0/8`',
      '2 + match src 10.0.0.0/8 -> drop',
    ]);
  });

  it('names other files', () => {
    const [a, b] = [
      { name: 'a.rules', text: 'x' },
      { name: 'b.rules', text: '\n y' },
    ];
    const one = diagnostic(
      'PKT2001',
      { name: 'x' },
      { source: a, span: { start: 0, end: 1 } },
      {
        related: [{ source: b, span: { start: 2, end: 3 }, text: 'and here' }],
      },
    );
    expect(plain(one).split('\n').slice(1, -2)).toEqual([
      ' --> a.rules:1:1',
      '1 | x',
      '  | ^',
      ' ::: b.rules:2:2',
      '2 |  y',
      '  |  - and here',
    ]);
  });

  it('lets nothing a user wrote reach the terminal as a control', () => {
    const hostile = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(hostile, hostile, hostile, fc.nat(40), fc.nat(40), (name, text, note, start, length) => {
        const source = { name, text: `${text}\x1b]0;title\x07\u202e\x9b31m` };
        const one = diagnostic(
          'PKT2001',
          { name: text },
          { source, span: { start, end: start + length }, text: note },
          {
            help: note,
            related: [{ source, span: { start: length, end: start }, text: name }],
            fixes: [{ title: note, edits: [{ span: { start: 0, end: 0 }, text: note }] }],
          },
        );
        const shown = plain(one);
        expect(shown.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
        expect(shown).not.toMatch(/\p{Cs}/u);
      }),
    );
  });

  it('is coloured only when asked', () => {
    const one = unknown({ name: 'a.rules', text: 'prto' }, 'prto');
    expect(renderDiagnostics([one], { color: true })).toContain('\x1b[1;31merror[PKT2001]\x1b[0m');
    expect(renderDiagnostics([one], { color: true }).replace(/\x1b\[[\d;]*m/g, '')).toBe(plain(one));
  });

  it('does without a place', () => {
    expect(plain(diagnostic('PKT2001', { name: 'x' }, null, { help: 'look' }))).toBe(
      'error[PKT2001]: unknown field `x`\n  = help: look\n\n',
    );
  });
});

describe('visible', () => {
  it('keeps harmless text', () => {
    expect(visible('plain text, ünïcode, 日本')).toBe('plain text, ünïcode, 日本');
    expect(visible('\x1b[31m\n\t\0\u202e\ud800')).toBe('\\x1b[31m\\n\\t\\0\\u{202e}\\u{d800}');
  });
});

describe('diagnosticToJson', () => {
  it('counts bytes, lines and characters', () => {
    const source = { name: 'a.rules', text: '# 日本\nmatch \u{1f600} prto' };
    const one = diagnostic(
      'PKT2001',
      { name: 'prto' },
      { source, span: spanOf(source, 'prto'), text: 'here' },
      { fixes: [{ title: 'write `proto`', edits: [{ span: spanOf(source, 'prto'), text: 'proto' }] }] },
    );
    const start = { byte: Buffer.byteLength('# 日本\nmatch \u{1f600} '), line: 2, column: 9 };
    const end = { byte: start.byte + 4, line: 2, column: 13 };
    expect(diagnosticToJson(one)).toEqual({
      version: 1,
      code: 'PKT2001',
      title: 'unknown field',
      severity: 'error',
      message: 'unknown field `prto`',
      primary: { file: 'a.rules', start, end, text: 'here' },
      related: [],
      help: null,
      fixes: [{ title: 'write `proto`', edits: [{ file: 'a.rules', start, end, text: 'proto' }] }],
    });
  });

  it('stays within the text and survives JSON', () => {
    const one = diagnostic('PKT2001', { name: 'x' }, { source: { name: 'a', text: 'ab' }, span: { start: 1, end: 99 } });
    const json = JSON.parse(JSON.stringify(diagnosticToJson(one))) as ReturnType<typeof diagnosticToJson>;
    expect(json.primary?.end).toEqual({ byte: 2, line: 1, column: 3 });
  });
});
