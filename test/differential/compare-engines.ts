/** One random rule file and its packets through two engines. */
import type { Program } from '../../compiler/2-resolve/program.ts';
import type { PacketAbout } from '../../compiler/interpret.ts';
import { hex } from '../packets/build-packet.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { type Hints, hintsOf } from '../packets/hints.ts';
import { createRandom, type Random, seedOf } from '../packets/random.ts';
import { type Answer, type Decider, type Engine, interpreterEngine } from './engine.ts';
import { generateRuleFile } from './generate-rules.ts';
import { analyse, programOf, refusal } from './program-of.ts';
import { printRuleFile, type RuleFile } from './rule-file.ts';
import { type Failure, shrink } from './shrink.ts';

export interface FileResult {
  readonly file: RuleFile;
  readonly packets: number;
  /** Of those, how many the engine took. */
  readonly taken: number;
  /** Matches of a rule, over all packets: a file that never matches compares little. */
  readonly matches: number;
  /** The limit that the compiler says such a program is beyond; null: it makes the program. */
  readonly limit: string | null;
  readonly classifier: Decider['classifier'];
  /** null: the engines agree. */
  readonly failure: string | null;
}

export interface RunOptions {
  readonly seed: number;
  readonly packets: number;
  readonly engine: Engine;
  /** Files without sets that rules fill can be made small one packet at a time. */
  readonly wish?: 'perhaps sets' | 'no sets';
}

export async function compareFile(part: number, { seed, packets, engine, wish }: RunOptions): Promise<FileResult> {
  const random = createRandom(seedOf(seed, part));
  const file = generateRuleFile(random, null, wish);
  const text = printRuleFile(file);
  const { program, limit } = madeOf(text);
  const none = { file, packets: 0, taken: 0, matches: 0, limit, classifier: null };
  if (limit !== null) return { ...none, failure: null };
  const hints = hintsOf(program);
  using expected = await interpreterEngine(program, text);
  const started = await start(engine, program, text);
  if (started instanceof Error) {
    const failure = await explain({ file, packet: new Uint8Array(14), about: {} }, engine, placeOf(seed, part));
    return { ...none, failure };
  }
  using actual = started;
  const { classifier } = actual;
  let matches = 0;
  let taken = 0;
  const sequence = program.dynamicSets === undefined ? null : createSequence(random);
  for (let at = 0; at < packets; at++) {
    const packet =
      sequence?.packet(() => generatePacket(random, { hints, minLength: 14 })) ??
      generatePacket(random, { hints, minLength: 14 });
    const about = { ...generateAbout(random, program, hints), ...sequence?.time() };
    const answers = ask(expected, actual, packet, about);
    if (answers === null) continue;
    taken++;
    matches += answers.ours.rules.length;
    if (!same(answers.ours, answers.theirs)) {
      // What only shows after other packets is told as it is.
      const { time_ns: _, ...still } = about;
      const [alone = false] = sequence === null ? [true] : await differs(text, [packet], still, engine, false);
      const failure = alone
        ? await explain({ file, packet, about: still }, engine, `${placeOf(seed, part)}, packet ${at}`)
        : `${placeOf(seed, part)}, packet ${at}: ${differing(answers)}\n${text}${hex(packet)}`;
      return { file, packets: at + 1, taken, matches, limit, classifier, failure };
    }
  }
  const failure = differingTotals(program, expected, actual, text);
  return { file, packets, taken, matches, limit, classifier, failure };
}

/** Packets that come again, as time goes by: what sets remember shows in the packets after. */
function createSequence(random: Random) {
  const before: Uint8Array[] = [];
  let time_ns = 0n;
  return {
    packet(next: () => Uint8Array): Uint8Array {
      const packet = before.length > 0 && random.chance(0.6) ? random.pick(before) : next();
      if (before.length < 24) before.push(packet);
      return packet;
    },
    time() {
      time_ns += BigInt(random.pick([0, 0, 1, 300, 1000, 4000])) * 1_000_000n;
      return { time_ns };
    },
  };
}

function differing({ ours, theirs }: { readonly ours: Answer; readonly theirs: Answer }): string {
  return `the interpreter and the engine differ\ninterpreter: ${shown(ours)}\nengine:      ${shown(theirs)}`;
}

/** What the planner says of a program that it does not make; every other error is a fault of the generator. */
export const limitOf = (text: string): string | null => madeOf(text).limit;

/** @throws Error that shows the text and what is wrong with it. */
function madeOf(text: string): { readonly program: Program; readonly limit: string | null } {
  const { program, diagnostics } = analyse(text);
  const errors = diagnostics.filter((one) => one.severity === 'error');
  const planned = errors.length > 0 && errors.every(({ code }) => code.startsWith('PKT4'));
  if (errors.length > 0 && !planned) throw new Error(refusal(text, errors));
  return { program, limit: planned ? (errors[0]?.message ?? null) : null };
}

/** What comes with a packet at the program's hook. */
export function generateAbout(random: Random, { hook }: Program, hints: Hints): PacketAbout {
  const marks = (hints.numbers.get('mark') ?? []).filter((mark) => mark < 2 ** 32);
  return {
    iface: random.chance(0.3) ? null : random.pick(['eth0', 'veth7', ...hints.interfaces]),
    mark: hook === 'xdp' ? 0 : marks.length > 0 && random.chance(0.7) ? random.pick(marks) : random.pick([0, 7]),
    ...(hook === 'tc' || hook === 'cgroup' ? { direction: random.pick(['ingress', 'egress'] as const) } : {}),
  };
}

/** null: the second engine does not take the frame, and the first one is not asked. */
function ask(expected: Decider, actual: Decider, packet: Uint8Array, about: PacketAbout) {
  const theirs = actual.decide(packet, about);
  const ours = theirs === null ? null : expected.decide(packet, about);
  return ours === null || theirs === null ? null : { ours, theirs };
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
  return one.verdict === other.verdict && one.mark === other.mark && one.rules.join() === other.rules.join();
}

function differingTotals(program: Program, expected: Decider, actual: Decider, text: string): string | null {
  const counted = actual.totals();
  const ours = JSON.stringify(expected.totals());
  const theirs = JSON.stringify(counted);
  const names = [...program.rules.map((rule) => rule.name), 'default'].join(', ');
  const [oursFull, theirsFull] = [expected, actual].map((engine) => engine.refused?.().join());
  if (theirsFull !== undefined && oursFull !== theirsFull) {
    return `sets were full at other times (${oursFull} and ${theirsFull}):\n${text}`;
  }
  return counted === null || ours === theirs ? null : `the counters differ (${names}):\n${ours}\n${theirs}\n${text}`;
}

/** The failure made small, as a rule file and a packet that can be tried by hand. */
async function explain(failure: Failure, engine: Engine, place: string): Promise<string> {
  const refused = (await start(engine, programOf(printRuleFile(failure.file)), printRuleFile(failure.file))) instanceof Error;
  const small = await shrink(failure, (text, packets) => differs(text, packets, failure.about, engine, refused));
  const text = printRuleFile(small.file);
  const [ours, theirs] = await Promise.all([interpreterEngine, engine].map((one) => answerOf(one, text, small)));
  return [
    `${place}: ${refused ? 'the engine refuses the program' : 'the interpreter and the engine differ'}, shrunk to this rule file`,
    text.trimEnd(),
    `and this packet of ${small.packet.length} bytes, with ${JSON.stringify(failure.about)}`,
    hex(small.packet),
    `interpreter: ${shown(ours)}`,
    `engine:      ${shown(theirs)}`,
  ].join('\n');
}

const shown = (answer: Answer | string | undefined): string => (typeof answer === 'string' ? answer : JSON.stringify(answer));

async function answerOf(engine: Engine, text: string, { packet, about }: Failure): Promise<Answer | string> {
  const started = await start(engine, programOf(text), text);
  if (started instanceof Error) {
    return started.message;
  }
  using decider = started;
  const answer = decider.decide(packet, about);
  return answer === null ? 'does not take this packet' : { verdict: answer.verdict, rules: answer.rules, mark: answer.mark };
}

/** A refused program shrinks to a refused program, two answers to two answers. */
async function differs(
  text: string,
  packets: readonly Uint8Array[],
  about: PacketAbout,
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
  return packets.map((packet) => {
    const answers = refused ? null : ask(expected, actual, packet, about);
    return answers !== null && !same(answers.ours, answers.theirs);
  });
}
