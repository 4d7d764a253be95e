/** A fix is worth showing when it mends what it is shown for and breaks nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Diagnostic, Fix } from '../../compiler/diagnostics/diagnostic.ts';
import { lineAt, lineStarts } from '../../compiler/diagnostics/position.ts';
import { diagnose } from '../ui/diagnose.ts';

const CASES = path.join(import.meta.dirname, '../ui/cases');
const NAMES = readdirSync(CASES).filter((file) => file.endsWith('.rules'));

function applied(text: string, fix: Fix): string {
  const edits = [...fix.edits].sort((a, b) => b.span.start - a.span.start);
  return edits.reduce(
    (result, { span, text: instead }) => result.slice(0, span.start) + instead + result.slice(span.end),
    text,
  );
}

/** What was said and on which line: columns behind an edit move, and no fix adds a line. */
function keyOf({ code, message, primary }: Diagnostic): string {
  return `${primary ? lineAt(lineStarts(primary.source.text), primary.span.start) + 1 : 0} ${code} ${message}`;
}

const count = (list: readonly Diagnostic[], key: string): number => list.filter((one) => keyOf(one) === key).length;

describe('every fix of a case', () => {
  it.each(NAMES)('%s', (name) => {
    const text = readFileSync(path.join(CASES, name), 'utf8');
    const before = diagnose(name, text);
    for (const one of before) {
      if (/^PKT1/.test(one.code)) continue;
      for (const fix of one.fixes) {
        const mended = applied(text, fix);
        const after = diagnose(name, mended);
        const key = keyOf(one);
        expect(count(after, key), `${fix.title} keeps ${key}`).toBe(count(before, key) - 1);
        // Another error may come to light once this one is gone, but the text still reads, and no rule is lost.
        const syntax = (list: readonly Diagnostic[]): number => list.filter(({ code }) => /^PKT1/.test(code)).length;
        expect(syntax(after), `${fix.title} breaks the text`).toBe(syntax(before));
      }
    }
  });
});
