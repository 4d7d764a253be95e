import { PAYLOAD_SEARCH_BYTES_MAX } from '../../grammar/fields/payload.ts';
import type { Program } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Alike } from './alike.ts';
import { predicatesOf } from './leaves.ts';

/** PKT3012, once a file: where the kernel merges packets, a payload may go on behind what is searched. */
export function searchBound(program: Program, { some: rules }: Alike): readonly Diagnostic[] {
  const { hook } = program;
  if (hook === 'xdp') return [];
  for (const { condition, source } of rules) {
    for (const predicate of predicatesOf(condition)) {
      const { kind, span } = predicate;
      if (kind !== 'contains' || predicate.within < PAYLOAD_SEARCH_BYTES_MAX) continue;
      const text = source.text.slice(span.start, span.end);
      const field = /^[\w.]+(?=\s+contains\b)/.exec(text)?.[0];
      if (field === undefined) continue;
      const at = { start: span.start + field.length, end: span.start + field.length };
      const fix = `${field} within ${PAYLOAD_SEARCH_BYTES_MAX} contains`;
      return [
        diagnostic(
          'PKT3012',
          { limit: PAYLOAD_SEARCH_BYTES_MAX, hook },
          { source, span, text: 'searched so far and no further' },
          {
            help: 'the kernel merges the segments of a connection before this hook (GRO), up to 64 KiB and beyond',
            fixes: [
              {
                title: `write \`${fix} …\` to say that this will do`,
                edits: [{ span: at, text: ` within ${PAYLOAD_SEARCH_BYTES_MAX}` }],
              },
            ],
          },
        ),
      ];
    }
  }
  return [];
}
