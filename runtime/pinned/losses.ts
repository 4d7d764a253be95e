/** Events that found the ring full, counted by the kernel for each rule, told as they come. */
import type { PinnedProgram } from './pinned-program.ts';

export interface Loss {
  readonly rule: string | null;
  readonly lost: bigint;
}

type Counted = ReadonlyMap<string, Loss>;

/** Counters go on when rules change: what a rule has lost is known by what it says, wherever it stands. */
export function createLosses(program: PinnedProgram) {
  let known = countedBy(program);
  let before = 0n;
  for (const { lost } of known.values()) before += lost;
  const untold = new Map<string | null, bigint>();
  let last = program;
  const look = () => {
    const now = countedBy(last);
    for (const [identity, { rule, lost }] of now) {
      const more = lost - (known.get(identity)?.lost ?? 0n);
      if (more > 0n) untold.set(rule, (untold.get(rule) ?? 0n) + more);
    }
    known = now;
  };
  return {
    before,
    /** @param anew its counters began at nought */
    goOn(next: PinnedProgram, anew: boolean): void {
      look();
      if (anew) known = new Map();
      last = next;
    },
    take(): readonly Loss[] {
      look();
      const losses = [...untold].map(([rule, lost]) => ({ rule, lost }));
      untold.clear();
      return losses;
    },
  };
}

function countedBy({ loaded }: PinnedProgram): Counted {
  const { rules, events } = loaded.manifest;
  const counted = new Map<string, Loss>();
  if (events === null) return counted;
  for (const [index, { lost }] of loaded.counters().entries()) {
    if (lost === 0n) continue;
    const rule = rules[index];
    const identity = rule?.identity ?? '';
    counted.set(identity, { rule: rule?.name ?? null, lost: lost + (counted.get(identity)?.lost ?? 0n) });
  }
  return counted;
}
