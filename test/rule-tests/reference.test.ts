/** What the documentation says of tests: every setting is in it, and the tests that it shows pass. */
import { describe, expect, it } from 'vitest';
import { isExpected } from '../../cli/test/test-result.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { SETTINGS } from '../../compiler/rule-tests/settings.ts';
import { PROTOCOLS } from '../../compiler/rule-tests/test-packet.ts';
import { TIMING_WORDS } from '../../compiler/rule-tests/timing.ts';
import { codeBlocks, codeSpans, tableRows } from '../docs/code-blocks.ts';
import { resolvedTests } from './resolved-tests.ts';

const PAGE = 'docs/source/language.md';

describe('the language reference', () => {
  it('lists every setting of a test packet, and no other', () => {
    const listed = tableRows(PAGE, 'setting').flatMap(([names]) => codeSpans(names ?? ''));
    expect(listed.toSorted()).toEqual([...Object.keys(SETTINGS), ...TIMING_WORDS].toSorted());
  });

  it('says which packets have a setting', () => {
    for (const [names, where] of tableRows(PAGE, 'setting')) {
      const words = codeSpans(where ?? '').toSorted();
      const own = SETTINGS[codeSpans(names ?? '')[0] ?? '']?.of.toSorted();
      const said = /^all but/.test(where ?? '') ? PROTOCOLS.filter((word) => !words.includes(word)).toSorted() : words;

      if (/^`|^all but/.test(where ?? '')) expect(own, names).toEqual(said);
    }
  });

  it('lists every word that a packet begins with', () => {
    const listed = tableRows(PAGE, 'word').flatMap(([words]) => codeSpans(words ?? ''));
    expect(listed).toEqual([...PROTOCOLS]);
  });
});

describe('tests that the documentation shows', () => {
  const blocks = [PAGE, 'README.md'].flatMap(codeBlocks).filter(({ text }) => /^test "/m.test(text));

  it('are there', () => expect(blocks.length).toBeGreaterThan(2));

  it.each(blocks)('$file:$line pass', ({ text }) => {
    const { program, tests, diagnostics } = resolvedTests(text);
    expect(diagnostics).toEqual([]);
    const decide = createInterpreter(program);
    for (const item of tests.flatMap((test) => test.cases)) {
      if (item.kind !== 'packet') continue;
      const written = text.slice(item.span.start, item.expect.span.end);
      expect(isExpected(program, item.expect, decide(item.frame, item.about)), written).toBe(true);
    }
  });
});
