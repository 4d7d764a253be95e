import type { Program } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Alike } from './alike.ts';
import { satisfy } from './satisfy.ts';

/** PKT3006, once a file: rules behind one that decides about every packet. */
export function unreachable(program: Program, { some }: Alike): readonly Diagnostic[] {
  const { hook, rules } = program;
  const last = some.find(
    (rule) => rule.actions.verdict !== null && !satisfy([{ kind: 'not', of: rule.condition }], hook).possible,
  );
  const next = last && rules[last.index + 1];
  if (!last || !next) return [];
  return [
    diagnostic(
      'PKT3006',
      { rules: rules.length - next.index },
      { source: next.source, span: next.span, text: 'no packet comes this far' },
      {
        related: [{ source: last.source, span: last.span, text: 'this decides about every packet' }],
        help: 'move that rule to the end, or say it with `default`',
      },
    ),
  ];
}
