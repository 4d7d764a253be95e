/** A trace for a rule file that comes without one: packets that its rules match, its last rule among them, and packets that hardly any does. */
import type { Program, Rule } from '../../compiler/2-resolve/program.ts';
import { type FieldCache, holds, openPacket } from '../../compiler/interpret/packet.ts';
import { surroundingsAt } from '../../compiler/interpret/read-field.ts';
import { EVEN_BYTES, PACKET_BYTES_MAX, TRACE_BYTES_MAX, TRACE_PACKETS_MAX } from '../../runtime/timing/driver.ts';
import { type Random, seededRandom } from './seeded-random.ts';
import { wishedFrame } from './wished-frame.ts';
import { noWishes, wishFor } from './wishes.ts';

export interface Trace {
  readonly frames: readonly Uint8Array[];
  /** Rules that were tried, and for how many of them no packet was found. */
  readonly tried: number;
  readonly unmet: number;
}

const SEED = 4;
/** Wishes contradict each other, or a rule has something that they know nothing of. */
const TRIES = 12;
/** Of 16 packets, so many are for the last rule, and so many for none. */
const LAST_OF_16 = 1;
const MISSES_OF_16 = 2;

/** @param padded whether shorter frames may be filled up, as Ethernet does, so that all have one length */
export function sampleTrace(program: Program, padded: boolean): Trace {
  const random = seededRandom(SEED);
  const fields: FieldCache = new Map();
  const surroundings = surroundingsAt(program.hook, {});
  const matches = (rule: Rule, frame: Uint8Array) => holds(rule.condition, openPacket(frame, surroundings, fields));
  const frames: Uint8Array[] = [];
  const tried = new Set<Rule>();
  const met = new Set<Rule>();
  let bytes = 0;
  for (let at = 0; at < TRACE_PACKETS_MAX && bytes < TRACE_BYTES_MAX - PACKET_BYTES_MAX; at++) {
    const rule = ruleFor(program, at, random);
    const frame = (rule && frameFor(rule, matches, random, padded)) ?? missFor(random, padded);
    if (rule !== null) {
      tried.add(rule);
      if (matches(rule, frame)) met.add(rule);
    }
    bytes += frame.length + 8;
    frames.push(frame);
  }
  return { frames: shuffled(frames, random), tried: tried.size, unmet: tried.size - met.size };
}

function ruleFor({ rules }: Program, at: number, random: Random): Rule | null {
  const kind = at % 16;
  if (kind < MISSES_OF_16) return null;
  if (kind < MISSES_OF_16 + LAST_OF_16) return rules.at(-1) ?? null;
  // Few rules come round again and again, many are passed in even steps.
  const step =
    rules.length <= TRACE_PACKETS_MAX / 2 ? at : Math.floor(((at + random(1000) / 1000) * rules.length) / TRACE_PACKETS_MAX);
  return rules[step % rules.length] ?? null;
}

function frameFor(
  rule: Rule,
  matches: (rule: Rule, frame: Uint8Array) => boolean,
  random: Random,
  padded: boolean,
): Uint8Array | null {
  for (let tries = 0; tries < TRIES; tries++) {
    const wishes = noWishes();
    wishFor(rule.condition, false, wishes, random);
    const frame = wishedFrame(wishes, random);
    if (frame !== null && frame.length <= PACKET_BYTES_MAX && matches(rule, frame)) return filledUp(frame, padded);
  }
  return null;
}

function missFor(random: Random, padded: boolean): Uint8Array {
  return filledUp(wishedFrame(noWishes(), random) ?? new Uint8Array(EVEN_BYTES), padded);
}

function filledUp(frame: Uint8Array, padded: boolean): Uint8Array {
  if (!padded || frame.length >= EVEN_BYTES) return frame;
  const whole = new Uint8Array(EVEN_BYTES);
  whole.set(frame);
  return whole;
}

/** Fisher-Yates: no branch predictor is to learn the order of the rules. */
function shuffled(frames: readonly Uint8Array[], random: Random): readonly Uint8Array[] {
  const mixed = [...frames];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = random(at + 1);
    [mixed[at], mixed[other]] = [mixed[other] as Uint8Array, mixed[at] as Uint8Array];
  }
  return mixed;
}
