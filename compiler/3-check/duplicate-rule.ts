import type { Program, Rule } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';

/** A condition without its places. */
function meaningOf(rule: Rule): string {
  return JSON.stringify(rule.condition, (key, value: unknown) =>
    key === 'span' ? undefined : typeof value === 'bigint' ? `${value}` : value,
  );
}

/** PKT3007: a rule whose packets an earlier one has decided about, to the letter. */
export function duplicateRule(program: Program): readonly Diagnostic[] {
  const decided = new Map<string, Rule>();
  const found: Diagnostic[] = [];
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
