import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as Textmate from 'vscode-textmate';
import { vocabulary } from '../../scripts/generate/vocabulary.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const GRAMMAR = path.join(ROOT, 'grammar/rules.tmLanguage.json');
const SCOPES = path.join(import.meta.dirname, 'scopes');

// The engine of VS Code comes with the tester; resolved from there, so that both use the same one.
const require = createRequire(createRequire(import.meta.url).resolve('vscode-tmgrammar-test/package.json'));
const { createRegistry } = require('./dist/common/index.js') as {
  createRegistry: (grammars: readonly { path: string; scopeName: string }[]) => Textmate.Registry;
};

function runTester(file: string): { readonly status: number | null; readonly output: string } {
  const tester = require.resolve('./dist/unit.js');
  const run = spawnSync(process.execPath, [tester, '-g', GRAMMAR, file], { encoding: 'utf8', cwd: tmpdir() });
  return { status: run.status, output: run.stdout + run.stderr };
}

describe('scope assertions', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pktc-scopes-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  for (const file of readdirSync(SCOPES)) {
    it(`${file} holds`, () => {
      const { status, output } = runTester(path.join(SCOPES, file));
      expect(status, output).toBe(0);
    });

    it(`${file} fails when an assertion is wrong`, () => {
      const text = readFileSync(path.join(SCOPES, file), 'utf8');
      const wrong = path.join(folder, file);
      writeFileSync(wrong, text.replace(/(#\s*\^+ )[\w.-]+/, '$1constant.numeric.wrong.rules'));
      expect(runTester(wrong).status).not.toBe(0);
    });
  }
});

describe('the grammar', () => {
  let grammar: Textmate.IGrammar;
  beforeAll(async () => {
    const loaded = await createRegistry([{ path: GRAMMAR, scopeName: 'source.rules' }]).loadGrammar('source.rules');
    expect(loaded).not.toBeNull();
    grammar = loaded as Textmate.IGrammar;
  });

  /** The innermost scope of the token that begins at `column`. */
  function scopeAt(line: string, column: number): string | undefined {
    const { tokens } = grammar.tokenizeLine(line, null);
    return tokens.find((token) => token.startIndex === column)?.scopes.at(-1);
  }

  it('knows every word of the table where it stands', () => {
    const words = vocabulary();
    const inCondition = (word: string) => scopeAt(`match ${word} x`, 6);
    const inActions = (word: string) => scopeAt(`match any -> ${word} x`, 13);
    for (const [list, scope, look] of [
      [words.fields, 'support.type.field.rules', inCondition],
      [words.bare, 'constant.language.condition.rules', inCondition],
      [words.flags, 'constant.language.flag.rules', inCondition],
      [words.operators, 'keyword.operator.word.rules', inCondition],
      [words.verdicts, 'keyword.control.verdict.rules', inActions],
      [words.observers, 'support.function.action.rules', inActions],
      [words.parameters, 'keyword.other.parameter.rules', inActions],
    ] as const) {
      expect(list.length).toBeGreaterThan(0);
      for (const word of list) expect(look(word), word).toBe(scope);
    }
    for (const word of words.names)
      expect(inCondition(word), word).toMatch(/^constant\.language\.(?:name|condition)|^support\.type\.field/);
  });

  it('leaves no text of a rule without a scope', () => {
    const line = 'ssh: match tcp dport { 22, 3389 } src != lan (ttl < 5 or vlan any) -> log sample 1/10, drop # why';
    const { tokens } = grammar.tokenizeLine(line, null);
    const bare = tokens.filter(
      (token) => line.slice(token.startIndex, token.endIndex).trim() !== '' && token.scopes.length < 2,
    );
    expect(bare.map((token) => line.slice(token.startIndex, token.endIndex))).toEqual([]);
  });
});
