/** The corpus of real frames, and what three engines agree about them, against `pktc replay` as people run it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { pktc } from '../cli/pktc.ts';
import { CORPUS_RULES } from './corpus-rules.ts';

export interface Answers {
  readonly packets: number;
  readonly rules: Readonly<Record<string, { readonly words: string; readonly yes: string; readonly contested: string }>>;
}

/** Beside the repository on some machines, and no part of it. */
export const CORPUS = path.resolve(import.meta.dirname, '../../../shared/corpus');
export const CAPTURE = path.join(CORPUS, 'open.pcap');

/** null: the corpus is not there. */
export function readAnswers(): Answers | null {
  const file = path.join(CORPUS, 'open.answers.json.gz');
  if (!existsSync(file)) return null;
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as Answers;
}

export const bitAt = (bitmap: Uint8Array, at: number): boolean => (((bitmap[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;

export interface Comparison {
  /** Decisions on which the three engines agree. */
  readonly agreed: number;
  /** By rule: how many of them are not pktc's, and the first frame. */
  readonly differing: Readonly<Record<string, { readonly frames: number; readonly first: number }>>;
}

/** @param matched the rules of `CORPUS_RULES` that each frame matched, by place */
export function compareWithAnswers(answers: Answers, matched: readonly ReadonlySet<number>[]): Comparison {
  const differing: Record<string, { frames: number; first: number }> = {};
  let agreed = 0;
  for (const [index, id] of Object.keys(CORPUS_RULES).entries()) {
    const answer = answers.rules[id];
    const yes = Buffer.from(answer?.yes ?? '', 'base64');
    const contested = Buffer.from(answer?.contested ?? '', 'base64');
    for (const [at, rules] of matched.entries()) {
      if (bitAt(contested, at)) continue;
      agreed++;
      if (rules.has(index) === bitAt(yes, at)) continue;
      differing[id] ??= { frames: 0, first: at + 1 };
      differing[id].frames++;
    }
  }
  return { agreed, differing };
}

/** Runs the command over the whole capture. @param folder where the rule file goes */
export async function replayCorpus(engine: 'interpreter' | 'kernel', folder: string): Promise<readonly ReadonlySet<number>[]> {
  const rules = Object.values(CORPUS_RULES);
  const file = path.join(folder, `corpus-${engine}.rules`);
  writeFileSync(file, rules.map((condition, index) => `rule_${index}: match ${condition} -> count\n`).join(''));
  const { code, stdout, stderr } = await pktc(['replay', file, CAPTURE, '--engine', engine, '--json']);
  if (code !== 0) throw new Error(`pktc replay ended with ${code}: ${stderr}`);
  const lines = stdout.trimEnd().split('\n').slice(0, -1);
  return lines.map((line) => {
    const { rules: names } = JSON.parse(line) as { rules: readonly string[] };
    return new Set(names.map((name) => Number(name.slice('rule_'.length))));
  });
}
