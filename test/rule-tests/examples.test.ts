/** Every example: written as `pktc fmt` writes it, free of warnings, says whom it protects, and passes its own tests. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { examine } from '../../cli/front-end.ts';
import { readSources } from '../../cli/rule-source.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { renderTest } from '../../cli/test/render-tests.ts';
import { runTest } from '../../cli/test/run-tests.ts';
import { parse } from '../../compiler/1-parse/parse.ts';
import { painter } from '../../compiler/diagnostics/paint.ts';
import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { format } from '../../grammar/format.ts';
import { EXAMPLES, noCaptures } from './example-files.ts';

const terminal = { out: { paint: painter(false) } } as unknown as Terminal;

describe('examples', () => {
  it('are many', () => expect(EXAMPLES.length).toBeGreaterThanOrEqual(16));

  it('say whom they protect, and how to adapt them', () => {
    for (const file of EXAMPLES.filter((name) => !name.endsWith('quickstart.rules'))) {
      const comment = /^(?:#.*\n)+/.exec(readFileSync(file, 'utf8'))?.[0] ?? '';
      expect(comment, file).toMatch(/^# Protects /);
      expect(comment, file).toContain('# To adapt: ');
    }
  });

  it('name only files that are there', () => {
    const folder = path.dirname(EXAMPLES[0] ?? '');
    const rest = readdirSync(folder).filter((name) => !name.endsWith('.rules'));
    const texts = EXAMPLES.map((file) => readFileSync(file, 'utf8')).join('\n');
    for (const name of rest) expect(texts).toContain(`"${name}"`);
  });

  describe.each(EXAMPLES.map((file) => ({ name: path.basename(file), file })))('$name', ({ file }) => {
    it('is written as `pktc fmt` writes it', () => {
      const source = { name: file, text: readFileSync(file, 'utf8') };
      expect(format(parse(source).value, source)).toBe(source.text);
    });

    it('has no errors and no warnings, and passes its tests in the interpreter', async () => {
      const { sound, tests, diagnostics } = await examine(await readSources(file, []), null);
      expect(renderDiagnostics(diagnostics, { color: false })).toBe('');
      if (sound === null) throw new Error('there is no program');
      const engines = { interpreter: createInterpreter(sound.program) };
      const verdicts = new Set<string>();
      for (const test of tests) {
        const result = await runTest(sound.program, test, engines, noCaptures);
        expect(result.outcome, renderTest(sound.program, result, terminal)).toBe('passed');
        for (const { expect: expected } of test.cases) verdicts.add(expected.verdict);
      }
      // Both sides: what is stopped, and what is not. One example only looks.
      expect([...verdicts].sort()).toEqual(path.basename(file) === 'odd-packets.rules' ? ['pass'] : ['drop', 'pass']);
    });

    it('has a test for every rule', async () => {
      const { sound, tests } = await examine(await readSources(file, []), null);
      const cases = tests.flatMap((test) => test.cases);
      const interpret = createInterpreter(sound?.program ?? (undefined as never));
      const matched = new Set(cases.flatMap((one) => (one.kind === 'packet' ? interpret(one.frame, one.about).rules : [])));
      // What sets lead to has rules that nobody wrote, behind all others; a test would have to fill a set of 65,536.
      const written = sound?.program.rules.filter(({ condition }) => condition.kind !== 'or' || condition.of.length > 0);
      const missing = written?.filter(({ index }) => !matched.has(index)).map(({ name }) => name);
      expect(missing).toEqual([]);
    });
  });
});
