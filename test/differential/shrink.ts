/** Makes a failure small: a rule file and a packet of which nothing more can be taken away. */
import type { PacketAbout } from '../../compiler/interpret.ts';
import { type Condition, type GeneratedRule, type Leaf, printRuleFile, type RuleFile } from './rule-file.ts';

export interface Failure {
  readonly file: RuleFile;
  readonly packet: Uint8Array;
  /** What came with it. */
  readonly about: PacketAbout;
}

/** Whether the two engines still differ on this packet. A file that no longer compiles does not fail. */
export type StillFails = (text: string, packets: readonly Uint8Array[]) => Promise<readonly boolean[]>;

/** Each attempt on a rule file compiles it; each round on a packet runs it a few dozen times. */
const MOST_ATTEMPTS = 300;
const MOST_ROUNDS = 300;

export async function shrink(failure: Failure, stillFails: StillFails): Promise<Failure> {
  const file = await shrinkFile(failure.file, async (smaller) => {
    const [fails = false] = await stillFails(printRuleFile(smaller), [failure.packet]);
    return fails;
  });
  const text = printRuleFile(file);
  return { ...failure, file, packet: await shrinkPacket(failure.packet, (packets) => stillFails(text, packets)) };
}

async function shrinkFile(file: RuleFile, fails: (file: RuleFile) => Promise<boolean>): Promise<RuleFile> {
  let attempts = 0;
  const failsInTime = async (smaller: RuleFile): Promise<boolean> => attempts++ < MOST_ATTEMPTS && (await fails(smaller));
  let smallest = file;
  for (let next: RuleFile | null = file; next !== null; next = await firstThat(smallerFiles(smallest), failsInTime)) {
    smallest = next;
  }
  return smallest;
}

async function firstThat<T>(candidates: Iterable<T>, holds: (candidate: T) => Promise<boolean>): Promise<T | null> {
  for (const candidate of candidates) {
    if (await holds(candidate)) {
      return candidate;
    }
  }
  return null;
}

/** The largest steps first. */
function* smallerFiles(file: RuleFile): Iterable<RuleFile> {
  for (const rules of without(file.rules)) {
    yield { ...file, rules };
  }
  for (const lets of without(file.lets)) {
    yield { ...file, lets };
  }
  for (const sets of without(file.sets ?? [])) {
    yield { ...file, sets };
  }
  if (file.hook !== 'xdp') {
    yield { ...file, hook: 'xdp' };
  }
  if (file.defaultAction !== null) {
    yield { ...file, defaultAction: null };
  }
  for (const [at, rule] of file.rules.entries()) {
    for (const smaller of smallerRules(rule)) {
      yield { ...file, rules: file.rules.with(at, smaller) };
    }
  }
  for (const [at, named] of file.lets.entries()) {
    for (const values of without(named.values)) {
      if (values.length > 0) {
        yield { ...file, lets: file.lets.with(at, { ...named, values }) };
      }
    }
  }
}

function* smallerRules(rule: GeneratedRule): Iterable<GeneratedRule> {
  for (const condition of smallerConditions(rule.condition)) {
    yield { ...rule, condition };
  }
  if (rule.actions.length > 1) {
    for (const actions of without(rule.actions)) {
      yield { ...rule, actions };
    }
  } else if (rule.actions[0] !== 'count') {
    yield { ...rule, actions: ['count'] };
  }
  if (rule.label !== null) {
    yield { ...rule, label: null };
  }
}

function* smallerConditions(condition: Condition): Iterable<Condition> {
  switch (condition.kind) {
    case 'leaf':
      yield* smallerLeaves(condition);
      return;
    case 'not':
    case 'inner':
      yield condition.of;
      for (const of of smallerConditions(condition.of)) {
        yield { kind: condition.kind, of };
      }
      return;
    default:
      yield* condition.of;
      for (const [at, part] of condition.of.entries()) {
        for (const smaller of smallerConditions(part)) {
          yield { ...condition, of: condition.of.with(at, smaller) };
        }
      }
  }
}

function* smallerLeaves(leaf: Leaf): Iterable<Leaf> {
  if (leaf.braces && leaf.values.length > 1) {
    for (const values of without(leaf.values)) {
      if (values.length > 0) {
        yield { ...leaf, values };
      }
    }
  }
  if (leaf.braces && leaf.values.length === 1) {
    yield { ...leaf, braces: false };
  }
}

/** The list without one half, then the other, without each quarter, and so on down to single entries. */
function* without<T>(list: readonly T[]): Iterable<readonly T[]> {
  for (let width = Math.ceil(list.length / 2); width >= 1; width = width === 1 ? 0 : Math.ceil(width / 2)) {
    for (let at = 0; at < list.length; at += width) {
      yield list.toSpliced(at, width);
    }
  }
}

/** BPF_PROG_TEST_RUN takes nothing shorter. */
const SHORTEST = 14;

async function shrinkPacket(
  packet: Uint8Array,
  fail: (packets: readonly Uint8Array[]) => Promise<readonly boolean[]>,
): Promise<Uint8Array> {
  let smallest = packet;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const candidates = [...smallerPackets(smallest)];
    const found = (await fail(candidates)).indexOf(true);
    const smaller = candidates[found];
    if (smaller === undefined) {
      break;
    }
    smallest = smaller;
  }
  return smallest;
}

function* smallerPackets(packet: Uint8Array): Iterable<Uint8Array> {
  for (let cut = packet.length - SHORTEST; cut >= 1; cut = Math.floor(cut / 2)) {
    yield packet.slice(0, packet.length - cut);
  }
  for (let width = 16; width >= 1; width /= 2) {
    for (let at = 0; at + width <= packet.length; at += width) {
      if (packet.subarray(at, at + width).some((byte) => byte !== 0)) {
        yield Uint8Array.from(packet).fill(0, at, at + width);
      }
    }
  }
}
