/**
 * What one action is. The files beside this one are the action table: the checker, the C, the reference and the highlighting
 * derive from it. Adding an action is its file, one line in `index.ts`, and `templates/include/pktc/action_<name>.h`.
 */
export type ActionKind = 'verdict' | 'observe' | 'state' | 'notify' | 'rehearse';

/** One `word value` pair an action accepts: `sample 1/100`, `payload 64`. */
export interface ActionParameter {
  readonly word: string;
  /**
   * `ratio` is 1/N with N from `min` to `max`; `bytes` is a plain number from `min` to `max`; `duration` a time with its unit, in
   * milliseconds from `min` to `max`; `verdict` is `drop` or `pass`; `guard` a condition, right behind the word.
   */
  readonly type: 'ratio' | 'bytes' | 'duration' | 'verdict' | 'guard';
  readonly min: number;
  readonly max: number;
  readonly summary: string;
}

/** The one value that stands right behind an action and must be there: `redirect eth0`, `mark 7`, `audit drop`. */
export type ActionArgument =
  | { readonly type: 'interface' }
  | { readonly type: 'number'; readonly min: number; readonly max: number }
  /** A field, or several in parentheses; `to`: and `to` with the name of a set behind it. */
  | { readonly type: 'key'; readonly to: boolean }
  /** One of these words. */
  | { readonly type: 'word'; readonly words: readonly string[] };

export interface Action {
  readonly name: string;
  readonly kind: ActionKind;
  /** null: nothing stands right behind it. */
  readonly argument: ActionArgument | null;
  readonly parameters: readonly ActionParameter[];
  /** One sentence for the reference. */
  readonly summary: string;
  /** A statement that the example needs; absent: none. */
  readonly declares?: string;
  /** An action list that uses it; a test compiles every example. */
  readonly example: string;
}
