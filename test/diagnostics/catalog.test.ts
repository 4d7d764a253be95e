import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FILES } from '../../compiler/diagnostics/catalog/2-files.ts';
import { CATALOG, type Code, diagnostic, isCode } from '../../compiler/diagnostics/catalog.ts';
import { quoted } from '../../compiler/diagnostics/definition.ts';
import { diagnose } from '../ui/diagnose.ts';

const PAGES = path.join(import.meta.dirname, '../../docs/diagnostics');
const CODES = Object.keys(CATALOG) as readonly Code[];

function pageOf(code: Code): string {
  return readFileSync(path.join(PAGES, `${code}.md`), 'utf8');
}

function examplesOf(code: Code): readonly string[] {
  return [...pageOf(code).matchAll(/^```rules\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
}

const codesIn = (text: string): readonly string[] => diagnose('page.rules', text).map((one) => one.code);

describe('the catalog', () => {
  it('has a page for every code and a code for every page', () => {
    const pages = readdirSync(PAGES).filter((file) => file.endsWith('.md'));
    expect(pages.sort()).toEqual(CODES.map((code) => `${code}.md`).sort());
  });

  it.each(CODES)('%s: the page has its title, a text and no line over 160 characters', (code) => {
    const [heading, blank, ...rest] = pageOf(code).split('\n');
    expect(heading).toBe(`# ${code}: ${CATALOG[code].title}`);
    expect(blank).toBe('');
    expect(rest.join('\n').trim().length).toBeGreaterThan(100);
    expect(rest.filter((line) => line.length > 160)).toEqual([]);
  });

  /** What only the rest of the toolchain or the kernel can say has pages without rules; those about files: `test/sets`. */
  const fromText = CODES.filter((code) => /^PKT[123]/.test(code) && !Object.hasOwn(FILES, code));

  it.each(fromText)('%s: the first example triggers it, the others are mended', (code) => {
    const [wrong, ...mended] = examplesOf(code);
    expect(codesIn(wrong ?? '')).toContain(code);
    for (const text of mended) expect(codesIn(text)).not.toContain(code);
    for (const text of mended) expect(diagnose('page.rules', text).filter((one) => one.severity === 'error')).toEqual([]);
  });

  it('has titles and severities, and codes of its phases only', () => {
    for (const code of CODES) {
      expect(code).toMatch(/^PKT[1-6]\d{3}$/);
      expect(CATALOG[code].title, code).toMatch(/^[^.\n]{4,60}$/);
    }
    expect(isCode('PKT2001')).toBe(true);
    expect(isCode('PKT9999')).toBe(false);
    expect(isCode('toString')).toBe(false);
  });

  it('does not compile with parameters of another code', () => {
    const mistakes = [
      // @ts-expect-error PKT2001 takes a name
      () => diagnostic('PKT2001', { label: 'x' }, null),
      // @ts-expect-error there is no such code
      () => diagnostic('PKT9999', {}, null),
      // @ts-expect-error PKT2017 takes nothing
      () => diagnostic('PKT2017', { name: 'x' }, null),
    ];
    // The compiler has looked at them; nobody calls them.
    expect(mistakes).toHaveLength(3);
    expect(diagnostic('PKT2001', { name: 'x' }, null)).toEqual({
      code: 'PKT2001',
      severity: 'error',
      message: 'unknown field `x`',
      primary: null,
      related: [],
      help: null,
      fixes: [],
    });
  });
});

describe('quoted', () => {
  it('shortens what is long, whatever its length', () => {
    expect(quoted('abc')).toBe('`abc`');
    expect(quoted('x'.repeat(60))).toBe(`\`${'x'.repeat(60)}\``);
    for (const length of [61, 200, 3_000_000]) {
      const text = quoted('\u{1f600}'.repeat(length));
      expect([...text].length).toBe(62);
      expect(text).toContain('…');
      expect(text).not.toMatch(/\p{Cs}/u);
    }
  });
});
