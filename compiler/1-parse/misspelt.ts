import { actionNamed } from '../../grammar/actions/index.ts';
import { LATER_ACTIONS } from '../../grammar/actions/later.ts';
import { BARE_WORDS } from '../../grammar/fields/bare.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import { LATER_FIELDS } from '../../grammar/fields/later.ts';
import { STATEMENT_WORDS } from '../../grammar/tokens.ts';
import { suggest } from '../diagnostics/suggest.ts';

/** Whether the language knows `word` as a field, now or later. */
export function isField(word: string): boolean {
  return fieldNamed(word) !== undefined || Object.hasOwn(LATER_FIELDS, word);
}

/** Whether the language knows `word` as an action, now or later. */
export function isAction(word: string): boolean {
  return actionNamed(word) !== undefined || Object.hasOwn(LATER_ACTIONS, word);
}

/** The statement word that `word` is a misspelling of; null when it is a word of the language itself, or near none. */
export function misspeltStatementWord(word: string): string | null {
  if (isField(word) || isAction(word) || Object.hasOwn(BARE_WORDS, word)) return null;
  return suggest(word, STATEMENT_WORDS);
}
