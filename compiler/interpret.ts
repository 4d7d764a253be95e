/** The reference interpreter: what a program decides about a frame, written for clarity and held against the kernel by tests. */
import type { AddAction, Program, Rule, Verdict } from './2-resolve/program.ts';
import { elementIn, type FieldCache, holds, openPacket, type Packet } from './interpret/packet.ts';
import type { PacketAbout } from './interpret/packet-about.ts';
import { surroundingsAt } from './interpret/read-field.ts';
import { createSetContents, type SetContents } from './interpret/set-contents.ts';

export type { PacketAbout } from './interpret/packet-about.ts';

export interface Decision {
  readonly verdict: Verdict;
  /** Indices of the rules that matched, ascending; when a rule gave the verdict, it is the last one. */
  readonly rules: readonly number[];
}

export interface Interpreter {
  (frame: Uint8Array, about?: PacketAbout): Decision;
  /** How often each set that rules fill was full. */
  readonly refused: () => readonly bigint[];
  /** Sets are empty again, and time begins anew. */
  readonly forget: () => void;
}

/**
 * The function returned never throws, whatever the bytes. What rules add to sets stays there for the packets after.
 * Frames start with the Ethernet header at every hook; a VLAN tag that the
 * kernel would keep beside the packet stands in them.
 */
export function createInterpreter(program: Program): Interpreter {
  const fields: FieldCache = new Map();
  let sets = createSetContents(program.dynamicSets ?? []);
  const interpret = (frame: Uint8Array, about?: PacketAbout): Decision => {
    if (about?.time_ns !== undefined) sets.advance(about.time_ns);
    return decide(program, openPacket(frame, surroundingsAt(program.hook, about), fields, sets), sets);
  };
  const forget = () => {
    sets = createSetContents(program.dynamicSets ?? []);
  };
  return Object.assign(interpret, { refused: () => sets.refused(), forget });
}

function decide(program: Program, packet: Packet, sets: SetContents): Decision {
  const rules: number[] = [];
  for (const rule of program.rules) {
    if (!holds(rule.condition, packet)) {
      continue;
    }
    rules.push(rule.index);
    const decider = fillSets(program, rule, packet, sets);
    if (rule.actions.verdict !== null) {
      return { verdict: rule.actions.verdict, rules };
    }
    if (decider !== null) {
      return { verdict: decider.actions.verdict ?? program.defaultVerdict, rules: [...rules, decider.index] };
    }
  }
  return { verdict: program.defaultVerdict, rules };
}

/** Does what the rule adds; the rule that decides about the packet then, the first that drops, else the first that passes. */
function fillSets(program: Program, rule: Rule, packet: Packet, sets: SetContents): Rule | null {
  let decider: Rule | null = null;
  for (const add of rule.actions.adds ?? []) {
    const element = elementIn(packet, add.fields);
    if (element === null || (add.unless !== null && holds(add.unless, packet))) {
      continue;
    }
    const one = deciderOf(program, add, sets.add(add, element));
    if (one !== null && (decider === null || (decider.actions.verdict === 'pass' && one.actions.verdict === 'drop'))) {
      decider = one;
    }
  }
  return decider;
}

function deciderOf({ rules, dynamicSets = [] }: Program, add: AddAction, came: 'there' | 'full'): Rule | null {
  const deciders = dynamicSets[add.set]?.deciders;
  const index = came === 'full' ? add.otherwise && deciders?.[add.otherwise] : add.blocks ? deciders?.blocked : null;
  return rules[index ?? -1] ?? null;
}
