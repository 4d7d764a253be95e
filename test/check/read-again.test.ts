/** A file that was analysed before and has changed is analysed to what it says now, whatever was taken over. `PKTC_SEED` sets the seed. */
import { describe, expect, it } from 'vitest';
import { createReadingMemo, readWith } from '../../compiler/1-parse/read-again.ts';
import { type Reading, recognise } from '../../compiler/1-parse/recognise.ts';
import { resolve } from '../../compiler/2-resolve/resolve.ts';
import { plainRule } from '../../compiler/2-resolve/row-rule.ts';
import type { SourceFile } from '../../grammar/source.ts';
import { type Random, randomFrom } from '../grammar/random-text.ts';

const SEED = Number(process.env.PKTC_SEED ?? 1);
const EDITS = 60;

function meaning(reading: Reading, source: SourceFile) {
  const { value, diagnostics } = resolve(reading, source, { hook: null });
  return { rules: value.rules.map(plainRule), diagnostics: [...reading.diagnostics, ...diagnostics] };
}

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T;

const rule = (random: Random): string =>
  pick(random, [
    `match src 10.${random(256)}.${random(256)}.0/24 tcp dport ${random(65_536)} -> drop`,
    `match dst 10.0.${random(256)}.${random(256)} udp -> count`,
    `r${random(1e6)}: match src 2001:db8:${random(9999)}::/48 -> pass`,
  ]);

/** Every kind of change: a digit, a rule more or less, half a line, something that reaches its neighbours. */
function edited(random: Random, text: string): string {
  const at = random(text.length);
  const line = text.lastIndexOf('\n', at) + 1;
  const next = text.indexOf('\n', at) + 1 || text.length;
  return pick(random, [
    () => text.slice(0, line) + rule(random) + text.slice(next - 1),
    () => `${text.slice(0, line)}${rule(random)}\n${text.slice(line)}`,
    () => text.slice(0, line) + text.slice(next),
    () => text.slice(0, at) + text.slice(Math.min(text.length, at + 1 + random(40))),
    () => `${text.slice(0, at)}${random(10)}${text.slice(at)}`,
    () =>
      `${text.slice(0, line)}${pick(random, ['x:', 'lan', 'and tcp', ', log', '# a', 'match tcp', '-> drop', 'macth tcp -> drop', 'let m = 80', 'match src lan or tcp -> drop'])}\n${text.slice(line)}`,
    () => text.slice(0, next - 1) + pick(random, [', log', ' match udp -> drop', ' x:', ' #', ' ->']) + text.slice(next - 1),
    () => text + rule(random),
    () => `# first\n${text}`,
  ])();
}

describe('a file that has changed', () => {
  it(`says what it says now, after each of ${EDITS} edits (seed ${SEED})`, { timeout: 300_000 }, () => {
    const random = randomFrom(SEED);
    const sound = `let lan = 10.0.0.0/8\n${Array.from({ length: 1500 }, () => rule(random)).join('\n')}\nmatch src lan or tcp -> drop\n`;
    let text = sound;
    let taken = 0;
    const memo = createReadingMemo();
    for (let edit = 0; edit < EDITS; edit += 1) {
      const source = { name: 'edge.rules', text };
      const before = memo.readings.get('edge.rules');
      const reading = readWith(memo, source);
      if (before && reading.rows.tree === before.rows.tree) taken += 1;
      expect(meaning(reading, source), `edit ${edit}`).toEqual(meaning(recognise(source, { shapesFrom: 0 }), source));
      // Errors would keep everything from being taken over for good.
      text = edited(random, reading.diagnostics.length > 0 ? sound : text);
    }
    expect(taken).toBeGreaterThan(EDITS / 4);
  });
});
