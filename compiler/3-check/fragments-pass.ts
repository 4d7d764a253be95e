import type { Program } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Alike } from './alike.ts';
import { leavesOf } from './leaves.ts';
import { satisfy } from './satisfy.ts';
import { stops } from './stops.ts';

const PORTS: ReadonlySet<string> = new Set(['sport', 'dport']);

/** PKT3004, once a file: it drops by port, and later fragments, which have no ports, pass. */
export function fragmentsPass(program: Program, { some: rules }: Alike): readonly Diagnostic[] {
  const { hook, defaultVerdict, partial } = program;
  if (partial || stops(defaultVerdict) !== null) return [];
  if (rules.some((rule) => [...leavesOf(rule.condition)].some((leaf) => leaf.predicate.field === 'frag'))) return [];
  const dropsRest = rules.some(
    (rule) => stops(rule.actions.verdict) !== null && !satisfy([{ kind: 'not', of: rule.condition }], hook).possible,
  );
  if (dropsRest) return [];
  for (const { actions, condition, source } of rules) {
    const verb = stops(actions.verdict);
    if (verb === null) continue;
    const port = [...leavesOf(condition)].find(({ predicate, negated }) => !negated && PORTS.has(predicate.field));
    if (!port) continue;
    return [
      diagnostic(
        'PKT3004',
        { verb },
        { source, span: port.predicate.span, text: 'only the first fragment of a datagram has ports' },
        {
          help: 'decide about the others: `match frag later -> drop`, or `-> pass`',
        },
      ),
    ];
  }
  return [];
}
