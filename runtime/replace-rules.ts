/** New data for a program that is at work, in one store. */
import type { Artifact, Manifest } from './abi/manifest.ts';
import { fitsIn, packetsAreThrough } from './data-store.ts';
import { type CurrentRules, type InKernel, type ProgramData, ruleData } from './kernel-program.ts';
import { type DataSlots, nextSlots } from './slots.ts';
import { verifyArtifact } from './verify-artifact.ts';

/**
 * Why the data cannot be replaced: they are of another program (other fields, conditions or actions), the rules are compiled in, they
 * name other interfaces, they are larger than the room there is, or there are no counters left for so many new rules.
 */
export type Obstacle = 'program' | 'compiled' | 'interfaces' | 'room' | 'counters';

/** Who is told of a change before packets see it, so that another process could go on from there. When it throws, nothing changes. */
export interface ChangeKeeper {
  /** New data are in a map of their own. */
  dataMade(next: Artifact, slots: DataSlots, map_fd: number): void;
  /** Another program is loaded, and attached nowhere. */
  programLoaded(next: InKernel, artifact: Artifact): void;
  /** It is attached wherever the one before was. */
  switched(): void;
}

export type Replacement =
  | {
      readonly replaced: true;
      /** Resolves when no packet is being judged by the old rules any more. */
      readonly settled: Promise<void>;
    }
  | { readonly replaced: false; readonly obstacle: Obstacle };

/** null: nothing is in the way, but perhaps the number of counters. */
export function obstacleTo({ data, rules: { manifest } }: InKernel, next: Artifact): Obstacle | null {
  if (next.manifest.object_sha256 !== manifest.object_sha256) return 'program';
  if (data === null || next.data === null) return 'compiled';
  if (!sameNames(manifest, next.manifest)) return 'interfaces';
  return fitsIn(next.data, data.store.room) ? null : 'room';
}

/** The same with the number of counters, when no packet is behind a change of before any more. */
export function foreseenObstacle(inKernel: InKernel, next: Artifact): Obstacle | null {
  const obstacle = obstacleTo(inKernel, next);
  const { data } = inKernel;
  if (obstacle !== null || data === null) return obstacle;
  return nextSlots(data.slots, next.manifest.rules, data.slots.generation) === null ? 'counters' : null;
}

/** What is in maps and constants of its own, beside the data. */
function sameNames(now: Manifest, next: Manifest): boolean {
  const text = ({ interfaces, redirects, sets }: Manifest) => JSON.stringify([interfaces, redirects, sets]);
  return text(now) === text(next);
}

/**
 * @param next has no obstacle
 * @param keeper null: the rules are this process's alone
 * @throws RuntimeError PKT6003, PKT6004, PKT6008, PKT6014; nothing has changed then
 */
export async function replaceData(inKernel: InKernel, next: Artifact, keeper: ChangeKeeper | null): Promise<Replacement> {
  verifyArtifact(next);
  const { data, rules: before } = inKernel;
  if (data === null || next.data === null) return { replaced: false, obstacle: 'compiled' };
  const old = data.slots;
  const slots = await slotsFor(inKernel, data, next);
  if (slots === null) return { replaced: false, obstacle: 'counters' };
  inKernel.counters.clear(slots.reused);
  // Events of new rules may come before the store has returned: their names are known from now on.
  data.slots = slots;
  setRules(inKernel, { manifest: next.manifest, slots });
  try {
    const { settled } = await data.store.replace(ruleData(next.manifest, next.data, slots), (map_fd) =>
      keeper?.dataMade(next, slots, map_fd),
    );
    return {
      replaced: true,
      settled: settled.then(() => {
        data.settled = Math.max(data.settled, slots.generation);
      }),
    };
  } catch (error) {
    data.slots = old;
    setRules(inKernel, before);
    throw error;
  }
}

function setRules(inKernel: InKernel, rules: CurrentRules): void {
  inKernel.rules = rules;
  for (const tell of inKernel.events?.namesChanged ?? []) tell();
}

/** Slots of rules that went with the last change are free when no packet is behind it any more; null: there are not enough. */
async function slotsFor({ libbpf, libc }: InKernel, data: ProgramData, { manifest }: Artifact): Promise<DataSlots | null> {
  const slots = nextSlots(data.slots, manifest.rules, data.settled);
  if (slots !== null || data.settled >= data.slots.generation) return slots;
  await packetsAreThrough(libbpf, libc);
  data.settled = data.slots.generation;
  return nextSlots(data.slots, manifest.rules, data.settled);
}
