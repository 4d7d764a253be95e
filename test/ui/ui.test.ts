/**
 * What people read: every `cases/<name>.rules` with its `<name>.stderr`, and its annotations. `PKTC_BLESS=1` writes the snapshots anew; a
 * case whose annotations do not match what is said fails all the same.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DYNAMIC_SETS } from '../../compiler/diagnostics/catalog/2-dynamic-sets.ts';
import { MATCHING } from '../../compiler/diagnostics/catalog/2-matching.ts';
import { RESOLVE } from '../../compiler/diagnostics/catalog/2-resolve.ts';
import { RULE_TESTS } from '../../compiler/diagnostics/catalog/2-rule-tests.ts';
import { CHECK } from '../../compiler/diagnostics/catalog/3-check.ts';
import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { annotationsOf, placesOf } from './annotations.ts';
import { diagnose } from './diagnose.ts';

const CASES = path.join(import.meta.dirname, 'cases');
const NAMES = readdirSync(CASES)
  .filter((file) => file.endsWith('.rules'))
  .map((file) => file.slice(0, -'.rules'.length));
const BLESS = process.env.PKTC_BLESS === '1';

describe('diagnostics as people see them', () => {
  it.each(NAMES)('%s', (name) => {
    const text = readFileSync(path.join(CASES, `${name}.rules`), 'utf8');
    const said = diagnose(`${name}.rules`, text);
    expect(placesOf(said)).toEqual(annotationsOf(text));
    const shown = renderDiagnostics(said, { color: false });
    const snapshot = path.join(CASES, `${name}.stderr`);
    if (BLESS) writeFileSync(snapshot, shown);
    expect(existsSync(snapshot), `${name}.stderr is missing: run with PKTC_BLESS=1 and read it`).toBe(true);
    expect(shown).toBe(readFileSync(snapshot, 'utf8'));
  });

  it('has a case for every code of resolve and check', () => {
    const covered = new Set(
      NAMES.flatMap((name) => annotationsOf(readFileSync(path.join(CASES, `${name}.rules`), 'utf8'))).map(
        (place) => place.split(' ')[1],
      ),
    );
    expect(
      [
        ...Object.keys(RESOLVE),
        ...Object.keys(MATCHING),
        ...Object.keys(DYNAMIC_SETS),
        ...Object.keys(RULE_TESTS),
        ...Object.keys(CHECK),
      ].filter((code) => !covered.has(code)),
    ).toEqual([]);
  });

  it('has no snapshot without its case', () => {
    const snapshots = readdirSync(CASES).filter((file) => file.endsWith('.stderr'));
    expect(snapshots.map((file) => file.slice(0, -'.stderr'.length)).sort()).toEqual([...NAMES].sort());
  });
});

describe('annotations', () => {
  it('speak of their line, or of the one above', () => {
    expect(
      annotationsOf('match x -> drop # ~ PKT2001\nmatch y\n  -> drop\n# ~ PKT2002, PKT2003\n# ~ PKT2004\n# plain'),
    ).toEqual(['1 PKT2001', '3 PKT2002', '3 PKT2003', '3 PKT2004']);
  });
});
