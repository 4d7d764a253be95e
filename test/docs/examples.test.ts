import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from '../../compiler/1-parse/parse.ts';
import { ACTIONS } from '../../grammar/actions/index.ts';
import { LATER_ACTIONS } from '../../grammar/actions/later.ts';
import type { Field } from '../../grammar/fields/field.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { LATER_FIELDS } from '../../grammar/fields/later.ts';
import { format } from '../../grammar/format.ts';
import { operatorsFor } from '../../scripts/generate/language-reference.ts';
import { codeBlocks, codeSpans, ROOT, tableRows } from './code-blocks.ts';
import { errorsIn, resolveErrors } from './compile-text.ts';

const PAGES = ['README.md', 'docs/language.md', 'docs/contributing.md', 'docs/architecture.md', 'editors/vscode/README.md'];
const LANGUAGE = 'docs/language.md';
/** Names that examples outside a block may use. */
const NAMES = 'let web = { 80, 443 }\nlet lan = { 10.0.0.0/8, fd00::/8 }\n';
const hookFor = (field: Field) => (field.hooks?.includes('xdp') === false ? (field.hooks[0] ?? null) : null);

describe('rules shown in the documentation', () => {
  const blocks = PAGES.flatMap(codeBlocks).filter((block) => block.language === 'rules');

  it('are there', () => expect(blocks.length).toBeGreaterThan(30));

  for (const { file, line, text } of blocks) {
    it(`${file}:${line} compiles`, () => {
      const field = FIELDS.find((entry) => text === `match ${entry.example} -> count\n`);
      expect(errorsIn(text, field ? hookFor(field) : null), text).toEqual([]);
    });

    it(`${file}:${line} is written as \`pktc fmt\` writes it`, () => {
      const source = { name: file, text };
      expect(format(parse(source).value, source)).toBe(text);
    });
  }
});

describe('the language reference', () => {
  it('shows conditions that compile', () => {
    const conditions = [...tableRows(LANGUAGE, 'written'), ...tableRows(LANGUAGE, 'form')].flatMap(([cell]) =>
      codeSpans(cell ?? ''),
    );
    expect(conditions.length).toBeGreaterThan(10);
    for (const condition of conditions) expect(errorsIn(`${NAMES}match ${condition} -> count`), condition).toEqual([]);
  });

  it('shows values that are taken, and values that are refused', () => {
    const fieldFor: Readonly<Record<string, string>> = {
      number: 'len',
      address: 'src',
      'MAC address': 'smac',
      flags: 'flags',
      list: 'dport',
      text: 'payload contains',
      interface: 'iface',
      kinds: 'tcp.option',
    };
    const rows = tableRows(LANGUAGE, 'type').filter(([type]) => fieldFor[type ?? '']);
    expect(rows).toHaveLength(8);
    for (const [type, taken, refused] of rows) {
      for (const value of codeSpans(taken ?? ''))
        expect(errorsIn(`match ${fieldFor[type ?? '']} ${value} -> count`), value).toEqual([]);
      for (const value of codeSpans(refused ?? ''))
        expect(errorsIn(`match ${fieldFor[type ?? '']} ${value} -> count`), value).not.toEqual([]);
    }
  });

  it('lists for each field the operators that work, and no others', () => {
    const operandFor = (field: Field): string => {
      if (field.type.kind === 'address') return '192.0.2.1';
      if (field.type.kind === 'mac') return '02:00:00:00:00:00';
      if (field.type.kind === 'flags') return 'SYN';
      if (field.type.kind === 'bytes') return '"x"';
      if (field.type.kind === 'interface') return 'eth0';
      return field.type.kind === 'uint' && field.type.closed ? (Object.keys(field.type.names ?? {})[0] ?? '') : '1';
    };
    const conditionWith = (field: Field, operator: string): string => {
      const operand = operandFor(field);
      if (operator === '&' && field.type.kind === 'bytes') return `${field.name} & 1 = 1`;
      if (operator === '&') return `${field.name} & ${operand} = ${operand}`;
      return operator === 'in' ? `${field.name} in { ${operand} }` : `${field.name} ${operator} ${operand}`;
    };
    const operators = ['=', '!=', '<', '<=', '>', '>=', 'in', '&', 'contains', 'starts', 'ends'];
    for (const field of FIELDS.filter((entry) => entry.type.kind !== 'truth')) {
      const works = operators.filter(
        (operator) => resolveErrors(`match ${conditionWith(field, operator)} -> count`, hookFor(field)).length === 0,
      );
      expect({ field: field.name, works }).toEqual({ field: field.name, works: [...operatorsFor(field.type)] });
    }
  });

  it('knows words that come later, and the compiler refuses each', () => {
    const words = tableRows(LANGUAGE, '').flatMap(([, , names]) => codeSpans(names ?? ''));
    expect(words).toEqual(expect.arrayContaining([...Object.keys(LATER_FIELDS), ...Object.keys(LATER_ACTIONS)]));
    for (const word of Object.keys(LATER_FIELDS)) expect(errorsIn(`match ${word} 1 -> count`), word).not.toEqual([]);
    for (const word of Object.keys(LATER_ACTIONS)) expect(errorsIn(`match any -> ${word} src`), word).not.toEqual([]);
  });

  it('has a section for each field and action', () => {
    const text = readFileSync(path.join(ROOT, LANGUAGE), 'utf8');
    for (const { name } of FIELDS) expect(text).toContain(`\n#### \`${name}\`\n`);
    for (const { name } of ACTIONS) expect(text).toContain(`\n### \`${name}\`\n`);
    expect(text).not.toMatch(/\{\{\w+\}\}/);
  });
});

describe("the editor's snippets", () => {
  const snippets = JSON.parse(readFileSync(path.join(ROOT, 'editors/vscode/snippets/rules.json'), 'utf8')) as Readonly<
    Record<string, { readonly body: readonly string[] }>
  >;

  /** The texts a snippet can become: each choice once, placeholders as they stand. */
  function expansions(body: string): readonly string[] {
    const choice = /\$\{\d+\|([^|]+)\|\}/.exec(body);
    if (choice) return (choice[1] ?? '').split(',').flatMap((option) => expansions(body.replace(choice[0], option)));
    return [body.replace(/\$\{\d+:((?:[^{}]|\{[^}]*\})*)\}/g, '$1')];
  }

  for (const [name, { body }] of Object.entries(snippets)) {
    it(`${name} compiles, whatever is chosen`, () => {
      for (const text of expansions(body.join('\n'))) {
        expect(text).not.toContain('$');
        expect(errorsIn(text), text).toEqual([]);
      }
    });
  }
});
