/** How full the sets of a program are. */
import { printDuration } from '../../grammar/values/duration.ts';
import type { DynamicSet } from '../../runtime/load.ts';
import { grouped } from '../events/rule-summary.ts';
import { renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** As `pktc set NAME ls --json` and `pktc status NAME --json` print it; `docs/output.md` says what each means. */
export function setJson({ about, state }: DynamicSet) {
  const { elements, size, refused } = state();
  return { set: about.name, key: about.key.map(({ field }) => field), elements, size, timeout_ms: about.timeout_ms, refused };
}

const COLUMNS = [
  { title: 'SET', align: 'left' },
  { title: 'KEY', align: 'left' },
  { title: 'ELEMENTS', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'TIMEOUT', align: 'right' },
  { title: 'REFUSED', align: 'right' },
] as const;

export function renderSets(sets: readonly DynamicSet[], paint: Terminal['out']['paint']): string {
  const rows = sets.map(({ about, state }) => {
    const { elements, size, refused } = state();
    const key = about.key.map(({ field }) => field).join(', ');
    const timeout = about.timeout_ms === null ? '-' : printDuration(about.timeout_ms);
    const cells = [about.name, key, grouped(elements), grouped(size), timeout];
    const full = refused > 0n || elements >= size;
    return [
      ...cells.map((text) => ({ text })),
      { text: grouped(refused), ...(full ? { style: (text: string) => paint('warning', text) } : {}) },
    ];
  });
  return renderTable(COLUMNS, rows, (text) => paint('bold', text));
}
