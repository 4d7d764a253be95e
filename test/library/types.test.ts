import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../house/source-tree.ts';
import { exampleFiles, typeMistakes } from './examples.ts';

describe('examples of the library', () => {
  const examples = exampleFiles();

  it('are there', () => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
  });

  it('have the types that they are said to have, and would be told if not', () => {
    const text =
      "import { compile } from 'pktc';\nconst { c } = await compile({ fill: 'edge.rules' });\nconst n: number = c;\n";
    const mistakes = typeMistakes([...examples, { name: 'wrong.mts', text }]);
    expect(mistakes.map(({ name }) => name)).toEqual(['wrong.mts', 'wrong.mts']);
    expect(mistakes[0]?.message).toContain('fill');
    expect(mistakes[1]?.message).toContain("Type 'string' is not assignable to type 'number'");
  }, 60_000);

  it('are in a package whose entry is built from the same file', () => {
    const { config } = ts.readConfigFile(path.join(ROOT, 'package.json'), ts.sys.readFile) as {
      config: { exports: { '.': { types: string; default: string } } };
    };
    expect(config.exports['.']).toEqual({ types: './dist/types/library/index.d.ts', default: './dist/library.js' });
  });
});
