import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CATALOG } from '../../compiler/diagnostics/catalog.ts';
import { RUNTIME_CODES } from '../../runtime/runtime-error.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const SOURCES = readdirSync(join(ROOT, 'runtime'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(ROOT, 'runtime', name), 'utf8'));

describe('runtime errors', () => {
  test.each(RUNTIME_CODES)('%s is in the catalog, has a page, and is used', (code) => {
    expect(Object.keys(CATALOG)).toContain(code);
    expect(existsSync(join(ROOT, 'docs/diagnostics', `${code}.md`))).toBe(true);
    expect(SOURCES.some((text) => text.includes(`RuntimeError('${code}'`))).toBe(true);
  });

  test('codes up to PKT6019 belong to the runtime', () => {
    const known: readonly string[] = RUNTIME_CODES;
    expect(Object.keys(CATALOG).filter((code) => /^PKT60[01]/.test(code) && !known.includes(code))).toEqual([]);
  });
});
