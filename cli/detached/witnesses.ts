/** Packets for which other rules decide otherwise: made for the changed rules and for the edges of what they ask, and tried in the kernel. */
import type { Expression } from '../../compiler/2-resolve/program.ts';
import type { TestPacket } from '../../compiler/rule-tests/test-packet.ts';
import type { Manifest } from '../../runtime/abi/manifest.ts';
import type { LoadedProgram } from '../../runtime/load.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';
import { type Random, seededRandom } from '../bench/seeded-random.ts';
import { wishedPacket } from '../bench/wished-frame.ts';
import { noWishes, type Wishes, wishFor } from '../bench/wishes.ts';
import { packetText } from './packet-text.ts';
import type { OtherMeaning } from './rule-changes.ts';

export interface Judged {
  readonly verdict: string;
  /** The rule that gave the verdict; null: the default. */
  readonly rule: string | null;
}

export interface Witness {
  readonly packet: TestPacket;
  readonly frame: Uint8Array;
  readonly before: Judged;
  readonly now: Judged;
}

export interface Witnesses {
  /** One or two of each kind: the same verdicts by the same rules. Those with another verdict first. */
  readonly found: readonly Witness[];
  /** How many packets were judged. */
  readonly tried: number;
  /** How many of them get another verdict. */
  readonly others: number;
}

const SEED = 6;
/** Of many changed rules so many are looked at, in even steps. */
const RULES_MAX = 200;
const TRIES = 24;
/** Of so many tries one is for a packet beside what the rule asks. */
const BESIDE = 3;
const FOUND_MAX = 8;
const ALIKE_MAX = 2;
/** Of so many of one kind the simplest are shown. */
const COMPARED_MAX = 12;
/** Nobody reads a longer packet, and the kernel takes none above a page. */
const FRAME_BYTES_MAX = 1600;

/** @param iface on which the packets are to arrive; null: no rule asks */
export function findWitnesses(
  before: LoadedProgram,
  now: LoadedProgram,
  meanings: readonly OtherMeaning[],
  iface: string | null,
): Witnesses {
  const random = seededRandom(SEED);
  const judges = [judgeOf(before), judgeOf(now)] as const;
  const kinds = new Map<string, Witness[]>();
  const seen = new Set<string>();
  let others = 0;
  for (const wanted of inSteps(meanings.flatMap((meaning) => [meaning.now, meaning.before]).filter((one) => one !== null))) {
    for (let tries = 0; tries < TRIES; tries++) {
      const made = packetFor(wanted, random, iface);
      if (made === null || made.frame.length > FRAME_BYTES_MAX) continue;
      const key = Buffer.from(made.frame).toString('latin1');
      if (seen.has(key)) continue;
      const [was, is] = [judges[0](made.frame, iface), judges[1](made.frame, iface)];
      if (was === null || is === null) continue;
      seen.add(key);
      if (was.verdict !== is.verdict) others++;
      if (was.verdict === is.verdict && was.rule === is.rule) continue;
      const kind = JSON.stringify([was, is]);
      const alike = kinds.get(kind) ?? [];
      kinds.set(kind, alike);
      if (alike.length < COMPARED_MAX) alike.push({ ...made, before: was, now: is });
    }
  }
  return { found: chosen([...kinds.values()]), tried: seen.size, others };
}

/** The first of each kind before the second of any. */
function chosen(kinds: readonly (readonly Witness[])[]): readonly Witness[] {
  const weight = ([first]: readonly Witness[]) => (first?.before.verdict === first?.now.verdict ? 1 : 0);
  const simplest = (alike: readonly Witness[]) => {
    const said = alike.map((witness) => ({ witness, length: packetText(witness.packet).length }));
    return said
      .sort((a, b) => a.length - b.length)
      .slice(0, ALIKE_MAX)
      .map(({ witness }) => witness);
  };
  const sorted = kinds.map(simplest).sort((a, b) => weight(a) - weight(b));
  const rounds = Array.from({ length: ALIKE_MAX }, (_, round) => sorted.flatMap((alike) => alike[round] ?? []));
  const found = new Set(rounds.flat().slice(0, FOUND_MAX));
  return sorted.flat().filter((witness) => found.has(witness));
}

function inSteps<T>(all: readonly T[]): readonly T[] {
  const count = Math.min(all.length, RULES_MAX);
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)] as T);
}

function packetFor(condition: Expression, random: Random, iface: string | null) {
  const wishes = noWishes();
  wishFor(condition, false, wishes, random);
  if (random(BESIDE) === 0) moveBeside(wishes, random);
  return wishedPacket(wishes, random, iface);
}

/** One number of it becomes its neighbour. */
function moveBeside(wishes: Wishes, random: Random): void {
  const step = random(2) === 0 ? -1 : 1;
  const places = [...wishes.numbers.keys(), ...wishes.v4.keys(), ...wishes.v6.keys()];
  const place = places[random(places.length)];
  if (place === undefined) return;
  const number = wishes.numbers.get(place) ?? wishes.v4.get(place);
  const wide = wishes.v6.get(place);
  if (number !== undefined) (wishes.numbers.has(place) ? wishes.numbers : wishes.v4).set(place, Math.max(0, number + step));
  else if (wide !== undefined) wishes.v6.set(place, wide === 0n ? 1n : wide + BigInt(step));
}

type Judge = (frame: Uint8Array, iface: string | null) => Judged | null;

/** null: the kernel does not take this frame. Every rule that matches counts; the last one of them gave the verdict, if it has one. */
function judgeOf(loaded: LoadedProgram): Judge {
  const matched = loaded.watchCounters();
  const { rules, default_verdict }: Manifest = loaded.manifest;
  return (frame, iface) => {
    try {
      loaded.testRun(frame, { iface });
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'PKT6009') return null;
      throw error;
    }
    const last = rules[matched().at(-1) ?? -1];
    return last?.verdict ? { verdict: last.verdict, rule: last.name } : { verdict: default_verdict, rule: null };
  };
}
