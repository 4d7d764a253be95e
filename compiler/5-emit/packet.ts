/** What a program does ahead of its rules: reads the packet, and the one in it if a rule asks. */
import type { Plan } from '../4-plan/plan.ts';
import { call, decimal, name, type Statement } from './c.ts';

/** The packet's fields as the rules see them: `f`, and `in` for the packet in a tunnel. */
export function packetLocals({ inner }: Plan): readonly Statement[] {
  return (inner ? ['f', 'in'] : ['f']).map((variable) => ({
    kind: 'declare',
    variable: { type: 'struct pktc_fields', name: variable },
  }));
}

export function packetReading({ inner }: Plan): readonly Statement[] {
  const cleared = (variable: string): Statement => ({
    kind: 'do',
    value: call('__builtin_memset', name(`&${variable}`), decimal(0), name(`sizeof(${variable})`)),
  });
  if (!inner) return [cleared('f'), { kind: 'do', value: call('pktc_parse', name('ctx'), name('&f')) }];
  return [cleared('f'), cleared('in'), { kind: 'do', value: call('pktc_parse_both', name('ctx'), name('&f'), name('&in')) }];
}
