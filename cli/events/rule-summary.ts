/** What each rule did, printed when a command ends. */
import type { Paint } from '../../compiler/diagnostics/paint.ts';
import { visible } from '../../compiler/diagnostics/visible.ts';
import type { VerdictName } from '../../runtime/abi/manifest.ts';
import type { AnswerCounts } from '../../runtime/answers.ts';
import { renderTable } from '../table.ts';
import { verdictStyle, verdictText } from './verdict-style.ts';

/** `rule` is null for the packets that no verdict caught. */
export interface SummaryRow {
  readonly rule: string | null;
  readonly verdict: VerdictName | null;
  readonly packets: bigint;
  readonly bytes: bigint;
  /** null: the command does not log. */
  readonly logged: bigint | null;
  readonly lost: bigint | null;
}

const NUMBERS = ['PACKETS', 'BYTES', 'LOGGED', 'LOST'] as const;

/** Of more rules than this, those are shown that a packet matched. */
const ALL_SHOWN = 200;

/** `1,234,567` */
export function grouped(count: bigint | number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function renderSummary(rows: readonly SummaryRow[], paint: Paint): string {
  const logs = rows.some((row) => row.logged !== null);
  const columns = [
    { title: 'RULE', align: 'left' as const },
    { title: 'VERDICT', align: 'left' as const },
    ...NUMBERS.slice(0, logs ? 4 : 2).map((title) => ({ title, align: 'right' as const })),
  ];
  const shown = rows.length > ALL_SHOWN ? rows.filter(({ rule, packets }) => rule === null || packets > 0n) : rows;
  const lines = shown.map((row) => [
    row.rule === null ? { text: 'default', style: (text: string) => paint('frame', text) } : { text: visible(row.rule) },
    { text: verdictText(row.verdict), style: verdictStyle(paint, row.verdict) },
    { text: grouped(row.packets) },
    { text: grouped(row.bytes) },
    ...(logs ? [{ text: grouped(row.logged ?? 0n) }, lostCell(row.lost ?? 0n, paint)] : []),
  ]);
  const table = renderTable(columns, lines, (text) => paint('bold', text));
  const idle = rows.length - shown.length;
  return idle === 0 ? table : `${table}${grouped(idle)} more rules, which no packet matched\n`;
}

function lostCell(lost: bigint, paint: Paint) {
  return { text: grouped(lost), style: (text: string) => (lost > 0n ? paint('warning', text) : text) };
}

/** The `rules` and `default` members of a JSON summary. */
export function summaryJson(rows: readonly SummaryRow[]) {
  const members = (row: SummaryRow) => ({
    verdict: row.verdict,
    packets: row.packets,
    bytes: row.bytes,
    ...(row.logged === null ? {} : { logged: row.logged, lost: row.lost }),
  });
  const rules = rows.filter((row) => row.rule !== null).map((row) => ({ rule: row.rule, ...members(row) }));
  const last = rows.find((row) => row.rule === null);
  return { rules, default: last ? { verdict: last.verdict, packets: last.packets, bytes: last.bytes } : null };
}

/** What became of packets that were rejected: `5 answered, 2 beyond the limit, 1 that gets no answer`. */
export function answersText({ sent, limited, silent }: AnswerCounts): string {
  const parts = [`rejected packets: ${grouped(sent)} answered`];
  if (limited > 0n) parts.push(`${grouped(limited)} not, for there were more than 100 a second on a CPU`);
  if (silent > 0n) parts.push(`${grouped(silent)} not, as nobody answers such packets`);
  return parts.join(', ');
}
