/** The screen of `pktc top`, as text: at most so many lines, of at most so many cells. */
import { type Paint, painter } from '../../compiler/diagnostics/paint.ts';
import { displayWidth, visible } from '../../compiler/diagnostics/visible.ts';
import { grouped } from '../events/rule-summary.ts';
import { verdictStyle, verdictText } from '../events/verdict-style.ts';
import { clip, line, padded, type Segment } from './clip.ts';
import type { RuleRate } from './rates.ts';
import type { SortKey, View } from './view.ts';

export interface TopState {
  readonly name: string;
  readonly hook: string;
  /** Where it is attached, and for how long it has been: as `pktc status` says it. */
  readonly where: string;
  readonly age: string;
  readonly rules: readonly RuleRate[];
  /** A line each, without colours, the newest last. null: no rule logs. */
  readonly events: readonly string[] | null;
  /** Since `top` was started, and before. */
  readonly lost: bigint;
  readonly lost_before: bigint;
  /** How much of the ring waits to be read: 0 to 1. */
  readonly ring_used: number;
  /** What the rules fill, in the order of the rules. */
  readonly sets: readonly SetFill[];
  /** The last thing that happened to the program; '': nothing. */
  readonly notice: string;
  readonly view: View;
}

export interface SetFill {
  readonly name: string;
  readonly elements: number;
  readonly size: number;
  /** How often an element found no room. */
  readonly refused: bigint;
}

const BARS = '▁▂▃▄▅▆▇█';
const SPARK = 24;
/** Fewer lines than this have room for rules alone. */
const LINES_FOR_EVENTS = 16;
const MOST_EVENTS = 12;
/** A ring that is fuller than this is about to lose events, and a set to refuse elements. */
const NEARLY_FULL = 0.9;
const KEYS = 'q quit  space pause  / filter  p b t l n o sort  ↑↓ scroll  ? help';

const HELP: readonly string[] = [
  'p  packets a second      b  bytes a second',
  't  packets altogether    l  lost events',
  'n  name                  o  order of the rules',
  '/  only rules whose name has this in it; Enter keeps it, Esc takes it away',
  'space  hold the picture still; the counters go on',
  '↑ ↓ page-up page-down  scroll',
  'q or Ctrl-C  leave; the program stays at work',
];

/** @param columns and rows: of the window; a line ends with a newline, the last one does not */
export function renderTop(state: TopState, columns: number, rows: number, paint: Paint = painter(false)): string {
  const head = headLines(state, columns, paint);
  const foot = [footLine(state, columns, paint)];
  const room = Math.max(0, rows - head.length - foot.length);
  const body = state.view.help
    ? HELP.map((text) => line([{ text: ` ${text}` }], columns)).slice(0, room)
    : bodyLines(state, columns, room, paint);
  const filled = [...head, ...body, ...new Array<string>(Math.max(0, room - body.length)).fill('')];
  return [...filled.slice(0, Math.max(0, rows - 1)), ...foot].slice(0, rows).join('\n');
}

function headLines(
  { name, hook, where, age, rules, sets, lost, lost_before, ring_used, events, view }: TopState,
  columns: number,
  paint: Paint,
) {
  const packets = rules.reduce((sum, rule) => (rule.verdict === null ? sum : sum + rule.packets_per_s), 0);
  const bytes = rules.reduce((sum, rule) => (rule.verdict === null ? sum : sum + rule.bytes_per_s), 0);
  const warn = (is: boolean) => (is ? (text: string) => paint('warning', text) : undefined);
  const before = lost_before > 0n ? `, ${grouped(lost_before)} before` : '';
  const logging: readonly Segment[] =
    events === null
      ? []
      : [
          { text: `  lost ${grouped(lost)}${before}`, style: warn(lost > 0n) },
          {
            text: `  ring ${Math.round(ring_used * 100)}%${ring_used > NEARLY_FULL ? ' (nobody reads)' : ''}`,
            style: warn(ring_used > NEARLY_FULL),
          },
        ];
  return [
    line(
      [
        ...(view.paused ? [{ text: ' PAUSED', style: (text: string) => paint('warning', text) }] : []),
        { text: ` ${visible(name)}`, style: (text) => paint('bold', text) },
        { text: `  ${hook}  ${where}  for ${age}  ${counted(rules.length - 1)}` },
      ],
      columns,
    ),
    line([{ text: ` ${short(packets)} packets/s  ${short(bytes)} bytes/s` }, ...logging], columns),
    ...(sets.length === 0 ? [] : [line([{ text: ' sets' }, ...sets.map((one) => fillSegment(one, paint))], columns)]),
  ];
}

/** `  blocked 123 of 100,000, 7 refused` */
function fillSegment({ name, elements, size, refused }: SetFill, paint: Paint): Segment {
  const pressed = refused > 0n || elements > size * NEARLY_FULL;
  const more = refused > 0n ? `, ${grouped(refused)} refused` : '';
  return {
    text: `  ${visible(name)} ${grouped(elements)} of ${grouped(size)}${more}`,
    style: pressed ? (text) => paint('warning', text) : undefined,
  };
}

function footLine({ view, notice }: TopState, columns: number, paint: Paint): string {
  if (view.typing) return line([{ text: ` filter: ${visible(view.filter)}_`, style: (text) => paint('bold', text) }], columns);
  if (notice !== '') return line([{ text: ` ${visible(notice)}`, style: (text) => paint('warning', text) }], columns);
  return line([{ text: ` ${KEYS}`, style: (text) => paint('frame', text) }], columns);
}

function bodyLines(state: TopState, columns: number, room: number, paint: Paint): readonly string[] {
  const wanted = state.events === null || room < LINES_FOR_EVENTS - 3 ? 0 : Math.min(MOST_EVENTS, Math.floor(room / 3));
  const events = wanted === 0 ? [] : eventLines(state.events ?? [], columns, wanted, paint);
  return [...ruleLines(state, columns, room - events.length, paint), ...events];
}

function eventLines(events: readonly string[], columns: number, lines: number, paint: Paint): readonly string[] {
  const shown = events.slice(-(lines - 1)).map((text) => line([{ text: ` ${text}` }], columns));
  const title = line([{ text: ' LAST EVENTS', style: (text) => paint('bold', text) }], columns);
  return [title, ...shown, ...new Array<string>(Math.max(0, lines - 1 - shown.length)).fill('')];
}

interface TopColumn {
  readonly title: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  /** In a window that is too narrow those with the highest number go first. */
  readonly spare: number;
  cell(rule: RuleRate): string;
}

const COLUMNS: readonly TopColumn[] = [
  { title: 'VERDICT', width: 8, align: 'left', spare: 3, cell: ({ verdict }) => verdictText(verdict) },
  { title: 'PACKETS/S', width: 9, align: 'right', spare: 0, cell: (rule) => short(rule.packets_per_s) },
  { title: 'BYTES/S', width: 8, align: 'right', spare: 1, cell: (rule) => short(rule.bytes_per_s) },
  { title: 'PACKETS', width: 15, align: 'right', spare: 2, cell: (rule) => grouped(rule.packets) },
  { title: 'LOST', width: 9, align: 'right', spare: 4, cell: ({ lost }) => (lost === null ? '' : grouped(lost)) },
  { title: 'LAST', width: SPARK, align: 'left', spare: 5, cell: ({ history }) => sparkline(history, SPARK) },
];
const NARROWEST_RULE = 8;
const WIDEST_RULE = 40;
const GAP = 2;

function ruleLines(state: TopState, columns: number, room: number, paint: Paint): readonly string[] {
  if (room <= 0) return [];
  const rules = chosenRules(state);
  const shown = columnsFor(columns);
  const used = shown.reduce((sum, { width }) => sum + width + GAP, 1);
  const longest = rules.reduce((most, rule) => Math.max(most, displayWidth(nameOf(rule))), 4);
  const width = Math.max(1, Math.min(longest, WIDEST_RULE, columns - used));
  const titles = shown.map(({ title, width: of, align }) => ({ text: `  ${padded(title, of, align)}` }));
  const bold = (text: string) => paint('bold', text);
  const header = line(
    [{ text: ` ${padded('RULE', width)}`, style: bold }, ...titles.map((title) => ({ ...title, style: bold }))],
    columns,
  );
  // What would be scrolled away altogether is not.
  const first = Math.min(state.view.scroll, Math.max(0, rules.length - (room - 1)));
  const lines = rules.slice(first, first + room - 1).map((rule) =>
    line(
      [
        { text: ` ${padded(nameOf(rule), width)}`, style: rule.rule === null ? (text) => paint('frame', text) : undefined },
        ...shown.map((column) => ({
          text: `  ${padded(column.cell(rule), column.width, column.align)}`,
          style: column.title === 'VERDICT' ? verdictStyle(paint, rule.verdict) : undefined,
        })),
      ],
      columns,
    ),
  );
  return [header, ...lines];
}

function columnsFor(columns: number): readonly TopColumn[] {
  let shown = [...COLUMNS];
  const needed = () => shown.reduce((sum, { width }) => sum + width + GAP, 1 + NARROWEST_RULE);
  while (shown.length > 1 && needed() > columns) {
    const last = Math.max(...shown.map(({ spare }) => spare));
    shown = shown.filter(({ spare }) => spare !== last);
  }
  return shown;
}

const nameOf = ({ rule }: RuleRate): string => (rule === null ? 'default' : visible(rule));

const ORDER: Readonly<Record<SortKey, (a: RuleRate, b: RuleRate) => number>> = {
  'packets/s': (a, b) => b.packets_per_s - a.packets_per_s,
  'bytes/s': (a, b) => b.bytes_per_s - a.bytes_per_s,
  packets: (a, b) => compare(b.packets, a.packets),
  lost: (a, b) => compare(b.lost ?? 0n, a.lost ?? 0n),
  name: (a, b) => compare(nameOf(a), nameOf(b)),
  order: () => 0,
};

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Those that are equal in what is asked for stand as they do in the file. */
export function chosenRules({ rules, view }: Pick<TopState, 'rules' | 'view'>): readonly RuleRate[] {
  const wanted = view.filter === '' ? rules : rules.filter((rule) => nameOf(rule).includes(visible(view.filter)));
  return [...wanted].sort((a, b) => ORDER[view.sort](a, b) || a.order - b.order);
}

/** The newest on the right; the highest one is full. */
function sparkline(history: readonly number[], width: number): string {
  const shown = history.slice(-width);
  const highest = Math.max(...shown, 0);
  if (highest === 0) return '';
  const bars = shown.map((rate) => (rate === 0 ? ' ' : (BARS[Math.min(7, Math.floor((rate / highest) * 8))] ?? ' ')));
  return bars.join('').padStart(width);
}

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** `0`, `9,999`, `12.3k`, `1.2M`: three digits or more. */
export function short(value: number): string {
  if (value < 10_000) return grouped(Math.round(value));
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${rest.toFixed(rest < 99.95 ? 1 : 0)}${UNITS[unit]}`;
}

function counted(rules: number): string {
  return clip(`${grouped(rules)} rule${rules === 1 ? '' : 's'}`, 20);
}
