/** Rules as decision trees: their dimensions, the checks that boxes leave, and the data. */
import type { Program } from '../2-resolve/program.ts';
import type { Target } from '../targets/target.ts';
import { boxSetsOf } from './boxes/box-sets.ts';
import type { BoxesMemo } from './boxes/boxes-again.ts';
import { dimensionsOf } from './boxes/dimensions.ts';
import { conditionCost } from './cost.ts';
import { flowLines } from './flow-lines.ts';
import { redirectsOf } from './interfaces.ts';
import { plainFlow } from './plain-flow.ts';
import type { TreePlan } from './plan.ts';
import { ruleTables, TREE_RULES_MAX, wholeData } from './rule-data.ts';
import { type RuleKinds, withOneOfEachKind } from './rule-kinds.ts';
import { buildTrees, type TreesMemo } from './tree/build-trees.ts';

/** Checks are C: more of them than this and the verifier works longer than it is worth. */
const CHECKS_MAX = 1024;
const CHECK_INSTRUCTIONS_MAX = 200_000;

/** From so many rules on their counters do not stay in the processor's nearer caches, and packets are noted first: docs/performance.md. */
const TALLIED_RULES = 32_768;

/** What trees of one program may take in the kernel. */
export const DATA_BYTES_MAX = 256 << 20;

export interface TreeOptions {
  readonly partitions?: number;
  /** undefined: yes. Never where what rules ask may change within a flow. */
  readonly flowCache?: boolean | undefined;
  /** Most lines of each family on each CPU, a power of two; undefined: as many as pay. */
  readonly flowLines?: number | undefined;
  /** Whether packets are noted before they are counted; undefined: where there are many rules. Never at a cgroup. */
  readonly tallies?: boolean | undefined;
  /** Trees of the rules before a change. What comes of them judges alike, and may be other bytes. */
  readonly trees?: TreesMemo | undefined;
  /** Boxes of the rules before a change. */
  readonly boxes?: BoxesMemo | undefined;
}

/** The plan, or why the rules cannot be a tree: for people, to be read behind "not a tree: ". */
export function planTree(program: Program, kinds: RuleKinds, target: Target, options: TreeOptions): TreePlan | string {
  if (kinds.kinds.some(({ rule }) => rule.actions.adds !== undefined)) return 'rules that add to sets are tried in their order';
  if (program.rules.length > TREE_RULES_MAX) return `more than ${TREE_RULES_MAX.toLocaleString('en')} rules`;
  const dimensions = dimensionsOf(program, target, kinds);
  const boxes = boxSetsOf(program, dimensions, kinds, options.boxes);
  if (boxes === null) return 'the rules come to more than 4,194,304 ranges';
  const { checks } = boxes;
  const instructions = checks.reduce((sum, { condition }) => sum + conditionCost(condition), 0);
  if (checks.length > CHECKS_MAX || instructions > CHECK_INSTRUCTIONS_MAX) {
    return `${checks.length} different conditions that a tree cannot carry, ${CHECKS_MAX} at most`;
  }
  const tables = ruleTables(kinds, boxes.checkOf, redirectsOf(withOneOfEachKind(program, kinds)));
  if (tables === null) return 'more than 65,536 different actions';
  const start = tables.bytes.length;
  const partitions = options.partitions === undefined ? {} : { partitions: options.partitions };
  const trees = buildTrees(boxes.sets, dimensions.shape, {
    start,
    bytesMax: DATA_BYTES_MAX - start,
    entryBits: tables.entryBits,
    memo: options.trees,
    ...partitions,
  });
  if ('problem' in trees) return `the trees would take more than ${DATA_BYTES_MAX >> 20} MiB`;
  const { depth, leaf, nodes, records, partitions: divided, cost } = trees;
  const lines = options.flowCache === false ? null : flowLines(target, boxes, dimensions.shape, options.flowLines);
  return {
    shape: dimensions.shape,
    src: dimensions.src,
    dst: dimensions.dst,
    checks,
    observers: boxes.sets.some((set) => set?.mode === 'each'),
    flowLines: lines,
    plainFlow: lines === null ? null : plainFlow(dimensions),
    tallies: mayNote(target) && (options.tallies ?? program.rules.length >= TALLIED_RULES),
    boxes: boxes.sets.reduce((sum, set) => sum + (set?.count ?? 0), 0),
    data: wholeData(tables, trees),
    depth,
    leaf,
    nodes,
    records,
    partitions: divided,
    cost,
  };
}

/** At a cgroup another packet may come in between what is noted and what is added. */
function mayNote({ hook }: Target): boolean {
  return !hook.startsWith('cgroup');
}
