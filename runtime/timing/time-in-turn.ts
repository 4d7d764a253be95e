import type { PacketTimer, Passes, Timed } from './packet-timer.ts';

/** Nanoseconds a packet over several rounds. */
export interface Times {
  readonly median_ns: number;
  readonly least_ns: number;
  readonly most_ns: number;
  /** One a round. */
  readonly all: readonly number[];
}

export interface Effort {
  readonly rounds: number;
  /** Packets in each. */
  readonly repeat: number;
}

/** What is timed, on the trace as it is or otherwise. */
export type Turn = Timed | (Passes & { readonly timed: Timed });

/**
 * Each of them once a round, one after the other: a machine that becomes slower does so for all of them, and figures of one call
 * can be compared with each other. A round before the first warms up and does not count.
 */
export function timeInTurn(timer: PacketTimer, timed: readonly Turn[], { rounds, repeat }: Effort): readonly Times[] {
  const all = timed.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [index, one] of timed.entries()) {
      const time_ns = typeof one === 'object' ? timer.time(one.timed, repeat, one) : timer.time(one, repeat);
      if (round >= 0) all[index]?.push(time_ns);
    }
  }
  return all.map(timesOf);
}

/** @param all at least one */
export function timesOf(all: readonly number[]): Times {
  const sorted = [...all].sort((a, b) => a - b);
  const [least, most] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  return { median_ns: medianOf(all), least_ns: least, most_ns: most, all };
}

/** @param all at least one */
export function medianOf(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
