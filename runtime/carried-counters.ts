/** What programs counted that others have taken the place of, by the identity of the rules. */
import type { Manifest } from './abi/manifest.ts';
import type { RuleCounter } from './counters.ts';
import { packetsAreThrough } from './data-store.ts';
import type { InKernel } from './kernel-program.ts';

export interface CarriedCounters {
  /**
   * A program that has been taken off everywhere. Packets that it is still judging are counted; it is closed when they are through,
   * and that is when the result resolves.
   */
  take(old: InKernel): Promise<void>;
  /** @param counters one a rule of the manifest, and one for the default */
  addTo(manifest: Manifest, counters: readonly RuleCounter[]): readonly RuleCounter[];
  /** Programs that have not been closed yet are closed now. */
  close(): void;
}

/** Counts by identity; '' stands for the default, which no rule has for an identity. */
export type Counts = ReadonlyMap<string, RuleCounter>;

export const DEFAULT = '';
const NOTHING: RuleCounter = { packets: 0n, bytes: 0n, logged: 0n, lost: 0n };

/** @param before what programs counted that this process never had */
export function createCarried(before: Counts = new Map()): CarriedCounters {
  let settledCounts = before;
  const leaving = new Set<InKernel>();
  const fold = (old: InKernel) => {
    if (!leaving.delete(old)) return;
    settledCounts = total(settledCounts, countsOf(old));
    old.close();
  };
  return {
    async take(old) {
      leaving.add(old);
      // Without the means to wait the counts are taken as they are: a packet that is under way is worth less than a program too many.
      await packetsAreThrough(old.libbpf, old.libc).catch(() => {});
      fold(old);
    },
    addTo({ rules }, counters) {
      if (settledCounts.size === 0 && leaving.size === 0) return counters;
      const counts = [...leaving].map(countsOf).reduce(total, settledCounts);
      return counters.map((counter, index) => sum(counter, counts.get(rules[index]?.identity ?? DEFAULT) ?? NOTHING));
    },
    close() {
      for (const old of leaving) old.close();
      leaving.clear();
    },
  };
}

/** What this program counted itself, of the rules that it has now. */
export function countsOf({ counters, rules: { manifest, slots } }: InKernel): Counts {
  const read = counters.read(slots);
  return new Map(read.map((counter, index) => [manifest.rules[index]?.identity ?? DEFAULT, counter]));
}

export function total(one: Counts, other: Counts): Counts {
  const both = new Map(one);
  for (const [identity, counter] of other) both.set(identity, sum(both.get(identity) ?? NOTHING, counter));
  return both;
}

function sum(one: RuleCounter, other: RuleCounter): RuleCounter {
  return {
    packets: one.packets + other.packets,
    bytes: one.bytes + other.bytes,
    logged: one.logged + other.logged,
    lost: one.lost + other.lost,
  };
}
