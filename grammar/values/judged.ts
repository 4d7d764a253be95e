/**
 * What a judge of literals says. Judges are strict, pure and never throw; places are UTF-16 offsets inside the literal's own text,
 * so that the caller can point at the octet and not only at the address.
 */
export type Judged<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: ValueProblem };

export type ProblemKind =
  | 'not-an-address'
  | 'short-address'
  | 'leading-zero'
  | 'netmask'
  | 'prefix-length'
  | 'host-bits'
  | 'endpoint'
  | 'zone'
  | 'mixed-families'
  | 'backwards'
  | 'not-a-mac'
  | 'not-a-number'
  | 'unit'
  | 'out-of-range'
  | 'escape'
  | 'not-a-quantity'
  | 'not-a-ratio';

export interface ValueProblem {
  readonly kind: ProblemKind;
  readonly start: number;
  readonly end: number;
  /** What is wrong at that place: a few words for under the caret. */
  readonly label: string;
  readonly help: string | null;
  readonly fixes: readonly ValueFix[];
}

export interface ValueFix {
  /** Imperative. */
  readonly title: string;
  /** Takes the place of the whole literal. */
  readonly text: string;
}

export function good<T>(value: T): Judged<T> {
  return { ok: true, value };
}

export function bad(
  kind: ProblemKind,
  place: readonly [start: number, end: number],
  label: string,
  more: { readonly help?: string; readonly fixes?: readonly ValueFix[] } = {},
): { readonly ok: false; readonly problem: ValueProblem } {
  const [start, end] = place;
  return { ok: false, problem: { kind, start, end, label, help: more.help ?? null, fixes: more.fixes ?? [] } };
}

/** `write X` as a fix. */
export function write(text: string): ValueFix {
  return { title: `write \`${text}\``, text };
}
