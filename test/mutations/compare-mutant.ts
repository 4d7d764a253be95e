/** Plants a bug in the C headers and compares the programs made with them with the interpreter. */
import { readTemplates } from '../../compiler/6-build/templates.ts';
import { generateAbout, limitOf, same } from '../differential/compare-engines.ts';
import { interpreterEngine } from '../differential/engine.ts';
import { generateRuleFile } from '../differential/generate-rules.ts';
import { kernelEngine, type Way } from '../differential/kernel-engine.ts';
import { programOf } from '../differential/program-of.ts';
import { printRuleFile } from '../differential/rule-file.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { hintsOf } from '../packets/hints.ts';
import { createRandom, seedOf } from '../packets/random.ts';
import { OBJECTS } from './object-folder.ts';
import { type Change, changed } from './run-mutant.ts';

const HEADERS = 'templates/include/';
const SEED = 20_261_121;
const PACKETS = 200;

/**
 * The first of so many random rule files whose program decides otherwise than the interpreter, from 0; null: none.
 * @param change null: the headers as they are
 * @param way how the programs try their rules
 * @throws Error when clang or the verifier refuses a program: that would be no mistake in what a program means.
 */
export async function firstDifference(change: Change | null, files: number, way: Way = 'planned'): Promise<number | null> {
  const templates = readTemplates();
  const headers = templates.headers.map(({ path, text }) => ({
    path,
    text: change !== null && `${HEADERS}${path}` === change.file ? changed(text, change) : text,
  }));
  if (change !== null && !headers.some(({ path }) => `${HEADERS}${path}` === change.file)) throw new Error(`no ${change.file}`);
  const engine = kernelEngine({ ...templates, headers }, way, process.env[OBJECTS]);
  for (let part = 0; part < files; part++) {
    const random = createRandom(seedOf(SEED, part));
    const text = printRuleFile(generateRuleFile(random));
    if (change?.shownBy?.test(text) === false || limitOf(text) !== null) continue;
    const program = programOf(text);
    const hints = hintsOf(program);
    using expected = await interpreterEngine(program, text);
    using actual = await engine(program, text);
    for (let packet = 0; packet < PACKETS; packet++) {
      const frame = generatePacket(random, { hints, minLength: 14 });
      const about = generateAbout(random, program, hints);
      const theirs = actual.decide(frame, about);
      const ours = theirs === null ? null : expected.decide(frame, about);
      if (ours !== null && theirs !== null && !same(ours, theirs)) return part;
    }
  }
  return null;
}
