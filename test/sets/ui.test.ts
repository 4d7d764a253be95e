/**
 * What people read about files that name others: every folder `cases/<name>` with its `main.rules` and its `stderr`. Annotations as in
 * `test/ui`, in any of the files. `PKTC_BLESS=1` writes the snapshots anew.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { annotationsOf } from '../ui/annotations.ts';
import { analyseFiles, type Files, placesIn } from './files-in-memory.ts';

const CASES = path.join(import.meta.dirname, 'cases');
const BLESS = process.env.PKTC_BLESS === '1';

function filesIn(folder: string): Files {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(?:rules|txt|csv)$/.test(name));
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
}

describe('diagnostics about several files', () => {
  it.each(readdirSync(CASES))('%s', (name) => {
    const files = filesIn(path.join(CASES, name));
    const analysis = analyseFiles(files);
    const annotated = Object.entries(files).flatMap(([file, text]) => annotationsOf(text).map((place) => `${file}:${place}`));
    expect([...placesIn(analysis)].sort()).toEqual(annotated.sort());
    const shown = renderDiagnostics(analysis.diagnostics, { color: false });
    const snapshot = path.join(CASES, name, 'stderr');
    if (BLESS) writeFileSync(snapshot, shown);
    expect(existsSync(snapshot), `${snapshot} is missing: run with PKTC_BLESS=1 and read it`).toBe(true);
    expect(shown).toBe(readFileSync(snapshot, 'utf8'));
  });
});
