import type { Program, Rule } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { areTwins, createMeaning, createSieve } from './meaning.ts';

/** PKT3007: a rule whose packets an earlier one has decided about, to the letter. */
export function duplicateRule({ rules }: Program): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const sieve = createSieve();
  const isSame = createComparison();
  /** Rules with a verdict, where their number says or behind that; an open-addressing table, half full at most. */
  const table = new Int32Array(2 ** Math.ceil(Math.log2(2 * rules.length + 2)));
  const numbers = new Int32Array(table.length);
  const mask = table.length - 1;
  for (const rule of rules) {
    const number = sieve(rule);
    let slot = number & mask;
    let earlier: Rule | undefined;
    for (; table[slot] !== 0; slot = (slot + 1) & mask) {
      earlier = numbers[slot] === number ? rules[(table[slot] ?? 0) - 1] : undefined;
      if (earlier && isSame(earlier, rule)) break;
    }
    if (table[slot] !== 0 && earlier) {
      found.push(tell(rule, earlier));
    } else if (rule.actions.verdict !== null) {
      table[slot] = rule.index + 1;
      numbers[slot] = number;
    }
  }
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
