import type { Span } from '../../grammar/source.ts';
import type { Expression, NumberRange, Program } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type Alike, inEvery } from './alike.ts';
import { leavesOf } from './leaves.ts';
import { satisfy } from './satisfy.ts';

/** Ports at which TLS, DTLS or QUIC begins with the first byte (IANA service names). */
const TLS_PORTS: readonly number[] = [443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 5061, 5671, 6697, 8443, 8883];

const NOWHERE: Span = { start: 0, end: 0 };
const RANGES: readonly NumberRange[] = TLS_PORTS.map((port) => [port, port]);

/** Neither port is one of those. */
const ELSEWHERE: Expression = {
  kind: 'not',
  of: {
    kind: 'or',
    of: ['sport', 'dport'].map((field) => ({ kind: 'in', field, ranges: RANGES, span: NOWHERE })),
  },
};

/** PKT3011: a rule that searches payloads of which nothing but the handshake is readable. */
export function searchesTls(program: Program, alike: Alike): readonly Diagnostic[] {
  const { hook } = program;
  return inEvery(alike, ({ condition, source }) => {
    const search = [...leavesOf(condition)].find(({ predicate }) => predicate.kind === 'contains');
    if (!search || satisfy([condition, ELSEWHERE], hook).possible || !satisfy([condition], hook).possible) return [];
    const { span } = search.predicate;
    return [
      diagnostic(
        'PKT3011',
        {},
        { source, span, text: 'searches what is encrypted' },
        {
          help: 'only the handshake is readable, the server name of its first packet among it; match addresses, or search where TLS ends',
        },
      ),
    ];
  });
}
