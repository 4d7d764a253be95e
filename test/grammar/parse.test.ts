import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Condition, RuleStatement, Statement } from '../../grammar/ast.ts';
import { grammarProblems } from '../../grammar/parser.ts';
import { STATEMENTS } from './statements.ts';
import { flattened, parseText, spannedNodes, withoutSpans } from './syntax-tree.ts';

const PROTOTYPES = path.resolve(import.meta.dirname, '../../../shared/prototypes/language');

function rule(text: string): RuleStatement {
  const { value, diagnostics } = parseText(text);
  expect(diagnostics).toEqual([]);
  expect(value.statements).toHaveLength(1);
  return value.statements[0] as RuleStatement;
}

function kinds(text: string): readonly string[] {
  return parseText(text).value.statements.map(({ kind }) => kind);
}

/** `and(bare tcp, compare dport 22)`, short enough to read in a test. */
function outline(condition: Condition): string {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return `${condition.kind}(${condition.of.map(outline).join(', ')})`;
    case 'not':
      return `not ${outline(condition.of)}`;
    case 'group':
      return `(${outline(condition.of)})`;
    case 'bare':
      return condition.word.text;
    case 'call':
      return `${condition.name.text}[${outline(condition.argument)}]${condition.value ? ' op value' : ''}`;
    case 'tuple':
      return `(${condition.fields.words.map(({ text }) => text)})${condition.operator.text}${condition.value.kind}`;
    case 'compare':
      return `${condition.field.text}${condition.operator ? condition.operator.text : ''}${condition.value ? '=v' : ''}`;
  }
}

describe('grammar', () => {
  it('is unambiguous in the eyes of chevrotain', () => {
    expect(grammarProblems()).toEqual([]);
  });

  for (const [kind, text] of STATEMENTS) {
    it(`reads ${text.split('\n')[0]}`, () => {
      const { value, diagnostics } = parseText(text);
      expect(diagnostics).toEqual([]);
      expect(value.statements.map((statement) => statement.kind)).toEqual([kind]);
    });
  }

  it('reads all of them as one file, also on one line', () => {
    const file = STATEMENTS.map(([, text]) => text).join('\n');
    const whole = parseText(file);
    expect(whole.value.statements.map(({ kind }) => kind)).toEqual(STATEMENTS.map(([kind]) => kind));
    const line = parseText(flattened(file));
    expect(line.diagnostics).toEqual([]);
    expect(withoutSpans(line.value.statements)).toBe(withoutSpans(whole.value.statements));
  });

  const prototypes = existsSync(PROTOTYPES) ? readdirSync(PROTOTYPES).filter((name) => name.endsWith('.rules')) : [];
  if (prototypes.length === 0) process.stdout.write(`    no prototype statements at ${PROTOTYPES}: only our own were parsed\n`);
  for (const name of prototypes) {
    it(`reads every statement of the prototype ${name}, also on one line`, () => {
      const text = readFileSync(path.join(PROTOTYPES, name), 'utf8');
      const whole = parseText(text);
      expect(whole.diagnostics).toEqual([]);
      expect(whole.value.statements.length).toBeGreaterThan(10);
      const line = parseText(flattened(text));
      expect(line.diagnostics).toEqual([]);
      expect(withoutSpans(line.value.statements)).toBe(withoutSpans(whole.value.statements));
    });
  }
});

describe('syntax', () => {
  const conditions: readonly (readonly [string, string])[] = [
    ['tcp dport 22 src lan', 'and(tcp, dport=v, src=v)'],
    ['tcp and dport 22', 'and(tcp, dport=v)'],
    ['a 1 or b 2 or c 3', 'or(a=v, b=v, c=v)'],
    ['not tcp udp', 'and(not tcp, udp)'],
    ['not not (tcp or udp)', 'not not (or(tcp, udp))'],
    ['not dport 22', 'not dport=v'],
    ['dport tcp', 'dport=v'],
    ['dport and tcp', 'and(dport, tcp)'],
    ['icmp = 3', 'icmp==v'],
    ['src != lan dst in lan', 'and(src!==v, dstin=v)'],
    ['inner(tcp dport 22) any', 'and(inner[and(tcp, dport=v)], any)'],
    ['p99(rtt) > 3', 'p99[rtt] op value'],
    ['vlan any tcp', 'and(vlan=v, tcp)'],
    ['(src, dport) in pairs tcp', 'and((src,dport)inword, tcp)'],
    ['(src, dport) = (10.0.0.1, 22)', '(src,dport)=row'],
    ['not (src) in { (1), 2 }', 'not (src)inlist'],
    ['(src)', '(src)'],
    ['(tcp) (udp)', 'and((tcp), (udp))'],
    ['proto tcp (src, dport) in pairs', 'and(proto=v, (src,dport)inword)'],
  ];
  for (const [text, expected] of conditions) {
    it(`of \`${text}\``, () => expect(outline(rule(`match ${text} -> drop`).condition)).toBe(expected));
  }

  it('keeps what belongs to a comparison', () => {
    const { condition } = rule('match payload != !SYN,!ACK,FIN -> drop');
    expect(condition).toMatchObject({
      kind: 'compare',
      field: { text: 'payload' },
      operator: { text: '!=' },
      bang: true,
      value: { kind: 'word', text: 'SYN' },
      more: [
        { bang: true, word: { text: 'ACK' } },
        { bang: false, word: { text: 'FIN' } },
      ],
    });
    expect(rule('match payload[4:2] & 0x0f = 3 rate > 5k/s per (src, dst) -> drop').condition).toMatchObject({
      of: [
        { slice: { offset: { text: '4' }, length: { text: '2' } }, mask: { text: '0x0f' }, value: { text: '3' } },
        { per: { words: [{ text: 'src' }, { text: 'dst' }] }, value: { text: '5k/s' } },
      ],
    });
  });

  it('keeps slices, bounds, nocase and rows', () => {
    expect(rule('match payload within 64 contains nocase "x" -> drop').condition).toMatchObject({
      within: { text: '64' },
      operator: { text: 'contains' },
      nocase: { span: { start: 33, end: 39 } },
      value: { kind: 'string', text: 'x' },
    });
    expect(rule('match frame[0x0c:2] 5 -> drop').condition).toMatchObject({
      slice: { offset: { text: '0x0c' }, length: { text: '2' }, span: { start: 11, end: 19 } },
      operator: null,
      value: { text: '5' },
    });
    expect(rule('match dport nocase -> drop').condition).toMatchObject({ nocase: null, value: { text: 'nocase' } });
    expect(rule('match (src, dport) in { (a, { 1, 2 }), b } -> drop').condition).toMatchObject({
      fields: { words: [{ text: 'src' }, { text: 'dport' }] },
      value: {
        items: [
          { kind: 'row', values: [{ kind: 'word', text: 'a' }, { kind: 'list' }] },
          { kind: 'word', text: 'b' },
        ],
      },
    });
  });

  it('takes `set NAME = …` for a `let`', () => {
    expect(parseText('set a = { 1 }').value.statements[0]).toMatchObject({ kind: 'let', word: 'set' });
    expect(parseText('set a = { 1 } size 5').diagnostics.map(({ code }) => code)).toEqual(['PKT1001']);
  });

  it('keeps literals as they were written', () => {
    const { statements } = parseText('let x = { 010.1.2.3/8, 10.1/16, 80 - 443, 10.0.0.1:80, fe80:1, "a\\n\\"", a*2 }').value;
    expect(withoutSpans((statements[0] as Extract<Statement, { kind: 'let' }>).value)).toBe(
      JSON.stringify({
        kind: 'list',
        items: [
          { kind: 'literal', text: '010.1.2.3/8', to: null },
          { kind: 'literal', text: '10.1/16', to: null },
          { kind: 'literal', text: '80', to: { text: '443' } },
          { kind: 'literal', text: '10.0.0.1:80', to: null },
          { kind: 'literal', text: 'fe80:1', to: null },
          { kind: 'string', text: 'a\\n\\"' },
          { kind: 'word', text: 'a', times: { kind: 'literal', text: '2', to: null } },
        ],
      }),
    );
  });

  it('ends a guard where the next argument begins', () => {
    const [action] = rule('match tcp -> block src unless src in lan and tcp every 1m per src').actions;
    expect(action?.arguments.map(({ kind }) => kind)).toEqual(['word', 'guard', 'word', 'literal', 'per']);
  });

  it('takes words of a test and of `set` as names elsewhere', () => {
    expect(kinds('let packet = 1\nlet capture = 2\nlet by = 3\nset from from "x"\nmatch dport by -> drop')).toEqual([
      'let',
      'let',
      'let',
      'set',
      'rule',
    ]);
  });

  it('has spans whose text is the node', () => {
    const text = STATEMENTS.map(([, each]) => each).join('\n  # between\n');
    const { value } = parseText(text);
    for (const node of spannedNodes(value)) {
      const slice = text.slice(node.span.start, node.span.end);
      expect(slice).toBe(slice.trim());
      if (typeof node.text === 'string') {
        const written = node.kind === 'string' ? `"${node.text}"` : node.text;
        expect(slice.startsWith(written)).toBe(true);
        if (!node.to && !node.times) expect(slice).toBe(written);
      }
      for (const inner of spannedNodes(Object.values(node))) {
        expect(inner.span.start).toBeGreaterThanOrEqual(node.span.start);
        expect(inner.span.end).toBeLessThanOrEqual(node.span.end);
      }
    }
    expect(value.statements.map(({ span }) => text.slice(span.start, span.end))).toEqual(STATEMENTS.map(([, each]) => each));
  });
});

describe('files', () => {
  it('may be empty, or all comment', () => {
    expect(parseText('')).toEqual({ value: { statements: [], comments: [] }, diagnostics: [] });
    expect(parseText(' \n\t\r\n')).toEqual({ value: { statements: [], comments: [] }, diagnostics: [] });
    expect(parseText('# a\n# b').value.comments.map(({ text }) => text)).toEqual(['# a', '# b']);
  });

  it('may begin with a byte order mark, and only begin with it', () => {
    const { value, diagnostics } = parseText('\ufeffmatch tcp -> drop');
    expect(diagnostics).toEqual([]);
    expect(value.statements[0]?.span).toEqual({ start: 1, end: 18 });
    expect(parseText('match tcp\ufeff -> drop').diagnostics.map(({ code }) => code)).toEqual(['PKT1009']);
  });

  it('may end their lines in CR LF, or in CR', () => {
    for (const end of ['\r\n', '\r']) {
      const { value, diagnostics } = parseText(['# c', 'match tcp', '  -> drop # d', 'b: match udp -> pass', ''].join(end));
      expect(diagnostics).toEqual([]);
      expect(value.statements.map(({ kind }) => kind)).toEqual(['rule', 'rule']);
      expect(value.comments.map(({ text }) => text)).toEqual(['# c', '# d']);
    }
  });

  it('keep every comment with its place', () => {
    const text = '# one\nmatch tcp # two "\n  # three\n -> drop # four';
    const { comments } = parseText(text).value;
    expect(comments.map(({ text: comment }) => comment)).toEqual(['# one', '# two "', '# three', '# four']);
    for (const { text: comment, span } of comments) expect(text.slice(span.start, span.end)).toBe(comment);
    expect(parseText('match http.path "# no comment" -> drop').value.comments).toEqual([]);
  });
});
