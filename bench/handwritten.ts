/**
 * Programs of few rules beside hand-written C of the same meaning, in nanoseconds a packet:
 *
 *     sudo npm run bench:small [-- ROUNDS]
 *
 * Floor A copies the packet and drops it, floor B reads its headers first. Cold: 8,192 different packets in turn; hot: each
 * over and over. Each number is the median of the rounds, each round that of its passes; the rounds of all programs alternate.
 */
import { findClang } from '../compiler/6-build/find-clang.ts';
import { compile } from '../compiler/index.ts';
import { loadArtifact } from '../runtime/load.ts';
import { loadObject } from './handwritten/kernel-program.ts';
import { type Heat, type Measured, measured, median, XDP_HAS_FRAGS } from './handwritten/measure.ts';
import { compileHere, HANDWRITTEN, rulesOf } from './handwritten/programs.ts';
import { traceFor } from './handwritten/trace.ts';

const ROUNDS = Number(process.argv[2] ?? 15);
const PASSES = 40;
const SEED = 20_261_121;
const HEATS: readonly Heat[] = ['cold', 'hot'];

async function main(): Promise<void> {
  const clang = await findClang();
  if (!clang.found) throw new Error('clang is not installed');
  const driver = compileHere('driver', clang.path);
  console.log('| rules | trace | floor A | floor B | by hand | pktc | pktc / by hand |');
  console.log('|---|---|---|---|---|---|---|');
  for (const name of HANDWRITTEN) {
    const { artifact, program } = await compile({ name: `${name}.rules`, text: rulesOf(name) }, { hook: 'xdp' });
    if (artifact === null) throw new Error(`${name}.rules does not compile`);
    using loaded = loadArtifact(artifact);
    const byHand = loadObject(compileHere(name, clang.path));
    const trace = traceFor(program, SEED);
    const compared = [
      measured(driver, 'floor_a', 0, trace),
      measured(driver, 'floor_b', 0, trace),
      measured(driver, byHand.program('handwritten'), 0, trace),
      measured(driver, loaded.programs[0]?.fd ?? -1, XDP_HAS_FRAGS, trace),
    ];
    for (const heat of HEATS) print(`${name}, ${program.rules.length} rules`, heat, roundsOf(compared, heat));
    for (const one of compared) one.close();
    byHand.close();
  }
}

/** The rounds of each program. */
function roundsOf(compared: readonly Measured[], heat: Heat): readonly (readonly number[])[] {
  const rounds = Array.from({ length: ROUNDS }, () => compared.map((one) => median(one.run(heat, PASSES))));
  return compared.map((_, at) => rounds.map((round) => round[at] ?? Number.NaN));
}

function print(name: string, heat: Heat, rounds: readonly (readonly number[])[]): void {
  const shown = rounds.map((values) => `${median(values).toFixed(1)} (${quartile(values, 1)} – ${quartile(values, 3)})`);
  const [byHand = [], pktc = []] = rounds.slice(-2);
  const ratios = pktc.map((value, at) => value / (byHand[at] ?? Number.NaN));
  console.log(`| ${name} | ${heat} | ${shown.join(' | ')} | **${median(ratios).toFixed(2)}** |`);
}

function quartile(values: readonly number[], which: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length * which) / 4)] ?? Number.NaN).toFixed(1);
}

await main();
