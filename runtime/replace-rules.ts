/** New data for a program that is at work, in one store. */
import type { Artifact, Manifest } from './abi/manifest.ts';
import { type InKernel, ruleData } from './kernel-program.ts';
import { nextSlots } from './slots.ts';
import { verifyArtifact } from './verify-artifact.ts';

/**
 * Why the data cannot be replaced: they are of another program (other fields, conditions or actions), the rules are compiled in, they
 * name other interfaces, they are larger than the room there is, or there are no counters left for so many new rules.
 */
export type Obstacle = 'program' | 'compiled' | 'interfaces' | 'room' | 'counters';

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
  return next.data.length > data.store.capacity_bytes ? 'room' : null;
}

/** What is in maps and constants of its own, beside the data. */
function sameNames(now: Manifest, next: Manifest): boolean {
  const text = ({ interfaces, redirects, sets }: Manifest) => JSON.stringify([interfaces, redirects, sets]);
  return text(now) === text(next);
}

/**
 * @param next has no obstacle
 * @throws RuntimeError PKT6003, PKT6004, PKT6008, PKT6014; nothing has changed then
 */
export async function replaceData(inKernel: InKernel, next: Artifact): Promise<Replacement> {
  verifyArtifact(next);
  const { data, rules: before } = inKernel;
  if (data === null || next.data === null) return { replaced: false, obstacle: 'compiled' };
  const old = data.slots;
  const slots = nextSlots(old, next.manifest.rules, data.settled);
  if (slots === null) return { replaced: false, obstacle: 'counters' };
  inKernel.counters.clear(slots.reused);
  // Events of new rules may come before the store has returned: their names are known from now on.
  data.slots = slots;
  inKernel.rules = { manifest: next.manifest, slots };
  try {
    const { settled } = await data.store.replace(ruleData(next.manifest, next.data, slots));
    return {
      replaced: true,
      settled: settled.then(() => {
        data.settled = Math.max(data.settled, slots.generation);
      }),
    };
  } catch (error) {
    data.slots = old;
    inKernel.rules = before;
    throw error;
  }
}
