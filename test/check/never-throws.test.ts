/** Whatever the text: the three phases, the renderer and the JSON form come back. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { diagnosticToJson } from '../../compiler/diagnostics/json.ts';
import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { createRandom, type Random } from '../packets/random.ts';
import { diagnose } from '../ui/diagnose.ts';

const CASES = path.join(import.meta.dirname, '../ui/cases');
const TEXTS = readdirSync(CASES)
  .filter((file) => file.endsWith('.rules'))
  .map((file) => readFileSync(path.join(CASES, file), 'utf8'));
const PIECES = [
  ...new Set(TEXTS.join(' ').split(/(\s+|[{}(),!=<>])/)),
  '\0',
  '\ud800',
  '\u202e',
  '💥',
  '__proto__',
  '9'.repeat(400),
];

function mutated(random: Random): string {
  const lines = random.pick(TEXTS).split('\n');
  const from = random.int(0, lines.length - 1);
  let text = lines.slice(from, from + random.int(1, 10)).join('\n');
  for (let left = random.int(1, 5); left > 0; left -= 1) {
    const at = random.int(0, text.length);
    text = text.slice(0, at) + (random.chance(0.7) ? random.pick(PIECES) : '') + text.slice(at + random.int(0, 8));
  }
  return text;
}

describe('mutated rule files', () => {
  it('are answered', () => {
    const random = createRandom(11);
    let said = 0;
    for (let part = 0; part < 3000; part += 1) {
      const text = mutated(random);
      const diagnostics = diagnose('fuzz.rules', text);
      said += diagnostics.length;
      expect(renderDiagnostics(diagnostics, { color: false })).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      for (const one of diagnostics) {
        const { primary } = diagnosticToJson(one);
        expect(primary?.start.byte ?? 0).toBeLessThanOrEqual(primary?.end.byte ?? 0);
      }
    }
    expect(said).toBeGreaterThan(3000);
  });
});
