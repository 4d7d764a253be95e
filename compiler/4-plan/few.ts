/** Few rules: they are part of the walk over the headers, anew for each kind of packet (`templates/include/pktc/usual.h`). */
import type { Plan } from './plan.ts';
import { comparisonsOf } from './ways.ts';

/** So few rules are a chain without further ado: their code is there once for each kind of packet, nine times. */
export const FEW_RULES_MAX = 32;

/** From so many comparisons on, values are hidden from the verifier, which costs an addition each. */
const COMPARISONS_MAX = 8_000;

/** Whether the program's rules are part of its quick walk. */
export function isFew(plan: Plan): boolean {
  const { classifier, program } = plan;
  if (classifier.name !== 'chain' || classifier.long || program.rules.length > FEW_RULES_MAX) return false;
  return walksQuickly(plan);
}

/**
 * Whether the quick walk may fill a key for the trees, if the stack has room for it. Rules that observe have more to do than to be
 * found, and at a cgroup the stack is full of what is in maps elsewhere.
 */
export function mayBeQuickTree(plan: Plan): boolean {
  const { classifier, hook } = plan;
  return classifier.name === 'tree' && !classifier.observers && !hook.startsWith('cgroup') && walksQuickly(plan);
}

/** A socket filter can only copy, and the other two want the fields in memory. */
function walksQuickly({ hook, inner, patterns }: Plan): boolean {
  return hook !== 'socket' && !inner && patterns === null;
}

/** Whether the verifier may follow what few rules learn of a value. */
export function isStraight({ program }: Plan): boolean {
  // What is added, and where not, is not among the comparisons that are counted.
  if (program.rules.some(({ actions }) => actions.adds !== undefined)) return false;
  return comparisonsOf(program, COMPARISONS_MAX) < COMPARISONS_MAX;
}
