import { describe, expect, it } from 'vitest';
import { emit } from '../../compiler/5-emit/emit.ts';
import { commentText } from '../../compiler/5-emit/printer.ts';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import { analyse, compile } from '../../compiler/index.ts';
import { ACTIONS } from '../../grammar/actions/index.ts';
import { FIELDS } from '../../grammar/fields/index.ts';

const cOf = (text: string, name = 'edge.rules'): string => {
  const { plan, diagnostics } = analyse({ name, text }, { hook: null });
  if (plan === null) throw new Error(diagnostics.map((one) => one.message).join('\n'));
  return emit(plan, readTemplates()).c;
};

/** The C without its comments: what clang sees. */
const codeOf = (c: string): string => c.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');

describe('emit', () => {
  it('is the same for the same rules', () => {
    const text = 'a: match src 10.0.0.0/8 tcp dport { 22, 80 } -> log, drop';
    expect(cOf(text)).toBe(cOf(text));
  });

  it('maps each rule to the first of its lines', () => {
    const text = 'a: match arp -> count\nb: match tcp -> drop\n';
    const { plan } = analyse({ name: 'x.rules', text }, { hook: null });
    const { c, lineMap } = emit(plan!, readTemplates());
    const lines = c.split('\n');
    expect(lineMap.map(({ c_line }) => lines[c_line - 1]?.trim()).slice(0, 2)).toEqual([
      '/* line 1: a: match arp -> count */',
      '/* line 2: b: match tcp -> drop */',
    ]);
  });

  it('lets nothing that a user writes become code', () => {
    const hostile = [
      '*/ int evil(void) { return 1; } /*',
      '\\\nint evil;',
      '??/\nint evil;',
      '/* int evil; */ */ int evil;',
      '#include "/etc/passwd"',
      '\u2028int evil;',
      '\u0000int evil;',
    ];
    const plain = codeOf(cOf('a: match arp -> drop\n'));
    for (const text of hostile) {
      const inComment = cOf(`a: match # ${text.replaceAll('\n', '\n# ')}\narp -> drop\n`);
      expect(codeOf(inComment), text).toBe(plain);
      const inName = cOf('a: match arp -> drop\n', `${text}.rules`);
      expect(codeOf(inName), text).toBe(plain);
    }
  });

  it('keeps comments closed, on one line, and plain ASCII', () => {
    for (const text of ['*/', '**//', '/*/', '\\', 'a\\', 'a\n*\n/', '??/', 'é\u202e', '\x1b[31m']) {
      const printed = commentText(text);
      expect(printed).toMatch(/^[\x20-\x7e]*$/);
      expect(printed).not.toMatch(/\*\/|\/\*|\?\?|\\$/);
    }
  });

  it('compiles every example of the field and action table', async () => {
    const rules = [
      ...FIELDS.filter((field) => field.hooks === undefined).map((field) => `match ${field.example} -> count`),
      ...ACTIONS.map((action) => `match arp -> ${action.example}`),
    ];
    const { artifact, diagnostics } = await compile({ name: 'all.rules', text: rules.join('\n') }, { hook: null });
    expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
    expect(artifact).not.toBeNull();
  });
});
