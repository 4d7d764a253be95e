/** What a hook offers a program: where it is attached in C, which verdicts it can give, what it knows without looking. */
import type { HookName } from '../../grammar/fields/field.ts';
import type { AttachPoint } from '../../runtime/abi/manifest.ts';
import type { Verdict } from '../2-resolve/program.ts';
import { cgroup, cgroupEgress, cgroupIngress } from './cgroup.ts';
import { socket } from './socket.ts';
import { tc, tcEgress, tcIngress } from './tc.ts';
import { xdp } from './xdp.ts';

export interface Target {
  readonly hook: HookName;
  /** File under `templates/hooks` that the program is made from. */
  readonly skeleton: string;
  /** The programs in the object: one, or one a direction. They share rules, counters and events. */
  readonly programs: readonly TargetProgram[];
  readonly verdicts: readonly Verdict[];
  /** Whether a program can give the packet a mark (`skb->mark`). */
  readonly marks: boolean;
  /** Context fields whose value is the same for every packet here. */
  readonly constants: Readonly<Record<string, number>>;
}

export interface TargetProgram {
  /** Name of the C function. */
  readonly name: string;
  readonly at: AttachPoint;
  /** Part of the skeleton that holds it; null: the skeleton has this one alone. */
  readonly part: string | null;
}

/** The hooks that programs are made for: every one that the language knows. */
export const TARGETS: readonly Target[] = [xdp, tc, tcIngress, tcEgress, socket, cgroup, cgroupIngress, cgroupEgress];

/** Every hook has its target. */
export function targetFor(hook: HookName): Target {
  return TARGETS.find((target) => target.hook === hook) ?? xdp;
}
