/** Events that did not reach the reader of `pktc run`, by rule and by where they were lost: in the ring, or on the way out. */
import { visible } from '../../compiler/diagnostics/visible.ts';
import type { LoadedProgram } from '../../runtime/load.ts';
import type { Terminal } from '../terminal.ts';
import { grouped, renderSummary, type SummaryRow } from './rule-summary.ts';

/** By the name of the rule. */
export type LossesByRule = ReadonlyMap<string, number | bigint>;

/** How often losses are looked for, in milliseconds. */
const LOOK_INTERVAL_MS = 2_000;
const NAMED_RULES = 3;
/** An event of a rule that this process has not seen. */
const UNKNOWN_RULE = '?';

export function countLoss(losses: Map<string, number>, rule: string | null): void {
  const name = rule ?? UNKNOWN_RULE;
  losses.set(name, (losses.get(name) ?? 0) + 1);
}

/** Whole lines of a text. */
export function wholeLines(text: Uint8Array): number {
  let lines = 0;
  for (let at = text.indexOf(0x0a); at >= 0; at = text.indexOf(0x0a, at + 1)) lines++;
  return lines;
}

/** Says it on stderr at the first events that are lost, and again whenever there are twice as many. */
export function watchLosses(loaded: LoadedProgram, terminal: Terminal): readonly NodeJS.Timeout[] {
  let said = 0n;
  const look = () => {
    const { rules } = loaded.manifest;
    const losses = new Map(
      loaded.counters().flatMap(({ lost }, at) => (lost > 0n ? [[rules[at]?.name ?? UNKNOWN_RULE, lost]] : [])),
    );
    const total = totalOf(losses);
    if (total === 0n || total < 2n * said) return;
    said = total;
    terminal.say(`note: ${eventsText(total)} lost so far, as they come faster than they are read: ${rulesText(losses)}`);
  };
  return loaded.manifest.events === null ? [] : [setInterval(look, LOOK_INTERVAL_MS)];
}

/** For stdout that takes no more: what would have been its last words. */
export function sayUnprinted(
  rows: readonly SummaryRow[],
  unprinted: LossesByRule,
  { events, duration_ms }: { readonly events: number; readonly duration_ms: number },
  terminal: Terminal,
): void {
  const lost = new Map(
    rows.flatMap(({ rule, lost }) => ((lost ?? 0n) > 0n ? [[rule ?? UNKNOWN_RULE, lost ?? 0n] as const] : [])),
  );
  const stages = [
    [lost, 'lost in the kernel, as they came faster than they were read'],
    [unprinted, 'read and not printed, as the output took no more'],
  ] as const;
  const said = stages.flatMap(([losses, where]) =>
    losses.size === 0 ? [] : [`${eventsText(totalOf(losses))} ${where}: ${rulesText(losses)}`],
  );
  const printed = `${eventsText(BigInt(events))} in ${(duration_ms / 1000).toFixed(1)} s`;
  terminal.say(`\n${renderSummary(rows, terminal.err.paint)}\n${[printed, ...said].join('\n')}`);
}

function totalOf(losses: LossesByRule): bigint {
  return [...losses.values()].reduce((sum: bigint, count) => sum + BigInt(count), 0n);
}

function eventsText(count: bigint): string {
  return `${grouped(count)} event${count === 1n ? '' : 's'}`;
}

/** `scan 1,200, names 34 and 7 more rules`: those with the most. */
function rulesText(losses: LossesByRule): string {
  const most = [...losses].sort(([, a], [, b]) => Number(BigInt(b) - BigInt(a)));
  const named = most.slice(0, NAMED_RULES).map(([rule, count]) => `${visible(rule)} ${grouped(count)}`);
  const more = most.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more rule${more === 1 ? '' : 's'}` : ''}`;
}
