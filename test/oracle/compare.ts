/** One frame after another, pktc against libpcap. */
import { createInterpreter } from '../../compiler/interpret.ts';
import { programOf } from '../differential/program-of.ts';
import { hex } from '../packets/build-packet.ts';
import { differenceOf, TAGS_DIFFERENCE, withoutTags } from './differences.ts';
import type { Equivalent } from './expressions.ts';
import type { Libpcap } from './libpcap.ts';

export interface Comparison {
  readonly condition: string;
  /** Frames on which the two agree, by what they say. */
  readonly both: number;
  readonly neither: number;
  /** Frames on which they differ for a listed reason, by its name. */
  readonly explained: ReadonlyMap<string, number>;
  /** Frames on which they differ and should not. */
  readonly unexplained: readonly { readonly frame: string; readonly ours: boolean }[];
}

export function compareWithLibpcap(
  libpcap: Libpcap,
  equivalents: readonly Equivalent[],
  frames: readonly Uint8Array[],
): readonly Comparison[] {
  const program = programOf(equivalents.map(({ condition }) => `match ${condition} -> count\n`).join(''));
  const interpret = createInterpreter(program);
  const matched = frames.map((frame) => new Set(interpret(frame).rules));
  const untagged = frames.map(withoutTags);
  return equivalents.map((equivalent, index) => {
    const filter = libpcap.compile(equivalent.expression);
    const explained = new Map<string, number>();
    const unexplained: { frame: string; ours: boolean }[] = [];
    const agreed = { both: 0, neither: 0 };
    frames.forEach((frame, at) => {
      const bare = untagged[at] ?? frame;
      const ours = matched[at]?.has(index) ?? false;
      const theirs = filter.matches(frame);
      if (ours === theirs) {
        agreed[ours ? 'both' : 'neither']++;
        return;
      }
      const reason = reasonOf(frame, bare, ours, equivalent, filter);
      if (reason === null) {
        unexplained.push({ frame: hex(frame), ours });
      } else {
        explained.set(reason, (explained.get(reason) ?? 0) + 1);
      }
    });
    return { condition: equivalent.condition, ...agreed, explained, unexplained };
  });
}

function reasonOf(
  frame: Uint8Array,
  bare: Uint8Array,
  ours: boolean,
  { condition, tagged }: Equivalent,
  filter: ReturnType<Libpcap['compile']>,
): string | null {
  // With its tags taken off, libpcap has to agree; or there is another reason besides.
  if (bare !== frame && tagged === undefined && filter.matches(bare, frame.length) === ours) {
    return TAGS_DIFFERENCE;
  }
  return differenceOf(bare, ours, condition);
}
