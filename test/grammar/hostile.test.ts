/**
 * Whatever bytes arrive, `parse` comes back: with one diagnostic for each statement that it could not read, all places inside the text.
 * `PKTC_FUZZ_INPUTS` sets the number of random inputs (a million by default), `PKTC_SEED` the seed.
 */
import { describe, expect, it } from 'vitest';
import { parse } from '../../compiler/1-parse/parse.ts';
import { format } from '../../grammar/format.ts';
import { injured, noise, type Random, randomFrom, rubbish, statements } from './random-text.ts';
import { parseText, sourceOf } from './syntax-tree.ts';

const INPUTS = Number(process.env.PKTC_FUZZ_INPUTS ?? 1_000_000);
const SEED = Number(process.env.PKTC_SEED ?? 1);

const MEGABYTE = 1 << 20;

/** Returns what is wrong with how `parse` took the text; null: nothing. */
function complaint(text: string): string | null {
  try {
    const { value, diagnostics } = parse(sourceOf(text));
    let errors = 0;
    let end = 0;
    for (const { kind, span } of value.statements) {
      if (kind === 'error') errors++;
      if (span.start < end || span.end <= span.start || span.end > text.length) return `statement at ${span.start}-${span.end}`;
      end = span.end;
    }
    if (errors !== diagnostics.length) return `${errors} errors, ${diagnostics.length} diagnostics`;
    for (const { primary, fixes } of diagnostics) {
      const spans = [primary?.span, ...fixes.flatMap((fix) => fix.edits.map((edit) => edit.span))];
      if (spans.some((span) => !span || span.start < 0 || span.end < span.start || span.end > text.length))
        return 'a place outside the text';
    }
    return null;
  } catch (error) {
    return `threw ${error instanceof Error ? error.stack : String(error)}`;
  }
}

const SHAPES: readonly ((random: Random) => string)[] = [
  rubbish,
  noise,
  (random) => injured(random, statements(random, 1)),
  (random) => injured(random, injured(random, injured(random, statements(random, 1)))),
  (random) => `${statements(random, 1)}${rubbish(random)}`,
];

describe('hostile input', () => {
  it(`${INPUTS} random and mutated texts (seed ${SEED})`, { timeout: 600_000 }, () => {
    const random = randomFrom(SEED);
    for (let run = 0; run < INPUTS; run++) {
      const text = (SHAPES[run % SHAPES.length] as (random: Random) => string)(random);
      const wrong = complaint(text);
      if (wrong !== null) expect.fail(`input ${run}, ${JSON.stringify(text)}: ${wrong}`);
    }
  });

  const UNITS: readonly string[] = [
    ...[
      'a ',
      '1 ',
      'a.',
      '1.',
      '10.0.0.',
      ':',
      'aa:',
      '"',
      '\\',
      '"\\',
      '\0',
      '\ud800',
      '\udc00',
      'é',
      '\u2028',
      '(',
      '{',
      '[',
      '}',
      '->',
    ],
    ...[
      'match ',
      'let ',
      'a: ',
      'a : match ',
      'x:match ',
      'test "x" { ',
      'not ',
      'tcp ',
      'tcp or ',
      'tcp udp or ',
      'dport 22, ',
    ],
    ...['-> a ', '\nfoo -> b ', '\nmacth ', 'match a -> b\n-> c\n', '#', '# c\n', '"a" ', 'not in ', '{ 80, ', "' ", '; '],
  ];
  for (const before of ['', 'match ', 'match tcp -> ', 'let x = { ', 'test "x" { ']) {
    it(`the same thing over and over behind \`${before}\``, { timeout: 300_000 }, () => {
      for (const unit of UNITS) {
        const length = before !== '' ? MEGABYTE / 16 : unit.length === 1 ? MEGABYTE : MEGABYTE / 4;
        expect(complaint(before + unit.repeat(length / unit.length)), JSON.stringify(unit)).toBeNull();
      }
    });
  }

  it('a megabyte in one line that means something', () => {
    const long = (unit: string): string => unit.repeat(Math.ceil(MEGABYTE / unit.length));
    for (const text of [
      `let x = { ${long('10.0.0.1, ')} }`,
      `match ${long('tcp dport 22 ')} -> drop`,
      `match ${long('dport 22 or ')} tcp -> drop`,
      `match tcp -> ${long('drop, ')} log`,
      `match http.path = "${long('a')}" -> drop`,
      `# ${long('a')}`,
    ]) {
      const source = sourceOf(text);
      const { value, diagnostics } = parse(source);
      expect(diagnostics).toEqual([]);
      expect(format(value, source).length).toBeGreaterThan(MEGABYTE / 2);
    }
  });

  it('20,000 broken items in one statement', () => {
    expect(parseText(`test "x" { ${'; packet tcp expect pass '.repeat(20_000)}}`).diagnostics).toHaveLength(1);
  });
});

describe('nesting', () => {
  const SHELLS: readonly (readonly [open: string, close: string])[] = [
    ['(', ')'],
    ['not ', ''],
    ['not (', ')'],
    ['inner(', ')'],
    ['tcp (', ')'],
  ];
  for (const [open, close] of SHELLS) {
    it(`of \`${open}\` 10,000 deep is refused, and read up to 100 deep`, () => {
      const nested = (depth: number): string =>
        `match ${open.repeat(depth)}any${close.repeat(depth)} -> drop\nb: match arp -> pass`;
      const levels = open === 'not (' ? 2 : 1;
      const deepest = parseText(nested(100 / levels));
      expect(deepest.diagnostics).toEqual([]);
      const source = sourceOf(nested(100 / levels));
      expect(parse(sourceOf(format(deepest.value, source))).diagnostics).toEqual([]);
      for (const depth of [100 / levels + 1, 10_000]) {
        const { value, diagnostics } = parseText(nested(depth));
        expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
          ['PKT1013', 'brackets and `not` nest deeper than 100 levels'],
        ]);
        expect(value.statements.map(({ kind }) => kind)).toEqual(['error', 'rule']);
      }
    });
  }

  it('is limited in lists, tests and actions too', () => {
    for (const text of [
      `let x = ${'{'.repeat(10_000)}`,
      `test "x" { packet udp ${'inner(udp '.repeat(10_000)}`,
      `match tcp -> a ${'['.repeat(10_000)}`,
    ]) {
      expect(parseText(text).diagnostics.map(({ code }) => code)).toEqual(['PKT1013']);
    }
  });

  it('counts only what is open', () => {
    expect(parseText(`match ${'not (tcp) '.repeat(1000)} -> drop`).diagnostics).toEqual([]);
    expect(parseText(`match ${')'.repeat(1000)} -> drop`).diagnostics.map(({ code }) => code)).toEqual(['PKT1006']);
  });
});
