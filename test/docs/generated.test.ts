import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../../scripts/generate/generated-files.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** `npm run generate` is this test with `-u`: the check and the writer cannot disagree. */
describe('generated files', () => {
  const language = readFileSync(path.join(ROOT, 'docs/source/language.md'), 'utf8');
  for (const [file, text] of generatedFiles({ language })) {
    it(`${file} is what the generator makes now`, async () => {
      await expect(text).toMatchFileSnapshot(path.join(ROOT, file));
    });
  }
});
