import type { Program, Rule } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';

/** Values that are written out; longer lists have a number in their place, so that ten rules with one list do not write it ten times. */
const WRITTEN_OUT = 64;

/** Of ranges or numbers, not of parts of a condition. */
function isLongList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > WRITTEN_OUT && (Array.isArray(value[0]) || typeof value[0] !== 'object');
}

/** A function that gives a condition without its places. */
function createMeaning(): (rule: Rule) => string {
  const numbers = new Map<unknown, number>();
  const contents = new Map<string, number>();
  const numberOf = (list: readonly unknown[]): number => {
    const content = numbers.has(list) ? '' : list.join();
    const number = numbers.get(list) ?? contents.get(content) ?? contents.size;
    numbers.set(list, number);
    if (content !== '') contents.set(content, number);
    return number;
  };
  return (rule) =>
    JSON.stringify(rule.condition, (key, value: unknown) => {
      if (key === 'span') return undefined;
      if (isLongList(value)) return `list ${numberOf(value)}`;
      return typeof value === 'bigint' ? `${value}` : value;
    });
}

/** PKT3007: a rule whose packets an earlier one has decided about, to the letter. */
export function duplicateRule(program: Program): readonly Diagnostic[] {
  const decided = new Map<string, Rule>();
  const found: Diagnostic[] = [];
  const meaningOf = createMeaning();
  for (const rule of program.rules) {
    const meaning = meaningOf(rule);
    const earlier = decided.get(meaning);
    if (earlier) {
      const related = [
        { source: earlier.source, span: earlier.span, text: `this rule decides: \`${earlier.actions.verdict}\`` },
      ];
      found.push(
        diagnostic(
          'PKT3007',
          {},
          { source: rule.source, span: rule.span, text: 'never reached' },
          { related, help: 'delete one of them, or join their actions' },
        ),
      );
    } else if (rule.actions.verdict !== null) {
      decided.set(meaning, rule);
    }
  }
  return found;
}
