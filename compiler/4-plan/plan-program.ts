/** Program x Target -> Plan. */
import { direction } from '../../grammar/fields/direction.ts';
import type { Program } from '../2-resolve/program.ts';
import type { Outcome } from '../diagnostics/diagnostic.ts';
import type { Target } from '../targets/target.ts';
import { type ClassifierOptions, chooseClassifier } from './classifier.ts';
import { fixedCost } from './cost.ts';
import { hookProblems } from './hook-actions.ts';
import { interfacePatterns, interfaceProblem, redirectsOf } from './interfaces.ts';
import { kindListProblem, kindLists } from './kind-lists.ts';
import { longListProblem } from './long-lists.ts';
import { planPatterns, searchCost } from './patterns.ts';
import type { Plan } from './plan.ts';
import { readsOf } from './reads.ts';
import { redirectProblem } from './redirects.ts';
import { ruleKinds, withOneOfEachKind } from './rule-kinds.ts';
import { setPlans } from './set-plans.ts';
import { depthFor, EVENT_FIELDS, slotsFor } from './slots.ts';
import { stackProblem, withRoom } from './stack.ts';

/** Of a ring at least, a power of two: at 0.5 M events/s of 136 bytes it holds about 60 ms. */
const RING_BYTES = 4 << 20;

/** The same for records with bytes of the frame, which are larger. */
const FRAME_RING_BYTES = 16 << 20;

/** Of all rings: two of them hold four million events a second for 45 ms, longer than a busy machine keeps a reader waiting. */
const RINGS_BYTES = 32 << 20;

/** What a caller may insist on; as a rule the planner chooses. */
export interface PlanOptions extends ClassifierOptions {
  /** Bytes of the frame that events carry, for a capture file of them; at least 64. Without it they carry none. */
  readonly frameBytes?: number | undefined;
}

function eventsOf(payloadBytes: number, frameBytes: number): NonNullable<Plan['events']> {
  return { payloadBytes, frameBytes, ringBytes: frameBytes > 0 ? FRAME_RING_BYTES : RING_BYTES, ringsBytes: RINGS_BYTES };
}

export function planProgram(program: Program, target: Target, options: PlanOptions = {}): Outcome<Plan | null> {
  const kinds = ruleKinds(program.rules);
  const oneEach = withOneOfEachKind(program, kinds);
  if (hookProblems(oneEach, target).length > 0) return { value: null, diagnostics: hookProblems(program, target) };
  const logs = oneEach.rules.flatMap((rule) => (rule.actions.log === null ? [] : [rule.actions.log]));
  const payloadBytes = Math.max(0, ...logs.map((log) => log.payload));
  const reads = readsOf(oneEach, payloadBytes > 0);
  const patterns = planPatterns(oneEach);
  if (patterns.problem !== null) return { value: null, diagnostics: [patterns.problem] };
  const problem = interfaceProblem(oneEach) ?? redirectProblem(oneEach) ?? kindListProblem(oneEach) ?? longListProblem(oneEach);
  if (problem !== null) return { value: null, diagnostics: [problem] };
  const fixed = fixedCost(reads.inner) + searchCost(patterns.search);
  const chosen = chooseClassifier(program, kinds, target, fixed, options);
  if (chosen.classifier === null) return { value: null, diagnostics: [chosen.problem] };
  const { classifier, cost } = chosen;

  const fields = new Set([...reads.fields, ...(logs.length > 0 ? EVENT_FIELDS : [])]);
  for (const field of Object.keys(target.constants)) fields.delete(field);
  const frameBytes = options.frameBytes ?? 0;
  // A capture says of each packet which way it went; where the hook knows, that is one store of a constant.
  if (frameBytes > 0 && logs.length > 0) fields.add(direction.name);
  const lists = kindLists(oneEach);
  const slots = slotsFor(fields, reads.places, lists.length);
  const onStack: Plan = {
    program,
    actions: oneEach.rules.map(({ actions }) => actions),
    hook: target.hook,
    slots,
    depth: reads.inner ? 'transport' : depthFor(slots),
    inner: reads.inner,
    innerRoom: 'stack',
    raw: reads.raw,
    kindLists: lists,
    classifier,
    patterns: patterns.search,
    interfaces: interfacePatterns(oneEach),
    redirects: redirectsOf(oneEach),
    sets: setPlans(program),
    events: logs.length > 0 ? eventsOf(payloadBytes, frameBytes) : null,
    counters: program.rules.length + 1,
    cost,
  };
  const plan = withRoom(onStack);
  const overflow = stackProblem(plan);
  if (overflow === null) return { value: plan, diagnostics: [] };
  // Without a cache, and as a chain, it needs less of the stack.
  if (classifier.name === 'tree' && classifier.flowLines !== null)
    return planProgram(program, target, { ...options, flowCache: false });
  if (classifier.name === 'tree' && options.classifier === undefined) {
    const chained = planProgram(program, target, { ...options, classifier: 'chain' });
    if (chained.value !== null) return chained;
  }
  return { value: null, diagnostics: [overflow] };
}
