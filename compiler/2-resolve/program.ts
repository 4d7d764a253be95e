/**
 * What a rule file means: names resolved, values canonical. `resolve` makes it; the checks, the planner and the reference
 * interpreter read it. It knows nothing of C.
 */
import type { HookName } from '../../grammar/fields/field.ts';
import type { SourceFile, Span } from '../../grammar/source.ts';

/** What ends the evaluation. `audit` is what `audit drop` comes to: the packet passes, and events say what would have been. */
export type Verdict = 'pass' | 'drop' | 'reject' | 'redirect' | 'audit';

export interface Program {
  readonly source: SourceFile;
  readonly hook: HookName;
  /** Where the hook was named; null when it is the default or came from the command line. */
  readonly hookSpan: Span | null;
  readonly defaultVerdict: Verdict;
  readonly rules: readonly Rule[];
  /** The main file, those it includes in the order of their first `include`, and files of values. */
  readonly files?: readonly SourceFile[];
  /** What `set … from "file"` has read. */
  readonly sets?: readonly FileSetSummary[];
  /** Sets that the program fills; what `member` predicates and additions name by their place here. Absent: none. */
  readonly dynamicSets?: readonly DynamicSet[];
  /** Set when statements with errors were left out: what the file lacks cannot be told from this program. */
  readonly partial?: true;
}

/** `set blocked : src size 100k timeout 10m`, or what `block src` fills, which is called `block.src`. */
export interface DynamicSet {
  readonly name: string;
  /** What an element is: fields of the table whose values it has, in this order. */
  readonly fields: readonly string[];
  /** Elements at most. */
  readonly size: number;
  /** How long an element stays that does not say so itself; null: until it is taken out. */
  readonly timeout_ms: number | null;
  /** Filled by `block`: the rule `block.src` ahead of all others asks it. */
  readonly blocks: boolean;
  /**
   * Rules behind all others that decide where an addition does, by index, so that such packets are counted: what was just blocked, and
   * what found the set full. null: no rule of the file comes to that.
   */
  readonly deciders: { readonly blocked: number | null; readonly drop: number | null; readonly pass: number | null };
  readonly source: SourceFile;
  readonly span: Span;
}

export interface FileSetSummary {
  readonly name: string;
  readonly source: SourceFile;
  /** Values in the file. */
  readonly entries: number;
  /** What is left of them when overlapping and neighbouring ones are one. */
  readonly ranges: number;
}

export interface Rule {
  /** Position in evaluation order, from 0. */
  readonly index: number;
  /** The label, or `file.rules:12` (`file.rules:12:40` for the second rule of that line). Unique in the program. */
  readonly name: string;
  readonly label: string | null;
  /** 16 hex digits, made from the label, or from the rule's own text and its occurrence: survives a move in the file. */
  readonly identity: string;
  /** The file that the rule stands in: the main one, or an included one. Spans of the rule and its predicates are places in it. */
  readonly source: SourceFile;
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
  /** Value for `skb->mark`; null: left alone. Rules go on seeing the mark that the packet came with. */
  readonly mark: number | null;
  /** Interface that `redirect` sends to; null for every other verdict. */
  readonly redirect: string | null;
  /** What is put into sets, in the order of the text. Absent: nothing. */
  readonly adds?: readonly AddAction[];
}

/** `add src to seen for 10m unless src in lan else drop`, and `block src for 10m`. */
export interface AddAction {
  /** Place among the program's dynamic sets. */
  readonly set: number;
  /** Whose values are the element; a packet that lacks one of them adds nothing. */
  readonly fields: readonly string[];
  /** null: until it is taken out. */
  readonly timeout_ms: number | null;
  /** Adds nothing where it holds; null: always adds. */
  readonly unless: Expression | null;
  /** The packet is dropped that is added, or was there already. */
  readonly blocks: boolean;
  /** What becomes of the packet when the set is full; null: what would have become of it. */
  readonly otherwise: 'drop' | 'pass' | null;
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
  /** True when the packet is a tunnel's, and the expression holds for the packet in it. Never nested. */
  | { readonly kind: 'inner'; readonly of: Expression; readonly span: Span }
  | Predicate;

/** An empty `and` is true (`any`), an empty `or` is false. */

/** Inclusive, `[first, last]`. */
export type NumberRange = readonly [number, number];
export type BigRange = readonly [bigint, bigint];

/**
 * Ranges of IPv6 addresses. Those of a file have their bounds as numbers too: eight 32-bit words a range, the highest first. A long
 * list of them makes its BigInts when somebody asks for them (`wide-ranges.ts`): who needs all should take the words.
 */
export type WideRanges = readonly BigRange[] & { readonly words?: Uint32Array };

export interface BytePattern {
  /** 1 to 256 bytes. */
  readonly bytes: readonly number[];
  /** ASCII letters match in either case; `bytes` has them in lower case. */
  readonly nocase: boolean;
}

/**
 * Each is false when its field is absent. `field` is a name that `fieldNamed` knows: of the table, or a raw read such as
 * `transport[13:1]`; never an `either` field (resolve takes those apart).
 */
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
  | { readonly kind: 'present'; readonly field: string; readonly span: Span }
  /** The values of `fields`, of which `field` is the first, are an element of a dynamic set; false when one of them is absent. */
  | {
      readonly kind: 'member';
      readonly field: string;
      readonly fields: readonly string[];
      /** Place among the program's dynamic sets. */
      readonly set: number;
      readonly span: Span;
    }
  /** `(address & mask) == value` in one family, for masks that are no prefix; `negated`: every other address, of either family. */
  | {
      readonly kind: 'masked';
      readonly field: string;
      readonly family: 4 | 6;
      readonly mask: bigint;
      readonly value: bigint;
      readonly negated: boolean;
      readonly span: Span;
    }
  /** The packet has one of these option kinds; `negated`: it has some, and none of these. Sorted. */
  | {
      readonly kind: 'kinds';
      readonly field: string;
      readonly kinds: readonly number[];
      readonly negated: boolean;
      readonly span: Span;
    }
  /** One of the patterns lies wholly in the first `within` bytes of the payload (`starts` and `ends` become raw reads). */
  | {
      readonly kind: 'contains';
      readonly field: string;
      readonly patterns: readonly BytePattern[];
      readonly within: number;
      readonly span: Span;
    }
  /** The interface has one of these names, in which `*` stands for any characters; `negated`: none of them. */
  | {
      readonly kind: 'interface';
      readonly field: string;
      readonly names: readonly string[];
      readonly negated: boolean;
      readonly span: Span;
    };
