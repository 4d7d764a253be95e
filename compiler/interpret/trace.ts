/** Why a program decides as it does: every predicate of every rule, with the value it looked at and the bytes it came from. */
import type { Predicate, Program, Rule, Verdict } from '../2-resolve/program.ts';
import type { PacketAbout } from './packet-about.ts';

export interface Trace {
  readonly verdict: Verdict;
  /** All rules in order; `decided` is the one that gave the verdict, null: the default. */
  readonly rules: readonly RuleTrace[];
  readonly decided: Rule | null;
}

export interface RuleTrace {
  readonly rule: Rule;
  /** Whether the condition holds, also for rules behind the one that decided, which are never reached. */
  readonly matched: boolean;
  readonly predicates: readonly PredicateTrace[];
}

export interface PredicateTrace {
  readonly predicate: Predicate;
  /** Under `inner( … )`: about the packet in the tunnel. */
  readonly inner: boolean;
  /** Under an odd number of `not`: the condition wants it not to hold. */
  readonly negated: boolean;
  /** Of the predicate alone, whatever `negated` is. */
  readonly holds: boolean;
  /** As the language writes it; null when the field is absent. */
  readonly value: string | null;
  /** Bytes of the frame that the value was read from, `end` exclusive; null when absent or read from no bytes. */
  readonly bytes: { readonly start: number; readonly end: number } | null;
  /** Why the field is absent, as a sentence without a full stop; null when it is present. */
  readonly absent: string | null;
}

export type TraceProgram = (program: Program, frame: Uint8Array, about?: PacketAbout) => Trace;
