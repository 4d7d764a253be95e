/** The reference interpreter: what a program decides about a frame, written for clarity and held against the kernel by tests. */
import type { Program, Verdict } from './2-resolve/program.ts';
import { type FieldCache, holds, openPacket, type Packet } from './interpret/packet.ts';
import type { PacketAbout } from './interpret/packet-about.ts';
import { surroundingsAt } from './interpret/read-field.ts';

export type { PacketAbout } from './interpret/packet-about.ts';

export interface Decision {
  readonly verdict: Verdict;
  /** Indices of the rules that matched, ascending; when a rule gave the verdict, it is the last one. */
  readonly rules: readonly number[];
}

export type Interpreter = (frame: Uint8Array, about?: PacketAbout) => Decision;

/**
 * The function returned never throws, whatever the bytes. Frames start with the Ethernet header at every hook; a VLAN tag that the
 * kernel would keep beside the packet stands in them.
 */
export function createInterpreter(program: Program): Interpreter {
  const fields: FieldCache = new Map();
  return (frame, about) => decide(program, openPacket(frame, surroundingsAt(program.hook, about), fields));
}

function decide(program: Program, packet: Packet): Decision {
  const rules: number[] = [];
  for (const rule of program.rules) {
    if (holds(rule.condition, packet)) {
      rules.push(rule.index);
      if (rule.actions.verdict !== null) {
        return { verdict: rule.actions.verdict, rules };
      }
    }
  }
  return { verdict: program.defaultVerdict, rules };
}
