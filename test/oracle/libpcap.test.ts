import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCapture } from '../../runtime/capture/read-capture.ts';
import { writePcap } from '../../runtime/capture/write-capture.ts';
import { programOf } from '../differential/program-of.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { hintsOf } from '../packets/hints.ts';
import { createRandom, seedOf } from '../packets/random.ts';
import { type Comparison, compareWithLibpcap } from './compare.ts';
import { CONTESTED } from './contested.ts';
import { DIFFERENCES, TAGS_DIFFERENCE } from './differences.ts';
import { EQUIVALENTS } from './expressions.ts';
import { openLibpcap } from './libpcap.ts';

const SEED = 20_240_601;
const FRAMES_PER_EQUIVALENT = 600;

const libpcap = openLibpcap();
if (libpcap === null) {
  console.warn('skipped: the comparison with libpcap, because libpcap.so.0.8 (Debian package libpcap0.8) is not installed');
}

/** Frames biased towards each condition in turn, written as a capture and read back. */
function madeCapture(): readonly Uint8Array[] {
  const frames = EQUIVALENTS.flatMap(({ condition }, part) => {
    const random = createRandom(seedOf(SEED, part));
    const hints = hintsOf(programOf(`match ${condition} -> count`));
    return Array.from({ length: FRAMES_PER_EQUIVALENT }, () => generatePacket(random, { hints }));
  });
  const capture = writePcap(frames.map((data, at) => ({ time_ns: BigInt(at) * 1_000_000n, data })));
  return readCapture(capture).frames.map((frame) => frame.data);
}

const unexplainedIn = (comparisons: readonly Comparison[]): unknown =>
  comparisons
    .filter((one) => one.unexplained.length > 0)
    .map((one) => ({ ...one, unexplained: one.unexplained.slice(0, 3), count: one.unexplained.length }));

function report(comparisons: readonly Comparison[]): void {
  const classes = new Map<string, number>();
  for (const [name, count] of comparisons.flatMap((one) => [...one.explained])) {
    classes.set(name, (classes.get(name) ?? 0) + count);
  }
  const agreed = comparisons.reduce((sum, one) => sum + one.both + one.neither, 0);
  const rows = [...classes].map(([name, count]) => `${count} ${name}`);
  console.info(`libpcap: ${comparisons.length} conditions, ${agreed} decisions agreed; explained: ${rows.join(', ')}`);
}

describe.skipIf(libpcap === null)('pktc and libpcap', () => {
  if (libpcap === null) {
    return;
  }

  test('agree on every packet of a made capture, or differ for a listed reason', () => {
    const comparisons = compareWithLibpcap(libpcap, EQUIVALENTS, madeCapture());
    report(comparisons);
    expect(unexplainedIn(comparisons)).toEqual([]);
    // A condition that never holds, or always, would compare nothing.
    for (const { condition, both, neither } of comparisons.slice(1)) {
      expect(both, `${condition}: both match`).toBeGreaterThanOrEqual(5);
      expect(neither, `${condition}: neither matches`).toBeGreaterThanOrEqual(5);
    }
    const seen = new Set(comparisons.flatMap((one) => [...one.explained.keys()]));
    expect([...seen].sort()).toEqual([TAGS_DIFFERENCE, ...DIFFERENCES.map((one) => one.name)].sort());
  });

  test('agree over real captures', () => {
    const corpus = path.resolve(import.meta.dirname, '../../../shared/corpus/open.pcap');
    if (!existsSync(corpus)) {
      console.warn(`skipped: the comparison over real captures, because ${corpus} is not there`);
      return;
    }
    const { frames } = readCapture(readFileSync(corpus));
    const comparisons = compareWithLibpcap(
      libpcap,
      EQUIVALENTS,
      frames.map((frame) => frame.data),
    );
    report(comparisons);
    expect(unexplainedIn(comparisons)).toEqual([]);
  });

  test('would differ if one of them were wrong', () => {
    const wrong = [
      { condition: 'tcp dport 80', expression: 'tcp dst port 81' },
      { condition: 'flags SYN', expression: 'tcp[13] & 1 != 0' },
      { condition: 'src 10.0.0.0/8', expression: 'ip src net 10.0.0.0/9' },
    ];
    for (const { condition, unexplained } of compareWithLibpcap(libpcap, wrong, madeCapture())) {
      expect(unexplained.length, condition).toBeGreaterThan(0);
    }
  });

  test('every difference has its section in docs/differences.md', () => {
    const text = readFileSync(path.resolve(import.meta.dirname, '../../docs/differences.md'), 'utf8');
    const headings = [...text.matchAll(/^### (.*)$/gm)].map((match) => match[1]);
    const names = [TAGS_DIFFERENCE, ...DIFFERENCES.map((one) => one.name), ...CONTESTED.map((one) => one.name)];
    expect(headings.toSorted()).toEqual([...new Set(names)].toSorted());
  });
});
