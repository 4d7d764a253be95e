/** Interfaces that packets are sent to: a decision has room for the number of one of so many. */
import type { Program } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { redirectsOf } from './interfaces.ts';

/** 8 bits, `pktc_decision_to` in `templates/include/pktc/decision.h`. */
export const REDIRECTS_MAX = 256;

/** PKT4011 when there are more. */
export function redirectProblem(program: Program): Diagnostic | null {
  const redirects = redirectsOf(program);
  const rule = program.rules.find(({ actions }) => actions.redirect !== null && actions.redirect === redirects[REDIRECTS_MAX]);
  if (rule === undefined) return null;
  return diagnostic(
    'PKT4011',
    { interfaces: redirects.length, limit: REDIRECTS_MAX },
    { source: rule.source, span: rule.span, text: `interface ${REDIRECTS_MAX + 1}` },
    { help: 'split the file, and attach each part to interfaces of its own' },
  );
}
