import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../cli/exit-code.ts';
import { CATALOG } from '../../compiler/diagnostics/catalog.ts';
import { ROOT, readMarkdown } from './code-blocks.ts';

const PAGE = 'docs/reliability.md';

/** Cells of every row below the head of a table that names tests. */
const rows = readMarkdown(PAGE)
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| what happens'))
  .map((line) => line.slice(2, -2).split(' | '));

/** `[name](../test/x.test.ts) "one", "another", [name](…) "third"` */
function namedTests(cell: string): readonly { readonly file: string; readonly title: string }[] {
  return [...cell.matchAll(/\[[^\]]+\]\(\.\.\/([^)]+)\)((?:,? "[^"]+")+)/g)].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ file, title })),
  );
}

describe(PAGE, () => {
  it('has rows of five cells, each with a test or the test of the row above', () => {
    expect(rows.length).toBeGreaterThan(40);
    for (const row of rows) {
      expect(row, row[0]).toHaveLength(5);
      expect(namedTests(row[4] ?? '').length > 0 || row[4] === 'the same', row[0]).toBe(true);
    }
    expect(rows[0]?.[4]).not.toBe('the same');
  });

  it('names tests that are there, by the words they are called', () => {
    const missing = rows
      .flatMap(([, , , , cell = '']) => namedTests(cell))
      .filter(({ file, title }) => {
        const text = readFileSync(path.join(ROOT, file), 'utf8');
        return !["'", '"', '`'].some((quote) => text.includes(`${quote}${title}${quote}`));
      });
    expect(missing).toEqual([]);
  });

  it('names messages and exit codes that there are', () => {
    const known: readonly string[] = [...Object.values(EXIT).map(String), '–'];
    for (const [what = '', , message = '', exit = ''] of rows) {
      for (const [code] of message.matchAll(/PKT\d{4}/g)) expect(Object.keys(CATALOG), what).toContain(code);
      for (const one of exit.split(/, (?:`--strict` )?/)) expect(known, what).toContain(one);
    }
  });
});
