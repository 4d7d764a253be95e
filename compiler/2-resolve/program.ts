/**
 * What a rule file means: names resolved, values canonical. `resolve` makes it; the checks, the planner and the reference
 * interpreter read it. It knows nothing of C.
 */
import type { HookName } from '../../grammar/fields/field.ts';
import type { SourceFile, Span } from '../../grammar/source.ts';

export type Verdict = 'pass' | 'drop';

export interface Program {
  readonly source: SourceFile;
  readonly hook: HookName;
  /** Where the hook was named; null when it is the default or came from the command line. */
  readonly hookSpan: Span | null;
  readonly defaultVerdict: Verdict;
  readonly rules: readonly Rule[];
  /** Set when statements with errors were left out: what the file lacks cannot be told from this program. */
  readonly partial?: true;
}

export interface Rule {
  /** Position in evaluation order, from 0. */
  readonly index: number;
  /** The label, or `file.rules:12` (`file.rules:12:40` for the second rule of that line). Unique in the program. */
  readonly name: string;
  readonly label: string | null;
  /** 16 hex digits, made from the label, or from the rule's own text and its occurrence: survives a move in the file. */
  readonly identity: string;
  readonly span: Span;
  /** 1-based. */
  readonly line: number;
  readonly condition: Expression;
  readonly actions: RuleActions;
}

export interface RuleActions {
  /** null: evaluation goes on with the next rule. */
  readonly verdict: Verdict | null;
  readonly log: LogAction | null;
}

export interface LogAction {
  /** Log one in so many, 1: every packet. */
  readonly sample: number;
  /** Bytes of payload to carry, 0: none. */
  readonly payload: number;
}

export type Expression =
  | { readonly kind: 'and'; readonly of: readonly Expression[] }
  | { readonly kind: 'or'; readonly of: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | Predicate;

/** An empty `and` is true (`any`), an empty `or` is false. */

/** Inclusive, `[first, last]`. */
export type NumberRange = readonly [number, number];
export type BigRange = readonly [bigint, bigint];

/** Each is false when its field is absent. `field` is a name in the table, never an `either` field (resolve takes those apart). */
export type Predicate =
  /** The value lies in one of the ranges: sorted, disjoint, not adjacent, at most 2^53. `!=` is the complement. */
  | { readonly kind: 'in'; readonly field: string; readonly ranges: readonly NumberRange[]; readonly span: Span }
  /** An address, in its own family; an empty list: no address of that family matches. */
  | {
      readonly kind: 'address';
      readonly field: string;
      readonly v4: readonly NumberRange[];
      readonly v6: readonly BigRange[];
      readonly span: Span;
    }
  /** `(field & mask) == value`; masks and values are non-negative and below 2^48. */
  | { readonly kind: 'bits'; readonly field: string; readonly mask: number; readonly value: number; readonly span: Span }
  /** `(field & mask) != 0` */
  | { readonly kind: 'some'; readonly field: string; readonly mask: number; readonly span: Span }
  | { readonly kind: 'present'; readonly field: string; readonly span: Span };
