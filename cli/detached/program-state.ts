/** What there is to say of a detached program. */
import { visible } from '../../compiler/diagnostics/visible.ts';
import type { PinnedProgram } from '../../runtime/pinned/pinned-program.ts';
import type { SummaryRow } from '../events/rule-summary.ts';

/** One a rule, the default last. */
export function counterRows({ loaded }: PinnedProgram): readonly SummaryRow[] {
  const { rules, default_verdict, events } = loaded.manifest;
  return loaded.counters().map(({ packets, bytes, logged, lost }, index) => {
    const rule = rules[index];
    return {
      rule: rule?.name ?? null,
      verdict: rule ? rule.verdict : default_verdict,
      packets,
      bytes,
      logged: events === null ? null : logged,
      lost: events === null ? null : lost,
    };
  });
}

/** Every packet is decided by one rule with a verdict, or by the default. */
export function packetsOf(rows: readonly SummaryRow[]): bigint {
  return rows.reduce((sum, { verdict, packets }) => (verdict === null ? sum : sum + packets), 0n);
}

/** As `pktc ls --json` and `pktc status --json` print it; `docs/output.md` says what each means. */
export function stateJson(program: PinnedProgram, rows: readonly SummaryRow[]) {
  const { manifest } = program.loaded;
  return {
    name: program.name,
    source: manifest.source,
    hook: manifest.hook,
    attached: program.attachments.map(({ place, mode, ifindex, gone }) => ({ place, ifindex, mode, gone: gone() })),
    rules: manifest.rules.length,
    since: new Date(program.since_ms).toISOString(),
    packets: packetsOf(rows),
    unconfirmed_s: program.unconfirmed_ms === null ? null : program.unconfirmed_ms / 1000,
    pktc: manifest.pktc,
  };
}

/** `eth0 (native), eth1 (gone)`; `nowhere` */
export function whereText({ attachments }: PinnedProgram): string {
  if (attachments.length === 0) return 'nowhere';
  return attachments.map((one) => `${visible(one.place)} (${one.gone() ? 'gone' : one.mode})`).join(', ');
}

/** `12 s`, `3 min`, `5 h`, `2 d`: whole units, rounded down. */
export function ageText(since_ms: number, now_ms: number): string {
  const seconds = Math.max(0, Math.floor((now_ms - since_ms) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
