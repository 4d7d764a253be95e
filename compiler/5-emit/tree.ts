/** What the C of a program has whose rules are a tree: the packet's key, and the conditions that boxes do not carry. */
import { SCALAR_MAX } from '../4-plan/boxes/dimensions.ts';
import { conditionCost } from '../4-plan/cost.ts';
import { type FlowKey, flowKey } from '../4-plan/flow-lines.ts';
import { type PlainPart, plainPartsOf } from '../4-plan/plain-flow.ts';
import type { FlowLines, Plan, Slot, TreePlan } from '../4-plan/plan.ts';
import { slotName } from '../4-plan/slots.ts';
import { isQuickTree } from '../4-plan/stack.ts';
import type { Bits } from '../4-plan/tree/box-set.ts';
import { KEY_SCALARS, keyWords } from '../4-plan/tree/record-layout.ts';
import {
  BLANK,
  binary,
  call,
  chain,
  type Declaration,
  decimal,
  type Expr,
  hex,
  member,
  name,
  type Parameter,
  type Statement,
} from './c.ts';
import { type ConditionContext, conditionOf } from './condition.ts';
import { presence, presenceName } from './fields.ts';
import { innerAddress, wholeReading } from './packet.ts';
import { recordDeclarations } from './tree-records.ts';

/** As in the chain: conditional jumps reach 32,767 instructions. */
const FUNCTION_INSTRUCTIONS_MAX = 12_000;

const FIELDS: Parameter = { type: 'struct pktc_fields *', name: 'f' };
const INNER: Parameter = { type: 'struct pktc_fields *', name: 'in' };
const CONTEXT: Parameter = { type: 'struct pktc_ctx *', name: 'ctx' };
const CHECK: Parameter = { type: '__u32', name: 'check' };

export interface TreeCode {
  readonly declarations: readonly Declaration[];
  readonly calls: readonly Statement[];
}

export function treeCode(plan: Plan, tree: TreePlan, context: ConditionContext): TreeCode {
  const inner = plan.inner;
  const quick = isQuickTree(plan);
  const plain = plainPartsOf(plan);
  const wants = [
    ...(tree.checks.length > 0 ? ['PKTC_WANT_CHECKS'] : []),
    ...(inner && tree.checks.length > 0 ? ['PKTC_CHECKS_INNER'] : []),
    ...(tree.observers ? ['PKTC_WANT_EACH'] : []),
    ...(tree.flowLines === null ? [] : ['PKTC_WANT_FLOW_CACHE']),
    ...(quick ? ['PKTC_WANT_USUAL'] : []),
  ];
  const given = [name('ctx'), name('&f'), ...(wants.includes('PKTC_CHECKS_INNER') ? [innerAddress(plan)] : [])];
  const decide: Statement = { kind: 'set', to: name('decision'), operator: '=', value: call('pktc_decide', ...given) };
  const unusual = binary(name('decision'), '==', name('PKTC_UNUSUAL'));
  return {
    declarations: [
      { kind: 'define', name: 'PKTC_KEY_WORDS', value: decimal(keyWords(tree.shape)) },
      { kind: 'include', path: 'pktc/data.h' },
      BLANK,
      ...wants.map((want): Declaration => ({ kind: 'define', name: want, value: decimal(1) })),
      ...(tree.flowLines === null ? [] : flowDefines(tree.flowLines, flowKey(tree.shape))),
      ...(plain === null ? [] : [plainDefine(plain)]),
      ...(wants.length > 0 ? [BLANK] : []),
      { kind: 'define', name: 'PKTC_RECORDS_H', value: null },
      ...recordDeclarations(tree.shape),
      BLANK,
      ...checkFunctions(tree, context, inner),
      keyFunction(tree, context.slots),
      BLANK,
      { kind: 'include', path: 'pktc/classify.h' },
      ...(quick ? [{ kind: 'include', path: 'pktc/classify_usual.h' } as const] : []),
      BLANK,
    ],
    calls: quick ? [{ kind: 'if', condition: unusual, body: [...wholeReading(plan), decide] }] : [decide],
  };
}

function flowDefines({ ipv4, ipv6 }: FlowLines, { bits, shifts }: FlowKey): readonly Declaration[] {
  return [
    { kind: 'define', name: 'PKTC_FLOW_LINES4', value: decimal(ipv4) },
    { kind: 'define', name: 'PKTC_FLOW_LINES6', value: decimal(ipv6) },
    { kind: 'define', name: 'PKTC_FLOW_BITS', value: decimal(bits) },
    { kind: 'define', name: 'PKTC_FLOW_SHIFTS', value: { kind: 'list', of: shifts.map(decimal) } },
  ];
}

function plainDefine(parts: readonly PlainPart[]): Declaration {
  const names = ['packets', ...parts].map((part) => name(`PKTC_PLAIN_${part.toUpperCase()}`));
  return { kind: 'define', name: 'PKTC_PLAIN_PARTS', value: chain('|', names) };
}

/** One function or several, and `pktc_check`, which calls the one that has the check. */
function checkFunctions({ checks }: TreePlan, context: ConditionContext, inner: boolean): readonly Declaration[] {
  if (checks.length === 0) return [];
  const blocks = checkBlocks(checks);
  const parameters = [CONTEXT, FIELDS, ...(inner ? [INNER] : []), CHECK];
  const functions = blocks.map(
    ([first, end], block): Declaration => ({
      kind: 'function',
      linkage: 'global',
      returns: 'int',
      name: `pktc_check_${block}`,
      parameters,
      body: [
        { kind: 'if', condition: missing(inner), body: [{ kind: 'return', value: decimal(0) }] },
        { kind: 'do', value: call('pktc_keep', name('ctx')) },
        ...(inner ? [{ kind: 'do', value: call('pktc_keep', name('in')) } as const] : []),
        BLANK,
        ...checks.slice(first, end).flatMap(({ condition, rule }, at): readonly Statement[] => [
          { kind: 'comment', text: `check ${first + at + 1}`, rule },
          {
            kind: 'if',
            condition: binary(name('check'), '==', decimal(first + at + 1)),
            body: [{ kind: 'return', value: conditionOf(condition, context) }],
          },
        ]),
        { kind: 'end of rules' },
        { kind: 'return', value: decimal(0) },
      ],
    }),
  );
  const given = parameters.map((parameter) => name(parameter.name));
  return [
    ...functions.flatMap((one) => [one, BLANK]),
    {
      kind: 'function',
      linkage: 'inline',
      returns: 'bool',
      name: 'pktc_check',
      // In one form whether or not rules look into tunnels.
      parameters: [CONTEXT, FIELDS, INNER, CHECK],
      body: [
        ...(inner ? [] : [{ kind: 'do', value: name('(void)in') } as const]),
        ...blocks.map(([, end], block): Statement => {
          const answer: Statement = { kind: 'return', value: call(`pktc_check_${block}`, ...given) };
          if (block === blocks.length - 1) return answer;
          return { kind: 'if', condition: binary(name('check'), '<=', decimal(end)), body: [answer] };
        }),
      ],
    },
    BLANK,
  ];
}

function missing(inner: boolean): Expr {
  const no = (pointer: string): Expr => ({ kind: 'not', of: name(pointer) });
  return inner ? chain('||', [no('f'), no('in')]) : no('f');
}

function checkBlocks(checks: TreePlan['checks']): readonly (readonly [number, number])[] {
  const blocks: [number, number][] = [];
  let [first, sum] = [0, 0];
  checks.forEach(({ condition }, index) => {
    const cost = conditionCost(condition);
    if (index > first && sum + cost > FUNCTION_INSTRUCTIONS_MAX) {
      blocks.push([first, index]);
      first = index;
      sum = 0;
    }
    sum += cost;
  });
  return [...blocks, [first, checks.length]];
}

/** Fills the key, and says which kind of packet it is by its addresses. */
export function keyFunction(tree: Pick<TreePlan, 'shape' | 'src' | 'dst'>, slots: ReadonlyMap<string, Slot>): Declaration {
  return {
    kind: 'function',
    linkage: 'inline',
    returns: '__u32',
    name: 'pktc_fill_key',
    parameters: [
      { type: 'const struct pktc_fields *', name: 'f' },
      { type: 'struct pktc_key *', name: 'key' },
      { type: 'const bool', name: 'usual' },
    ],
    body: [
      { kind: 'do', value: name('(void)usual') },
      ...scalarStatements(tree),
      ...addressStatements(tree, slots),
      { kind: 'return', value: name('PKTC_KIND_NO_ADDRESS') },
    ],
  };
}

function keyWord(index: number): Expr {
  return { kind: 'element', of: member('key', 'at'), index };
}

function scalarStatements({ shape }: Pick<TreePlan, 'shape'>): readonly Statement[] {
  const { scalars, bits } = shape;
  const set = (at: number, value: Expr): Statement => ({ kind: 'set', to: keyWord(KEY_SCALARS + at), operator: '=', value });
  return [
    ...(scalars.length === 0 && bits === null ? [{ kind: 'do', value: name('(void)key') } as const] : []),
    ...scalars.map(({ slot, max }, at): Statement => {
      const value = call('pktc_taken', member('f', slot));
      return set(at, max === SCALAR_MAX ? call('pktc_scalar', value) : value);
    }),
    ...(bits === null ? [] : bitsStatements(bits, keyWord(KEY_SCALARS + scalars.length))),
  ];
}

/** The flags, and the bits of fields that the packet has. */
function bitsStatements({ flags, presence: fields, max }: Bits, to: Expr): readonly Statement[] {
  const free = fields.reduce((rest, { bit }) => rest & ~bit, max);
  const taken = flags === null ? null : call('pktc_taken', member('f', flags.slot));
  return [
    ...(taken === null ? [] : [fields.length === 0 ? taken : binary(taken, '&', hex(free))]),
    ...fields.map(({ slot, bit }) => call('pktc_marked', name('f'), name(presenceName(slot)), hex(bit))),
  ].map((value, at): Statement => ({ kind: 'set', to, operator: at === 0 ? '=' : '|=', value }));
}

interface Side {
  readonly field: 'src' | 'dst';
  /** Place in the key; the low half of an IPv6 address is behind it. */
  readonly at: number;
}

const SIDES: readonly Side[] = [
  { field: 'src', at: 0 },
  { field: 'dst', at: 2 },
];

function addressStatements(tree: Pick<TreePlan, 'src' | 'dst'>, slots: ReadonlyMap<string, Slot>): readonly Statement[] {
  const used = SIDES.filter(({ field }) => tree[field]);
  if (used.length === 0) return [{ kind: 'do', value: name('(void)f') }];
  const both: readonly Statement[] = [whole('4', used, 'PKTC_KIND_IPV4', slots), whole('6', used, 'PKTC_KIND_IPV6', slots)];
  if (used.length === 1) return both;
  const source = used.slice(0, 1);
  return [...both, whole('4', source, 'PKTC_KIND_SOURCE4', slots), whole('6', source, 'PKTC_KIND_SOURCE6', slots)];
}

/** The packets that have all of these addresses in one family. */
function whole(family: '4' | '6', sides: readonly Side[], kind: string, slots: ReadonlyMap<string, Slot>): Statement {
  const found = sides.flatMap(({ field, at }) => {
    const slot = slots.get(slotName(field, family));
    return slot === undefined ? [] : [{ slot, at }];
  });
  return {
    kind: 'if',
    condition: call(
      'pktc_shows',
      name('f'),
      chain(
        '|',
        found.map(({ slot }) => presence(slot)),
      ),
    ),
    body: [
      ...found.flatMap(({ slot, at }): readonly Statement[] => {
        const set = (place: number, from: string): Statement => ({
          kind: 'set',
          to: keyWord(place),
          operator: '=',
          value: member('f', from),
        });
        return family === '4' ? [set(at, slot.name)] : [set(at, `${slot.name}.high`), set(at + 1, `${slot.name}.low`)];
      }),
      { kind: 'return', value: name(kind) },
    ],
  };
}
