import type { Predicate, Program } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type Alike, inEvery } from './alike.ts';
import { leavesOf } from './leaves.ts';
import { satisfy } from './satisfy.ts';
import { stops } from './stops.ts';

const SYN = 0x02;
const ACK = 0x10;
const SYN_ACK: Predicate = { kind: 'bits', field: 'flags', mask: 0xff, value: SYN | ACK, span: { start: 0, end: 0 } };

/** PKT3003: `flags SYN -> drop`, which also drops the answer to one's own connections. */
export function dropsSynAck(program: Program, alike: Alike): readonly Diagnostic[] {
  const { hook } = program;
  return inEvery(alike, (rule) => {
    const { source } = rule;
    const verb = stops(rule.actions.verdict);
    if (verb === null) return [];
    const asked = [...leavesOf(rule.condition)].find(
      ({ predicate, negated }) =>
        !negated &&
        predicate.kind === 'bits' &&
        predicate.field === 'flags' &&
        predicate.mask === SYN &&
        predicate.value === SYN,
    );
    if (!asked || !satisfy([rule.condition, SYN_ACK], hook).possible) return [];
    const { span } = asked.predicate;
    const at = { start: span.end, end: span.end };
    const plain = /^flags\s+SYN$/.test(source.text.slice(span.start, span.end));
    return [
      diagnostic(
        'PKT3003',
        { verb },
        { source, span, text: 'other flags do not matter' },
        {
          help: plain ? null : 'write `flags SYN,!ACK` for the first packet of a connection',
          fixes: plain
            ? [{ title: 'write `flags SYN,!ACK` for the first packet of a connection', edits: [{ span: at, text: ',!ACK' }] }]
            : [],
        },
      ),
    ];
  });
}
