/** What rules count in a second, from counters that are read every so often. */
import type { SummaryRow } from '../events/rule-summary.ts';

export interface RuleRate extends SummaryRow {
  /** Place among the rules; the default is behind them all. */
  readonly order: number;
  readonly packets_per_s: number;
  readonly bytes_per_s: number;
  /** Packets a second at each reading, the newest last. */
  readonly history: readonly number[];
}

export interface Rates {
  /** Reads again. @param at_ms monotonic */
  next(rows: readonly SummaryRow[], at_ms: number): readonly RuleRate[];
}

const NOTHING: readonly number[] = [];

interface Known {
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly history: readonly number[];
}

/** @param kept readings that a history has at most */
export function createRates(kept: number): Rates {
  let before = new Map<string, Known>();
  let before_ms: number | null = null;
  return {
    next(rows, at_ms) {
      const seconds = before_ms === null ? 0 : (at_ms - before_ms) / 1000;
      const known = new Map<string, Known>();
      const rates = rows.map((row, order): RuleRate => {
        const name = row.rule ?? '';
        const last = before.get(name);
        const perSecond = (now: bigint, then: bigint | undefined) =>
          seconds <= 0 || then === undefined || now < then ? 0 : Number(now - then) / seconds;
        const packets_per_s = perSecond(row.packets, last?.packets);
        const earlier = last?.history ?? NOTHING;
        const idle = packets_per_s === 0 && earlier.every((rate) => rate === 0);
        const history = idle ? NOTHING : [...earlier, packets_per_s].slice(-kept);
        known.set(name, { packets: row.packets, bytes: row.bytes, history });
        return { ...row, order, packets_per_s, bytes_per_s: perSecond(row.bytes, last?.bytes), history };
      });
      before = known;
      before_ms = at_ms;
      return rates;
    },
  };
}
