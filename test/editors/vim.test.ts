import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { vocabulary } from '../../scripts/generate/vocabulary.ts';

const PLUGIN = path.resolve(import.meta.dirname, '../../editors/vim');
const SCOPES = path.join(import.meta.dirname, 'scopes');
const require = createRequire(createRequire(import.meta.url).resolve('vscode-tmgrammar-test/package.json'));

interface ScopeCase {
  readonly source: readonly string[];
  readonly assertions: readonly {
    readonly sourceLineNumber: number;
    readonly scopeAssertions: readonly { readonly from: number; readonly scopes: readonly string[] }[];
  }[];
}
const { parseGrammarTestCase } = require('./dist/unit/parsing.js') as { parseGrammarTestCase: (text: string) => ScopeCase };

/** Vim's group for each TextMate scope; the longest scope that fits decides. A scope with no colour in Vim has no entry. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'comment.line.number-sign': ['pktcComment'],
  'string.quoted.double': ['pktcString'],
  'constant.character.escape': ['pktcEscape'],
  'invalid.illegal': ['pktcError'],
  'keyword.control': ['pktcStatement', 'pktcKeyword'],
  'keyword.control.verdict': ['pktcVerdict'],
  'keyword.other.parameter': ['pktcParameter'],
  'keyword.other.contextual': ['pktcParameter'],
  'keyword.other.unit': ['pktcNumber', 'pktcRate'],
  'keyword.operator': ['pktcOperator'],
  'keyword.operator.word': ['pktcWordOperator'],
  'support.function.action': ['pktcAction'],
  'support.type.field': ['pktcField'],
  'support.constant.hook': ['pktcConstant'],
  'entity.name.function.label': ['pktcLabel'],
  'constant.language': ['pktcConstant'],
  'constant.language.flag': ['pktcFlag'],
  'constant.numeric': ['pktcNumber'],
  'constant.numeric.ipv4': ['pktcAddress'],
  'constant.numeric.ipv6': ['pktcAddress'],
  'constant.numeric.mac': ['pktcAddress'],
  'constant.numeric.port': ['pktcAddress'],
  'constant.numeric.prefix-length': ['pktcAddress'],
  'constant.numeric.rate': ['pktcRate'],
  'constant.numeric.ratio': ['pktcRate'],
  'variable.other': ['pktcName'],
};

function groupsFor(scope: string): readonly string[] | undefined {
  const parts = scope.replace(/\.rules$/, '').split('.');
  for (let length = parts.length; length > 0; length--) {
    const groups = GROUPS[parts.slice(0, length).join('.')];
    if (groups) return groups;
  }
  return undefined;
}

const folder = mkdtempSync(path.join(tmpdir(), 'pktc-vim-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Opens `file` in a real Vim and evaluates each expression there. */
function askVim(file: string, expressions: readonly string[]): readonly string[] {
  const script = path.join(folder, 'ask.vim');
  const answers = path.join(folder, 'answers.json');
  rmSync(answers, { force: true });
  writeFileSync(
    script,
    [
      'set nocompatible nomodeline',
      `let &runtimepath = '${PLUGIN},' . &runtimepath`,
      'filetype plugin on',
      'syntax on',
      `execute 'edit' fnameescape('${file}')`,
      `let answers = [${expressions.map((expression) => `\n  \\ ${expression}`).join(',')}]`,
      `call writefile([json_encode(answers)], '${answers}')`,
      'quitall!',
    ].join('\n'),
  );
  const run = spawnSync('vim', ['-es', '-u', 'NONE', '-i', 'NONE', '-S', script], { encoding: 'utf8', timeout: 60_000 });
  expect(run.error).toBeUndefined();
  return JSON.parse(readFileSync(answers, 'utf8')) as string[];
}

const groupAt = (line: number, column: number): string => `synIDattr(synID(${line}, ${column}, 1), 'name')`;

function whyNoVim(): string | null {
  const { error, stdout } = spawnSync('vim', ['--version'], { encoding: 'utf8' });
  if (error) return 'vim is not installed';
  return stdout.includes('+syntax') && stdout.includes('+eval') ? null : 'this vim was built without syntax highlighting';
}
const missing = whyNoVim();

describe.skipIf(missing !== null)(`vim${missing ? ` (skipped: ${missing})` : ''}`, () => {
  for (const name of readdirSync(SCOPES)) {
    it(`colours ${name} as VS Code does`, () => {
      const { source, assertions } = parseGrammarTestCase(readFileSync(path.join(SCOPES, name), 'utf8'));
      const file = path.join(folder, name);
      writeFileSync(file, source.join('\n'));
      const places = assertions.flatMap(({ sourceLineNumber, scopeAssertions }) =>
        scopeAssertions.flatMap(({ from, scopes }) => {
          const groups = groupsFor(scopes.at(-1) ?? '');
          return groups ? [{ line: sourceLineNumber, column: from, groups, text: source[sourceLineNumber] ?? '' }] : [];
        }),
      );
      expect(places.length).toBeGreaterThan(20);
      const answers = askVim(
        file,
        places.map(({ line, column }) => groupAt(line + 1, column + 1)),
      );
      const wrong = places
        .map(({ text, column, groups }, index) => ({
          at: `${text.slice(column)} | ${text}`,
          groups,
          vim: answers[index] ?? '',
        }))
        .filter(({ groups, vim }) => !groups.includes(vim));
      expect(wrong).toEqual([]);
    });
  }

  it('knows every word of the table', () => {
    const words = vocabulary();
    const rows = [
      ...words.fields.map((word) => ({ text: `match ${word} x`, column: 7, group: 'pktcField' })),
      ...words.bare.map((word) => ({ text: `match ${word}`, column: 7, group: 'pktcConstant' })),
      ...words.flags.map((word) => ({ text: `match flags ${word}`, column: 13, group: 'pktcFlag' })),
      ...words.operators.map((word) => ({ text: `match x ${word} y`, column: 9, group: 'pktcWordOperator' })),
      ...words.verdicts.map((word) => ({ text: `match any -> ${word}`, column: 14, group: 'pktcVerdict' })),
      ...words.observers.map((word) => ({ text: `match any -> ${word} x`, column: 14, group: 'pktcAction' })),
      ...words.parameters.map((word) => ({ text: `match any -> log ${word} 1`, column: 18, group: 'pktcParameter' })),
    ];
    const file = path.join(folder, 'table.rules');
    writeFileSync(file, rows.map((row) => row.text).join('\n'));
    const answers = askVim(
      file,
      rows.map((row, index) => groupAt(index + 1, row.column)),
    );
    expect(rows.filter((row, index) => answers[index] !== row.group)).toEqual([]);
  });

  it('toggles `#` comments', () => {
    const file = path.join(folder, 'comment.rules');
    writeFileSync(file, 'match any -> pass\n');
    expect(askVim(file, ['&filetype', '&commentstring', '&comments'])).toEqual(['pktc', '# %s', ':#']);
  });

  it("leaves other tools' rules alone", () => {
    const others: Readonly<Record<string, string>> = {
      'usb.rules': 'ACTION=="add", SUBSYSTEM=="usb", MODE="0660"\n',
      'local.rules': 'alert tcp any any -> any 80 (msg:"match"; sid:1;)\n',
      'audit.rules': '-w /etc/passwd -p wa -k passwd_changes\n',
    };
    for (const [name, text] of Object.entries(others)) {
      const file = path.join(folder, name);
      writeFileSync(file, text);
      expect(askVim(file, ['&filetype']), name).not.toEqual(['pktc']);
    }
    mkdirSync(path.join(folder, 'polkit-1'));
    const polkit = path.join(folder, 'polkit-1', 'new.rules');
    expect(askVim(polkit, ['&filetype'])).not.toEqual(['pktc']);
  });
});
