/** What was measured, for people. */
import type { Program } from '../../compiler/2-resolve/program.ts';
import { visible } from '../../compiler/diagnostics/visible.ts';
import type { Times } from '../../runtime/timing/time-in-turn.ts';
import { type Cell, type Column, renderTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { FileCost, PacketCost } from './measure-file.ts';

const COLUMNS: readonly Column[] = [
  { title: 'ns a packet', align: 'left' },
  { title: 'median', align: 'right' },
  { title: 'spread', align: 'right' },
  { title: 'x floor B', align: 'right' },
];
const RULE_COLUMNS: readonly Column[] = [
  { title: 'decided by', align: 'left' },
  { title: 'ns a packet', align: 'right' },
  { title: 'x floor B', align: 'right' },
];
/** Of the most expensive ones. */
const RULES_SHOWN = 8;

export function renderCost(cost: FileCost, program: Program, { out }: Terminal): string {
  const floor = cost.floorParse.median_ns;
  const worst = cost.packets[0];
  const rows = [
    timesRow('floor A: copy, run, drop', cost.floorRun, null),
    timesRow('floor B: copy, read every header, drop', cost.floorParse, null),
    timesRow('these rules', cost.all, floor),
  ];
  if (worst !== undefined) {
    const text = `the most expensive single packet`;
    rows.push([{ text }, { text: worst.time_ns.toFixed(1) }, { text: '' }, { text: times(worst.time_ns, floor) }]);
  }
  const title = (text: string) => out.paint('bold', text);
  const rules = byRule(cost.packets, program).map(({ name, time_ns }): readonly Cell[] => [
    { text: name },
    { text: time_ns.toFixed(1) },
    { text: times(time_ns, floor) },
  ]);
  return `${renderTable(COLUMNS, rows, title)}\n${renderTable(RULE_COLUMNS, rules, title)}`;
}

function timesRow(text: string, { median_ns, least_ns, most_ns }: Times, floor: number | null): readonly Cell[] {
  return [
    { text },
    { text: median_ns.toFixed(1) },
    { text: `${least_ns.toFixed(1)}-${most_ns.toFixed(1)}` },
    { text: floor === null ? '' : times(median_ns, floor) },
  ];
}

function times(time_ns: number, floor: number): string {
  return (time_ns / floor).toFixed(2);
}

/** The most expensive packet of each rule that was tried: the most expensive rules, and always the first, the last and the default. */
function byRule(packets: readonly PacketCost[], { rules }: Program): readonly { name: string; time_ns: number }[] {
  const most = new Map<number, number>();
  for (const { rule, time_ns } of packets) {
    const index = rule ?? rules.length;
    most.set(index, Math.max(time_ns, most.get(index) ?? 0));
  }
  const known = [...most.keys()].sort((a, b) => a - b);
  const ends = [
    known[0],
    known.filter((index) => index < rules.length).at(-1),
    most.has(rules.length) ? rules.length : undefined,
  ];
  const dear = [...most].sort(([, a], [, b]) => b - a).slice(0, RULES_SHOWN);
  const shown = new Set([...ends.filter((index) => index !== undefined), ...dear.map(([index]) => index)]);
  return known
    .filter((index) => shown.has(index))
    .map((index) => ({
      name: index === rules.length ? 'the default' : `rule ${index + 1}, ${visible(rules[index]?.name ?? '')}`,
      time_ns: most.get(index) ?? 0,
    }));
}
