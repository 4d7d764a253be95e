/** One random rule file and its packets through two engines. */
import type { Program } from '../../compiler/2-resolve/program.ts';
import { hex } from '../packets/build-packet.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { hintsOf } from '../packets/hints.ts';
import { createRandom, seedOf } from '../packets/random.ts';
import { type Answer, type Decider, type Engine, interpreterEngine } from './engine.ts';
import { generateRuleFile } from './generate-rules.ts';
import { analyse, programOf } from './program-of.ts';
import { printRuleFile, type RuleFile } from './rule-file.ts';
import { type Failure, shrink } from './shrink.ts';

export interface FileResult {
  readonly file: RuleFile;
  readonly packets: number;
  /** Matches of a rule, over all packets: a file that never matches compares little. */
  readonly matches: number;
  /** null: the engines agree. */
  readonly failure: string | null;
}

export interface RunOptions {
  readonly seed: number;
  readonly packets: number;
  readonly engine: Engine;
}

export async function compareFile(part: number, { seed, packets, engine }: RunOptions): Promise<FileResult> {
  const random = createRandom(seedOf(seed, part));
  const file = generateRuleFile(random);
  const text = printRuleFile(file);
  const program = programOf(text);
  const hints = hintsOf(program);
  using expected = await interpreterEngine(program, text);
  const started = await start(engine, program, text);
  if (started instanceof Error) {
    return {
      file,
      packets: 0,
      matches: 0,
      failure: await explain({ file, packet: new Uint8Array(14) }, engine, placeOf(seed, part)),
    };
  }
  using actual = started;
  let matches = 0;
  for (let at = 0; at < packets; at++) {
    const packet = generatePacket(random, { hints, minLength: 14 });
    const ours = expected.decide(packet);
    matches += ours.rules.length;
    if (!same(ours, actual.decide(packet))) {
      const failure = await explain({ file, packet }, engine, `${placeOf(seed, part)}, packet ${at}`);
      return { file, packets: at + 1, matches, failure };
    }
  }
  return { file, packets, matches, failure: differingTotals(program, expected, actual, text) };
}

const placeOf = (seed: number, part: number): string => `PKTC_SEED=${seed}, file ${part}`;

/** An engine that refuses the program fails the comparison, and is made small like any failure. */
async function start(engine: Engine, program: Program, text: string): Promise<Decider | Error> {
  try {
    return await engine(program, text);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

export function same(one: Answer, other: Answer): boolean {
  return one.verdict === other.verdict && one.rules.join() === other.rules.join();
}

function differingTotals(program: Program, expected: Decider, actual: Decider, text: string): string | null {
  const counted = actual.totals();
  const ours = JSON.stringify(expected.totals());
  const theirs = JSON.stringify(counted);
  const names = [...program.rules.map((rule) => rule.name), 'default'].join(', ');
  return counted === null || ours === theirs ? null : `the counters differ (${names}):\n${ours}\n${theirs}\n${text}`;
}

/** The failure made small, as a rule file and a packet that can be tried by hand. */
async function explain(failure: Failure, engine: Engine, place: string): Promise<string> {
  const refused = (await start(engine, programOf(printRuleFile(failure.file)), printRuleFile(failure.file))) instanceof Error;
  const small = await shrink(failure, (text, packets) => differs(text, packets, engine, refused));
  const text = printRuleFile(small.file);
  const [ours, theirs] = await Promise.all([interpreterEngine, engine].map((one) => answerOf(one, text, small.packet)));
  return [
    `${place}: ${refused ? 'the engine refuses the program' : 'the interpreter and the engine differ'}, shrunk to this rule file`,
    text.trimEnd(),
    `and this packet of ${small.packet.length} bytes`,
    hex(small.packet),
    `interpreter: ${shown(ours)}`,
    `engine:      ${shown(theirs)}`,
  ].join('\n');
}

const shown = (answer: Answer | string | undefined): string => (typeof answer === 'string' ? answer : JSON.stringify(answer));

async function answerOf(engine: Engine, text: string, packet: Uint8Array): Promise<Answer | string> {
  const started = await start(engine, programOf(text), text);
  if (started instanceof Error) {
    return started.message;
  }
  using decider = started;
  const { verdict, rules } = decider.decide(packet);
  return { verdict, rules };
}

/** A refused program shrinks to a refused program, two answers to two answers. */
async function differs(
  text: string,
  packets: readonly Uint8Array[],
  engine: Engine,
  refused: boolean,
): Promise<readonly boolean[]> {
  const { program, diagnostics } = analyse(text);
  if (diagnostics.some((one) => one.severity === 'error')) {
    return packets.map(() => false);
  }
  using expected = await interpreterEngine(program, text);
  const started = await start(engine, program, text);
  if (started instanceof Error) {
    return packets.map(() => refused);
  }
  using actual = started;
  return packets.map((packet) => !refused && !same(expected.decide(packet), actual.decide(packet)));
}
