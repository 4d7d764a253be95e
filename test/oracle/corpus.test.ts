/**
 * Real frames on which libpcap, tshark and nftables agree. The corpus lies beside the repository on some machines; it is not part of it.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createInterpreter } from '../../compiler/interpret.ts';
import { LATER_FIELDS } from '../../grammar/fields/later.ts';
import { readCapture } from '../../runtime/capture/read-capture.ts';
import { programOf } from '../differential/program-of.ts';
import { CORPUS_RULES, EXCEPTIONS } from './corpus-rules.ts';

interface Answers {
  readonly packets: number;
  readonly rules: Readonly<Record<string, { readonly words: string; readonly yes: string; readonly contested: string }>>;
}

const directory = path.resolve(import.meta.dirname, '../../../shared/corpus');
const present = existsSync(path.join(directory, 'open.answers.json.gz'));
if (!present) {
  console.warn(`skipped: the comparison with three engines over real captures, because ${directory} is not there`);
}

const bitAt = (bitmap: Uint8Array, at: number): boolean => (((bitmap[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;

/** Rules whose condition can be written today, as one program. */
function expressible(): { id: string; condition: string }[] {
  return Object.entries(CORPUS_RULES).flatMap(([id, rule]) => ('condition' in rule ? [{ id, condition: rule.condition }] : []));
}

describe('agreed decisions of libpcap, tshark and nftables', () => {
  if (!present) {
    // Not a skip: a machine without the corpus lacks nothing that the project can install.
    test('are not looked at, for the corpus is not there', () => expect(existsSync(directory)).toBe(false));
    return;
  }
  const answers = JSON.parse(
    gunzipSync(readFileSync(path.join(directory, 'open.answers.json.gz'))).toString('utf8'),
  ) as Answers;
  const { frames, damage } = readCapture(readFileSync(path.join(directory, 'open.pcap')));

  test('the capture is the one that the answers are about', () => {
    expect(damage).toBeNull();
    expect(frames).toHaveLength(answers.packets);
    expect(Object.keys(CORPUS_RULES)).toEqual(Object.keys(answers.rules));
  });

  test('are those of pktc', () => {
    const rules = expressible();
    const program = programOf(rules.map(({ condition }) => `match ${condition} -> count\n`).join(''));
    const interpret = createInterpreter(program);
    const matched = frames.map((frame) => new Set(interpret(frame.data).rules));
    const differing: Record<string, { frames: number; first: number }> = {};
    let agreed = 0;
    for (const [index, { id }] of rules.entries()) {
      const { yes, contested } = answers.rules[id] ?? { yes: '', contested: '' };
      const [yesBits, contestedBits] = [yes, contested].map((text) => Buffer.from(text, 'base64')) as [Buffer, Buffer];
      for (const [at, rulesOfFrame] of matched.entries()) {
        if (bitAt(contestedBits, at)) {
          continue;
        }
        agreed++;
        if (rulesOfFrame.has(index) !== bitAt(yesBits, at)) {
          differing[id] ??= { frames: 0, first: at + 1 };
          differing[id].frames++;
        }
      }
    }
    console.info(`corpus: ${rules.length} rules, ${agreed} agreed decisions, differing: ${JSON.stringify(differing)}`);
    const counts = Object.fromEntries(Object.entries(differing).map(([id, one]) => [id, one.frames]));
    expect(counts).toEqual(Object.fromEntries(Object.entries(EXCEPTIONS).map(([id, one]) => [id, one.frames])));
  });
});

test('what cannot be written yet waits for a field that is announced', () => {
  const later = Object.values(CORPUS_RULES).flatMap((rule) => ('later' in rule ? [rule.later] : []));
  expect(later.filter((name) => !(name in LATER_FIELDS) && name !== 'an address under a mask')).toEqual([]);
  expect(expressible().length).toBeGreaterThanOrEqual(88);
});
