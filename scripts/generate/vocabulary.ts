/** Every word that means something in a rule file, by what it is. All of it comes from the table. */
import type { ActionKind } from '../../grammar/actions/action.ts';
import { ACTIONS } from '../../grammar/actions/index.ts';
import { LATER_ACTIONS } from '../../grammar/actions/later.ts';
import { BARE_WORDS } from '../../grammar/fields/bare.ts';
import type { Field } from '../../grammar/fields/field.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { LATER_FIELDS } from '../../grammar/fields/later.ts';
import { CONTEXTUAL_WORDS, RESERVED_WORDS, STATEMENT_WORDS } from '../../grammar/tokens.ts';

export interface Vocabulary {
  /** Words that begin a statement. */
  readonly statements: readonly string[];
  /** Operators spelled as words. */
  readonly operators: readonly string[];
  /** Reserved words that are neither. */
  readonly connectives: readonly string[];
  /** Fields, what raw bytes are read from, and `inner`. */
  readonly fields: readonly string[];
  /** Words that stand alone as a condition. */
  readonly bare: readonly string[];
  /** Words that stand for a number where some field is compared. */
  readonly names: readonly string[];
  readonly flags: readonly string[];
  /** Actions that decide what becomes of the packet, `audit` included, which pretends to. */
  readonly verdicts: readonly string[];
  /** Every other action. */
  readonly observers: readonly string[];
  /** Words inside an action: `sample`, `payload`. */
  readonly parameters: readonly string[];
  /** Words that mean something in one place and are names everywhere else: `packet`, `from`. */
  readonly contextual: readonly string[];
}

const STATEMENTS: readonly string[] = STATEMENT_WORDS;
const OPERATORS: readonly string[] = ['and', 'or', 'not', 'in', 'contains', 'starts', 'ends'];

/** Words that stand where a field does, and only before a bracket. */
const BEFORE_BRACKETS: readonly string[] = ['frame', 'network', 'transport', 'inner'];

/** Longest first, so that an alternation of them never stops at a shorter one. */
function words(...lists: readonly (readonly string[])[]): readonly string[] {
  const unique = [...new Set(lists.flat())];
  return unique.sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
}

/** Words a value of this field may be written as. */
function namesOf(field: Field): readonly string[] {
  switch (field.type.kind) {
    case 'uint':
      return [field.type.names ?? {}, ...Object.values(field.type.namesUnder ?? {})].flatMap(Object.keys);
    case 'kinds':
      return Object.keys(field.type.names);
    case 'mac':
      return ['broadcast', 'multicast'];
    default:
      return [];
  }
}

const flagsOf = (field: Field): readonly string[] => (field.type.kind === 'flags' ? Object.keys(field.type.names) : []);

/** The words of the table, each list longest first and free of duplicates. */
export function vocabulary(): Vocabulary {
  const kinds: readonly (readonly [string, ActionKind])[] = [
    ...ACTIONS.map((action) => [action.name, action.kind] as const),
    ...Object.entries(LATER_ACTIONS),
  ];
  const decides = (kind: ActionKind): boolean => kind === 'verdict' || kind === 'rehearse';
  const named = (wanted: boolean): readonly string[] =>
    kinds.filter(([, kind]) => decides(kind) === wanted).map(([name]) => name);
  const reserved = (wanted: (word: string) => boolean): readonly string[] => words(RESERVED_WORDS.filter(wanted));
  return {
    statements: reserved((word) => STATEMENTS.includes(word)),
    operators: reserved((word) => OPERATORS.includes(word)),
    connectives: reserved((word) => !STATEMENTS.includes(word) && !OPERATORS.includes(word)),
    fields: words(
      FIELDS.filter((field) => field.type.kind !== 'truth').map((field) => field.name),
      Object.keys(LATER_FIELDS),
      BEFORE_BRACKETS,
    ),
    bare: words(Object.keys(BARE_WORDS)),
    names: words(['none'], FIELDS.flatMap(namesOf)),
    flags: words(FIELDS.flatMap(flagsOf)),
    verdicts: words(named(true)),
    observers: words(named(false)),
    parameters: words(ACTIONS.flatMap((action) => action.parameters.map((parameter) => parameter.word))),
    contextual: words(CONTEXTUAL_WORDS),
  };
}
