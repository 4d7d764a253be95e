/** Why a program decides as it does: every predicate of every rule, with the value it looked at and the bytes it came from. */
import type { Predicate, Rule, Verdict } from '../2-resolve/program.ts';
import type { Extent } from './dissection.ts';

export interface Trace {
  readonly verdict: Verdict;
  /** The rule that gave it; null: the default. */
  readonly decided: Rule | null;
  /** Every rule in order, those behind the one that decided included. */
  readonly rules: readonly RuleTrace[];
}

export interface RuleTrace {
  readonly rule: Rule;
  /** Whether the condition holds, also for rules behind the one that decided, which are never reached. */
  readonly matched: boolean;
  /** Every predicate of the condition, as it is written, whether the condition had to look at it or not. */
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
  /**
   * Whether it is as the condition wants it: `holds`, or with `negated` the opposite. Where the packet of `inner( … )` is missing,
   * it is not, unless the whole `inner( … )` is negated.
   */
  readonly satisfied: boolean;
  /** For people: `22`, `6 (tcp)`, `SYN,ACK`; null when the field is absent. */
  readonly value: string | null;
  /** Bytes of the frame that the value was read from, `end` exclusive; null when absent or read from no bytes. */
  readonly bytes: Extent | null;
  /** Why the field is absent, as a sentence without a full stop; null when it is present. */
  readonly absent: string | null;
}
