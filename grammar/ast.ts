/**
 * The readonly syntax of a `.rules` file: shapes only, no field or action is resolved here.
 * `to-ast.ts` is the only producer. A statement with any error in it is an {@link ErrorNode}, never a rule.
 */
import type { Span } from './source.ts';

export interface SyntaxFile {
  readonly statements: readonly Statement[];
  /** Every comment of the file in order, text with its `#`, without the line end. */
  readonly comments: readonly Comment[];
}

export interface Comment {
  readonly text: string;
  readonly span: Span;
}

export type Statement =
  | IncludeStatement
  | HookStatement
  | DefaultStatement
  | LetStatement
  | SetStatement
  | RuleStatement
  | TestStatement
  | ErrorNode;

/** Where a statement was that could not be read; its diagnostics have been reported by the parser. */
export interface ErrorNode {
  readonly kind: 'error';
  readonly span: Span;
}

export interface IncludeStatement {
  readonly kind: 'include';
  readonly span: Span;
  readonly path: StringScalar;
}

/** `hook xdp`, `hook tc ingress` */
export interface HookStatement {
  readonly kind: 'hook';
  readonly span: Span;
  readonly name: Word;
  readonly direction: Word | null;
}

export interface DefaultStatement {
  readonly kind: 'default';
  readonly span: Span;
  readonly action: ActionNode;
}

/** `let web = { 80, 443 }`; `set web = { … }` says the same. */
export interface LetStatement {
  readonly kind: 'let';
  readonly word: 'let' | 'set';
  readonly span: Span;
  readonly name: Word;
  readonly value: Value | RowNode;
}

/** `set drop4 from "file"` has `from`; `set blocked : src size 100k` has `key`. One that is written out is a {@link LetStatement}. */
export interface SetStatement {
  readonly kind: 'set';
  readonly span: Span;
  readonly name: Word;
  readonly key: Key | null;
  readonly from: StringScalar | null;
  readonly options: readonly { readonly name: Word; readonly value: Scalar }[];
}

export interface RuleStatement {
  readonly kind: 'rule';
  readonly span: Span;
  /** The label without its colon. */
  readonly label: Word | null;
  readonly condition: Condition;
  /** `then … within 10s per src`: null when the rule is about one packet. */
  readonly steps: Steps | null;
  readonly actions: readonly ActionNode[];
}

export interface Steps {
  readonly span: Span;
  readonly conditions: readonly Condition[];
  readonly within: LiteralScalar;
  readonly per: Key;
}

export interface TestStatement {
  readonly kind: 'test';
  readonly span: Span;
  readonly name: StringScalar;
  readonly items: readonly TestItem[];
}

export interface TestItem {
  readonly span: Span;
  readonly subject: PacketNode | { readonly kind: 'capture'; readonly path: StringScalar };
  readonly expect: Word;
  readonly count: LiteralScalar | null;
  readonly by: Word | null;
}

export interface PacketNode {
  readonly kind: 'packet';
  readonly span: Span;
  readonly protocol: Word;
  readonly from: LiteralScalar | null;
  readonly to: LiteralScalar | null;
  readonly settings: readonly PacketSetting[];
}

export interface PacketSetting {
  readonly span: Span;
  readonly name: Word;
  readonly value: Scalar | PacketNode;
  /** `flags SYN,ACK`: the words behind the first. */
  readonly more: readonly Word[];
}

/* Conditions */

export type Condition = AndNode | OrNode | NotNode | GroupNode | Comparison;

export interface AndNode {
  readonly kind: 'and';
  readonly span: Span;
  readonly of: readonly Condition[];
}

export interface OrNode {
  readonly kind: 'or';
  readonly span: Span;
  readonly of: readonly Condition[];
}

export interface NotNode {
  readonly kind: 'not';
  readonly span: Span;
  readonly of: Condition;
}

/** Parentheses as written: the check for `or` mixed with `and`, and the formatter, need to see them. */
export interface GroupNode {
  readonly kind: 'group';
  readonly span: Span;
  readonly of: Condition;
}

export type Comparison = BareNode | CompareNode | CallNode | TupleNode;

/** A word that stands alone: `tcp`, `any`, `malformed`. */
export interface BareNode {
  readonly kind: 'bare';
  readonly span: Span;
  readonly word: Word;
}

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'contains' | 'starts' | 'ends';

/**
 * `dport 22`, `src != lan`, `flags SYN,!ACK`, `payload[4:2] = 0x35`, `src & 255.0.255.0 = 10.0.0.0`,
 * `payload within 64 contains nocase "x"`, `rate > 5k/s per src`
 */
export interface CompareNode {
  readonly kind: 'compare';
  readonly span: Span;
  readonly field: Word;
  /** `[offset:length]`, in bytes. */
  readonly slice: Slice | null;
  readonly mask: LiteralScalar | null;
  /** `within 64`: how far into the field is looked, in bytes. */
  readonly within: LiteralScalar | null;
  /** null: `field value`, which means equality (for flags: all of these set). */
  readonly operator: { readonly text: Operator; readonly span: Span } | null;
  /** The word `nocase` before the value: where it stands. */
  readonly nocase: { readonly span: Span } | null;
  /** A `!` before the value, as in `flags !ACK`. */
  readonly bang: boolean;
  /** null: a field with no value behind it, an error that resolve reports. */
  readonly value: Value | null;
  /** The `,!ACK` parts of `flags SYN,!ACK`. */
  readonly more: readonly { readonly bang: boolean; readonly word: Word }[];
  readonly per: Key | null;
}

export interface Slice {
  /** From `[` to `]`. */
  readonly span: Span;
  readonly offset: LiteralScalar;
  readonly length: LiteralScalar;
}

/** `(src, dport) in pairs`: several fields at once. */
export interface TupleNode {
  readonly kind: 'tuple';
  readonly span: Span;
  readonly fields: Key;
  readonly operator: { readonly text: Operator; readonly span: Span };
  readonly value: Value | RowNode;
}

/** `inner(tcp dport 22)`, `p99(rtt) > 200ms` */
export interface CallNode {
  readonly kind: 'call';
  readonly span: Span;
  readonly name: Word;
  readonly argument: Condition;
  readonly operator: { readonly text: Operator; readonly span: Span } | null;
  readonly value: Value | null;
}

/* Values */

export interface Word {
  readonly text: string;
  readonly span: Span;
}

export type Value = Scalar | ListNode;
export type Scalar = WordScalar | LiteralScalar | StringScalar;

/** `tcp`, `lan`, `baseline*3` */
export interface WordScalar {
  readonly kind: 'word';
  readonly text: string;
  readonly span: Span;
  readonly times: LiteralScalar | null;
}

/** A literal exactly as written, judged by `grammar/values`; `to` when it is a range `a-b`. */
export interface LiteralScalar {
  readonly kind: 'literal';
  readonly text: string;
  readonly span: Span;
  readonly to: { readonly text: string; readonly span: Span } | null;
}

/** `text` is as written between the quotes, escapes not yet read. */
export interface StringScalar {
  readonly kind: 'string';
  readonly text: string;
  readonly span: Span;
}

export interface ListNode {
  readonly kind: 'list';
  readonly span: Span;
  readonly items: readonly (Scalar | RowNode)[];
}

/** `(10.0.0.0/8, 22)`: what a tuple of fields is compared with, one value or list for each. */
export interface RowNode {
  readonly kind: 'row';
  readonly span: Span;
  readonly values: readonly Value[];
}

/** `src`, `(src, dport)` */
export interface Key {
  readonly span: Span;
  readonly words: readonly Word[];
}

/* Actions */

export interface ActionNode {
  readonly span: Span;
  readonly name: Word;
  readonly arguments: readonly ArgumentNode[];
}

export type ArgumentNode =
  | Scalar
  | ListNode
  | { readonly kind: 'tuple'; readonly span: Span; readonly key: Key }
  | { readonly kind: 'per'; readonly span: Span; readonly key: Key }
  | { readonly kind: 'guard'; readonly span: Span; readonly word: 'when' | 'unless'; readonly condition: Condition };
