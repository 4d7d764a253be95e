/** Who would be cut off: the program itself is asked, in the kernel, before it is attached to anything. */
import type { Artifact, AttachPoint, Manifest, ManifestRule } from '../../runtime/abi/manifest.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import type { Carried } from './carried-flows.ts';
import { type Direction, type SessionEnds, sessionFrames } from './session-frames.ts';

export interface Lockout {
  readonly carried: Carried;
  /** The first packet that does not come through, of the first of its flows. */
  readonly what: string;
  readonly direction: Direction;
  /** null: no rule does it, the default does. */
  readonly rule: ManifestRule | null;
}

/** A packet socket's program sees copies; what a control group's drops never was an interface's. */
const DIRECTIONS: Readonly<Partial<Record<AttachPoint, Direction>>> = {
  xdp: 'ingress',
  'tc ingress': 'ingress',
  'tc egress': 'egress',
};

/** Whether there can be anybody at all. */
export function canLockOut({ programs, rules, default_verdict }: Manifest): boolean {
  const takes = (verdict: string | null) => verdict === 'drop' || verdict === 'reject' || verdict === 'redirect';
  return (
    programs.some(({ at }) => DIRECTIONS[at] !== undefined) &&
    (takes(default_verdict) || rules.some(({ verdict }) => takes(verdict)))
  );
}

/**
 * The program is loaded for this alone, so that its counters and its events are those of packets that came.
 * @throws RuntimeError as `loadArtifact` does
 */
export function findLockouts(artifact: Artifact, carried: readonly Carried[]): readonly Lockout[] {
  if (carried.length === 0) return [];
  const loaded = loadArtifact(artifact);
  try {
    return carried.flatMap((one) => {
      const losses = one.flows.map((flow) => firstLoss(loaded, one.ifname, flow));
      const [first] = losses;
      return first && losses.every((loss) => loss !== null) ? [{ carried: one, ...first }] : [];
    });
  } finally {
    loaded.close();
  }
}

/** null: everything comes through. */
function firstLoss(loaded: LoadedProgram, iface: string, ends: SessionEnds): Omit<Lockout, 'carried'> | null {
  for (const { at } of loaded.programs) {
    const direction = DIRECTIONS[at];
    if (direction === undefined) continue;
    for (const { what, bytes } of sessionFrames(ends, direction)) {
      if (loaded.testRun(bytes, { at, iface }).outcome === 'pass') continue;
      return { what, direction, rule: decidingRule(loaded, () => loaded.testRun(bytes, { at, iface })) };
    }
  }
  return null;
}

/** Every rule that matches counts; the last one of them ended it, unless it only looks on. */
function decidingRule(loaded: LoadedProgram, again: () => void): ManifestRule | null {
  const matched = loaded.watchCounters();
  again();
  const last = loaded.manifest.rules[matched().at(-1) ?? -1];
  return last === undefined || last.verdict === null || last.verdict === 'audit' ? null : last;
}
