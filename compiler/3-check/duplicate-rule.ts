import { createCrowd } from '../2-resolve/crowd.ts';
import type { Program, Rule } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Alike } from './alike.ts';
import { areTwins, createMeaning, numbersOf } from './meaning.ts';

/** PKT3007: a rule whose packets an earlier one has decided about, to the letter. */
export function duplicateRule({ rules }: Program, { runs }: Alike): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const numbers = numbersOf(rules, runs);
  const isSame = createComparison();
  /** Rules with a verdict, by their numbers; one that is not the first of its number is held against those before it. */
  const decided = new Map<number, Rule[]>();
  for (const index of crowded(numbers)) {
    const rule = rules[index] as Rule;
    const number = numbers[index] as number;
    const others = decided.get(number);
    const earlier = others?.find((other) => isSame(other, rule));
    if (earlier) found.push(tell(rule, earlier));
    else if (rule.actions.verdict === null) continue;
    else if (others) others.push(rule);
    else decided.set(number, [rule]);
  }
  return found;
}

/** Rules that may have the same number as another one, in order; few that have not. */
function crowded(numbers: Int32Array): readonly number[] {
  const crowd = createCrowd(numbers.length);
  for (let index = 0; index < numbers.length; index += 1) crowd.add(numbers[index] as number);
  const found: number[] = [];
  for (let index = 0; index < numbers.length; index += 1) if (crowd.has(numbers[index] as number)) found.push(index);
  return found;
}

/** Whether two conditions are one, to the letter. What the earlier one asks is kept, for it may have many duplicates. */
function createComparison(): (earlier: Rule, rule: Rule) => boolean {
  const meaningOf = createMeaning();
  const known = new Map<Rule, string>();
  return (earlier, rule) => {
    if (areTwins(earlier, rule)) return true;
    const meaning = known.get(earlier) ?? meaningOf(earlier);
    known.set(earlier, meaning);
    return meaning === meaningOf(rule);
  };
}

function tell({ source, span }: Rule, earlier: Rule): Diagnostic {
  const related = [{ source: earlier.source, span: earlier.span, text: `this rule decides: \`${earlier.actions.verdict}\`` }];
  const details = { related, help: 'delete one of them, or join their actions' };
  return diagnostic('PKT3007', {}, { source, span, text: 'never reached' }, details);
}
