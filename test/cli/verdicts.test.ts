import { describe, expect, it } from 'vitest';
import { createEventTable } from '../../cli/events/event-table.ts';
import { answersText, renderSummary, type SummaryRow } from '../../cli/events/rule-summary.ts';
import { painter } from '../../compiler/diagnostics/paint.ts';
import type { Manifest, VerdictName } from '../../runtime/abi/manifest.ts';
import type { PacketEvent } from '../../runtime/events.ts';

const VERDICTS: readonly (VerdictName | null)[] = ['pass', 'drop', 'reject', 'redirect', 'audit', null];
const plain = painter(false);
const coloured = painter(true);

const row = (verdict: VerdictName | null): SummaryRow => ({
  rule: `rule_${verdict}`,
  verdict,
  packets: 1n,
  bytes: 60n,
  logged: null,
  lost: null,
});

describe('verdicts', () => {
  it('stand in the summary under each other, whichever they are', () => {
    const lines = renderSummary(VERDICTS.map(row), plain).split('\n');
    const column = lines[0]?.indexOf('VERDICT') ?? -1;
    expect(lines.slice(1, 7).map((line) => line.slice(column, column + 9).trim())).toEqual([
      'pass',
      'drop',
      'reject',
      'redirect',
      'audit',
      '-',
    ]);
  });

  it('have colours: red keeps out, yellow would, blue sends elsewhere, green passes', () => {
    const text = renderSummary(VERDICTS.map(row), coloured);
    const colours = { pass: '1;32', drop: '1;31', reject: '1;31', redirect: '1;34', audit: '1;33' };
    for (const [verdict, colour] of Object.entries(colours)) expect(text).toContain(`\x1b[${colour}m${verdict}`);
    expect(text).not.toMatch(/m-\s*\x1b/);
  });

  it('have room in the table of events, and no more than the rules need', () => {
    const table = (verdicts: readonly (VerdictName | null)[]) => {
      const rules = verdicts.map((verdict) => ({ name: 'r', verdict, logs: true }));
      return createEventTable({ rules } as unknown as Manifest, new Map([[1, 'eth0']]), plain);
    };
    const event = { time_ns: 0n, rule: 0, ifindex: 1, length: 60, sample: 1, payload: new Uint8Array() };
    const absent = { ethertype: 0x0806, vlan: null, src: null, dst: null, proto: null, sport: null, dport: null };
    const of = (verdict: VerdictName | null) =>
      ({ ...event, ...absent, flags: null, icmp_type: null, icmp_code: null, verdict }) as unknown as PacketEvent;
    for (const verdicts of [['pass', 'drop'], VERDICTS] as const) {
      const { header, row: line } = table(verdicts);
      for (const verdict of verdicts) {
        const text = line(of(verdict));
        expect(text.indexOf(verdict ?? '-')).toBe(header.indexOf('VERDICT'));
        expect(text.slice(0, header.indexOf('LEN') + 3)).toMatch(/60$/);
      }
    }
  });
});

describe('answers', () => {
  it('are told where a program rejects, with the reasons there were', () => {
    expect(answersText({ sent: 1234n, limited: 0n, silent: 0n })).toBe('rejected packets: 1,234 answered');
    expect(answersText({ sent: 0n, limited: 7n, silent: 2n })).toBe(
      'rejected packets: 0 answered, 7 not, for there were more than 100 a second on a CPU, 2 not, as nobody answers such packets',
    );
  });
});
