import { describe, expect, it } from 'vitest';
import * as absences from './absences.ts';
import { filesUnder, parseText, sourceTrees } from './source-tree.ts';

/** Each absence with a file that breaks it, so that no rule can pass by looking at nothing. */
const BROKEN: Readonly<Record<string, readonly (readonly [file: string, text: string])[]>> = {
  importsOutOfRoom: [
    ['runtime/x.ts', `import { parse } from '../compiler/1-parse/parse.ts';`],
    ['runtime/ffi/x.ts', `export * from '../../grammar/ast.ts';`],
    ['grammar/x.ts', `const a = await import('../compiler/index.ts');`],
    ['compiler/x.ts', `import { loadArtifact } from '../runtime/load.ts';`],
  ],
  inputOutputInPhase: [
    ['grammar/x.ts', `import { readFileSync } from 'node:fs';`],
    ['compiler/4-plan/x.ts', `export const home = process.env['HOME'];`],
    ['compiler/5-emit/x.ts', `import { spawn } from 'node:child_process';`],
  ],
  throwInPhase: [['compiler/2-resolve/x.ts', `export function f() { throw new Error('user text'); }`]],
  printsOutsideCli: [
    ['runtime/x.ts', `console.log('hello');`],
    ['compiler/6-build/x.ts', `process.exit(1);`],
  ],
  moduleLevelState: [
    ['grammar/x.ts', `let count = 0;`],
    ['runtime/x.ts', `const cache = new Map<string, number>();`],
    ['compiler/x.ts', `const seen: string[] = [];`],
  ],
  spellsC: [
    ['compiler/5-emit/x.ts', `export const c = (name: string) => \`if (\${name}) {\`;`],
    ['compiler/4-plan/x.ts', `export const c = 'return 0;';`],
  ],
  saysNothing: [
    ['runtime/utils.ts', ''],
    ['compiler/2-resolve/common.ts', ''],
  ],
  longFunction: [['cli/x.ts', `export function f() {\n${'  g();\n'.repeat(80)}}`]],
};

const { MAX_FUNCTION_LINES: _, ...RULES } = absences;

describe('absences', () => {
  const sources = sourceTrees();

  it('looks at every room', () => {
    for (const room of ['grammar/', 'compiler/', 'runtime/', 'cli/']) {
      expect(sources.some((source) => source.file.startsWith(room))).toBe(true);
    }
  });

  for (const [name, rule] of Object.entries(RULES)) {
    it(`${name}: a file that breaks the rule is found`, () => {
      const broken = BROKEN[name] ?? [];
      expect(broken.length).toBeGreaterThan(0);
      for (const [file, text] of broken) expect(rule(parseText(file, text)), `${file}: ${text}`).not.toEqual([]);
    });

    it(`${name}: no file breaks it`, () => {
      expect(sources.flatMap((source) => rule(source))).toEqual([]);
    });
  }

  it('no C or script file has a name that says nothing', () => {
    const files = ['templates', 'scripts', 'test', 'examples', 'editors'].flatMap(filesUnder);
    expect(
      files.filter(
        (file) => !file.includes('node_modules') && absences.saysNothing({ ...parseText(file, ''), file }).length > 0,
      ),
    ).toEqual([]);
  });
});
