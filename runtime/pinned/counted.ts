/** What programs counted that are gone, kept beside the one that is at work. */
import { renameSync } from 'node:fs';
import path from 'node:path';
import { type Counts, countsOf, total } from '../carried-counters.ts';
import type { RuleCounter } from '../counters.ts';
import { type Bpf, openEdition } from './edition.ts';
import { COUNTED, editionName, editionsOf, UNFINISHED } from './entries.ts';
import { pinBytes, readPinnedBytes } from './pinned-bytes.ts';

interface Counted {
  /** The edition that was added last: should it still be there, it is not to be added again. */
  readonly last: number;
  /** Identity, packets, bytes, logged, lost. */
  readonly counts: readonly (readonly [string, string, string, string, string])[];
}

const NOTHING: Counted = { last: 0, counts: [] };

function readCounted({ libbpf, libc }: Bpf, folder: string): Counted {
  const bytes = readPinnedBytes(libbpf, libc, path.join(folder, COUNTED));
  return bytes === null ? NOTHING : (JSON.parse(Buffer.from(bytes).toString('utf8')) as Counted);
}

function countsFrom({ counts }: Counted): Counts {
  return new Map(
    counts.map(([identity, packets, bytes, logged, lost]) => [
      identity,
      { packets: BigInt(packets), bytes: BigInt(bytes), logged: BigInt(logged), lost: BigInt(lost) } satisfies RuleCounter,
    ]),
  );
}

/** Of every edition but one: those that are gone, and those that still are there. @throws RuntimeError as `openEdition` */
export function countsBeside(bpf: Bpf, folder: string, edition: number): Counts {
  const counted = readCounted(bpf, folder);
  const others = editionsOf(folder).filter((other) => other !== edition && other !== counted.last);
  return others.map((other) => ownCounts(bpf, folder, other)).reduce(total, countsFrom(counted));
}

/** The last edition that was added. */
export function lastCounted(bpf: Bpf, folder: string): number {
  return readCounted(bpf, folder).last;
}

/**
 * Adds what an edition counted that no packet is judged by any more. Done twice it counts once.
 * @param living identities of the rules that there are: what others counted is forgotten, or there would be more of it with each reload
 * @throws RuntimeError as `openEdition`
 */
export function addCounts(bpf: Bpf, folder: string, edition: number, living: ReadonlySet<string>): void {
  const before = readCounted(bpf, folder);
  if (before.last === edition) return;
  const counts = [...total(countsFrom(before), ownCounts(bpf, folder, edition))].flatMap(
    ([identity, { packets, bytes, logged, lost }]) =>
      packets + bytes + logged + lost === 0n || !living.has(identity)
        ? []
        : [[identity, `${packets}`, `${bytes}`, `${logged}`, `${lost}`] as const],
  );
  const made = path.join(folder, `${UNFINISHED}${COUNTED}`);
  pinBytes(bpf.libbpf, bpf.libc, made, Buffer.from(JSON.stringify({ last: edition, counts } satisfies Counted)));
  renameSync(made, path.join(folder, COUNTED));
}

function ownCounts(bpf: Bpf, folder: string, edition: number): Counts {
  const { inKernel } = openEdition(bpf, path.join(folder, editionName(edition)));
  try {
    return countsOf(inKernel);
  } finally {
    inKernel.close();
  }
}
