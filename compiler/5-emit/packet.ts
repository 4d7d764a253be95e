/** What a program does ahead of its rules: reads the packet, and the one in it if a rule asks. */
import { isFew } from '../4-plan/few.ts';
import { plainPartsOf } from '../4-plan/plain-flow.ts';
import type { Plan } from '../4-plan/plan.ts';
import { isQuickTree } from '../4-plan/stack.ts';
import { binary, call, decimal, type Expr, name, type Statement } from './c.ts';

/** The packet's fields as the rules see them: `f`, and `in` for the packet in a tunnel. */
export function packetLocals(plan: Plan): readonly Statement[] {
  const { inner, innerRoom } = plan;
  const declared = (type: string, variable: string): Statement => ({ kind: 'declare', variable: { type, name: variable } });
  const f = declared('struct pktc_fields', 'f');
  if (recalls(plan)) return [f, declared('bool', 'counted')];
  if (!inner) return [f];
  return [f, innerRoom === 'map' ? declared('struct pktc_fields *', 'in') : declared('struct pktc_fields', 'in')];
}

/** A pointer to the fields of the packet in a tunnel. */
export function innerAddress({ innerRoom }: Plan): Expr {
  return name(innerRoom === 'map' ? 'in' : '&in');
}

/** Packets of flows that are known have been counted with their flow. */
export function packetCounting(plan: Plan): readonly Statement[] {
  const add: Statement = { kind: 'do', value: call('pktc_add', call('pktc_decision_rule', name('decision')), name('f.len')) };
  return recalls(plan) ? [{ kind: 'if', condition: { kind: 'not', of: name('counted') }, body: [add] }] : [add];
}

/** Whether flows are asked for ahead of the rules' data. */
function recalls(plan: Plan): boolean {
  return plainPartsOf(plan) !== null;
}

export function packetReading(plan: Plan): readonly Statement[] {
  if (isFew(plan)) {
    const decided = call('pktc_decide_usual', name('ctx'), name('direction'), name('&f'));
    return [{ kind: 'set', to: name('decision'), operator: '=', value: decided }];
  }
  if (isQuickTree(plan)) {
    const decided = call('pktc_decide_by_key', name('ctx'), name('direction'), name('&f'));
    const byKey: Statement = { kind: 'set', to: name('decision'), operator: '=', value: decided };
    if (!recalls(plan)) return [byKey];
    const recalled = call('pktc_recall', name('ctx'), name('&f'), name('&counted'));
    const unknown = call('unlikely', binary(name('decision'), '==', name('PKTC_UNDECIDED')));
    return [
      { kind: 'set', to: name('decision'), operator: '=', value: recalled },
      { kind: 'if', condition: unknown, body: [byKey] },
    ];
  }
  return wholeReading(plan);
}

/** Of any packet. */
export function wholeReading(plan: Plan): readonly Statement[] {
  const cleared = (variable: string): Statement => ({
    kind: 'do',
    value: call('__builtin_memset', name(`&${variable}`), decimal(0), name(`sizeof(${variable})`)),
  });
  const context: Statement = { kind: 'do', value: call('pktc_read_context', name('&f'), name('ctx'), name('direction')) };
  if (!plan.inner) return [cleared('f'), { kind: 'do', value: call('pktc_parse', name('ctx'), name('&f')) }, context];
  const read: Statement = { kind: 'do', value: call('pktc_parse_both', name('ctx'), name('&f'), innerAddress(plan)) };
  if (plan.innerRoom === 'stack') return [cleared('f'), cleared('in'), read, context];
  const found: Statement = { kind: 'set', to: name('in'), operator: '=', value: call('pktc_inner_room') };
  return [cleared('f'), found, { kind: 'if', condition: name('in'), body: [read] }, context];
}
