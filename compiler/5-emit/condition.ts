/** A rule's condition as a C expression over `f`, and over `in` for the packet in a tunnel. */

import type { Field } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { Expression, NumberRange, Predicate } from '../2-resolve/program.ts';
import { kindListBit } from '../4-plan/kind-lists.ts';
import type { SetPlan, Slot } from '../4-plan/plan.ts';
import { isNeverAbsent, slotName } from '../4-plan/slots.ts';
import type { Target } from '../targets/target.ts';
import { binary, call, chain, decimal, type Expr, hex, member, name } from './c.ts';
import { elementsOf, memberTest } from './dynamic-sets.ts';
import { presence } from './fields.ts';
import type { Lists, ValueKind, ValueRange } from './lists.ts';
import type { PayloadSearch } from './payload.ts';
import { type RawField, rawTest, readingOf, type View } from './raw.ts';

export interface ConditionContext {
  readonly slots: ReadonlyMap<string, Slot>;
  readonly target: Target;
  readonly lists: Lists;
  /** Names and patterns of interfaces; the index is the bit. */
  readonly interfaces: readonly string[];
  /** Lists of option kinds; the index is the bit. */
  readonly kindLists: readonly (readonly number[])[];
  readonly payload: PayloadSearch;
  /** Sets that rules fill, by number. */
  readonly sets: readonly SetPlan[];
  /** Few rules are part of the walk, where values are in registers: `templates/include/pktc/few.h`. */
  readonly few?: boolean;
}

/** What has to be present in a packet for a test to count, and the test; several alternatives for an address, one a family. */
interface Guarded {
  readonly view: View;
  readonly needs: readonly Slot[];
  readonly test: Expr | null;
}

const FALSE = name('false');

/** @param view the packet that the expression is about: outside of `inner( )` it is `f` */
export function conditionOf(expression: Expression, context: ConditionContext, view: View = 'f'): Expr {
  switch (expression.kind) {
    case 'and':
      return allOf(expression.of, context, view);
    case 'or':
      return chain(
        '||',
        expression.of.map((part) => conditionOf(part, context, view)),
      );
    case 'not':
      return { kind: 'not', of: conditionOf(expression.of, context, view) };
    case 'inner':
      return innerCondition(expression.of, context);
    default:
      return anyOf(alternatives(expression, context, view), context);
  }
}

/** Every packet has a length, so what has none is no packet in a tunnel. */
function innerCondition(expression: Expression, context: ConditionContext): Expr {
  return chain('&&', [call('pktc_has', name('in'), name('PKTC_HAS_LEN')), conditionOf(expression, context, 'in')]);
}

/**
 * Side by side, the fields that have to be present are asked for at once, ahead of every comparison; what calls a function comes
 * last.
 */
function allOf(of: readonly Expression[], context: ConditionContext, view: View): Expr {
  const needs: Record<View, Slot[]> = { f: [], in: [] };
  const tests: Expr[] = [];
  for (const part of [...of].sort((a, b) => effort(a) - effort(b))) {
    const guarded = isPredicate(part) ? alternatives(part, context, view) : null;
    const [only] = guarded ?? [];
    if (guarded !== null && guarded.length === 1 && only !== undefined) {
      needs[only.view].push(...only.needs);
      if (only.test !== null) tests.push(only.test);
    } else {
      tests.push(guarded === null ? conditionOf(part, context, view) : anyOf(guarded, context));
    }
  }
  return chain('&&', [...has('f', needs.f, context), ...has('in', needs.in, context), ...tests]);
}

function isPredicate(expression: Expression): expression is Predicate {
  return !['and', 'or', 'not', 'inner'].includes(expression.kind);
}

/** 0: values are compared; 1: bytes are fetched; 2: the payload is searched. */
function effort(expression: Expression): number {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return Math.max(0, ...expression.of.map(effort));
    case 'not':
    case 'inner':
      return effort(expression.of);
    case 'contains':
      return 2;
    case 'member':
      return 1;
    default:
      return fieldNamed(expression.field)?.read.kind === 'raw' ? 1 : 0;
  }
}

function anyOf(alternatives: readonly Guarded[], context: ConditionContext): Expr {
  return chain(
    '||',
    alternatives.map(({ view, needs, test }) => chain('&&', [...has(view, needs, context), ...(test === null ? [] : [test])])),
  );
}

/** `pktc_has(f, A | B)`, unless all are always there; in the quick walk the compiler knows most of it. */
export function has(view: View, needs: readonly Slot[], { few }: ConditionContext): readonly Expr[] {
  const slots = [...new Set(needs)].filter((slot) => {
    const field = fieldNamed(slot.field);
    return field === undefined || !isNeverAbsent(field);
  });
  slots.sort((a, b) => a.bit - b.bit);
  return slots.length === 0 ? [] : [call(few ? 'pktc_known' : 'pktc_has', name(view), chain('|', slots.map(presence)))];
}

function alternatives(predicate: Predicate, context: ConditionContext, inView: View): readonly Guarded[] {
  const constant = context.target.constants[predicate.field];
  if (constant !== undefined) return holdsFor(predicate, constant) ? [{ view: 'f', needs: [], test: null }] : [];
  const field = fieldNamed(predicate.field);
  // What is known beside the packet is known of the outer one.
  const view = field?.read.kind === 'context' ? 'f' : inView;
  if (predicate.kind === 'member') {
    const elements = elementsOf(predicate.fields, predicate.set, context, view);
    return elements.map((element) => ({ view, needs: element.needs, test: memberTest(predicate.set, element) }));
  }
  if (predicate.kind === 'address') return addressAlternatives(predicate, context, view);
  if (predicate.kind === 'masked') return maskedAlternatives(predicate, context, view);
  if (isRaw(field)) return [{ view, ...rawTest(predicate, field.read, context, view) }];
  if (predicate.kind === 'present') return presentAlternatives(predicate.field, context, view);
  const slot = context.slots.get(slotName(predicate.kind === 'contains' ? 'payload.len' : predicate.field));
  return slot === undefined ? [] : [{ view, needs: [slot], test: testOf(predicate, slot, context, view) }];
}

function isRaw(field: Field | undefined): field is RawField {
  return field?.read.kind === 'raw';
}

function presentAlternatives(field: string, context: ConditionContext, view: View): readonly Guarded[] {
  const slots = field === 'payload' ? ['payload_off'] : [slotName(field), slotName(field, '4'), slotName(field, '6')];
  return slots
    .map((slot) => context.slots.get(slot))
    .filter((slot) => slot !== undefined)
    .map((slot) => ({ view, needs: [slot], test: null }));
}

/** A predicate on a value that is the same for every packet of this hook. */
function holdsFor(predicate: Predicate, value: number): boolean {
  switch (predicate.kind) {
    case 'in':
      return predicate.ranges.some(([first, last]) => value >= first && value <= last);
    case 'bits':
      return (BigInt(value) & BigInt(predicate.mask)) === BigInt(predicate.value);
    case 'some':
      return (BigInt(value) & BigInt(predicate.mask)) !== 0n;
    case 'present':
      return true;
    default:
      return false;
  }
}

type ValuePredicate = Exclude<Predicate, { kind: 'address' | 'masked' | 'present' | 'member' }>;

function testOf(predicate: ValuePredicate, slot: Slot, context: ConditionContext, view: View): Expr | null {
  const value = readingOf(member(view, slot.name), context);
  switch (predicate.kind) {
    case 'in':
      return inRanges(predicate.ranges, value, slot, context);
    case 'bits':
      return binary(binary(value, '&', hex(predicate.mask)), '==', hex(predicate.value));
    case 'some':
      return someBit(value, BigInt(predicate.mask));
    case 'kinds':
      return someBit(value, kindListBit(context.kindLists, predicate.kinds), predicate.negated);
    case 'interface':
      return someBit(value, interfaceBits(predicate.names, context.interfaces), predicate.negated);
    case 'contains':
      return context.payload.contains(predicate, view);
  }
}

function someBit(value: Expr, mask: bigint, negated = false): Expr {
  return binary(binary(value, '&', hex(mask)), negated ? '==' : '!=', decimal(0));
}

function interfaceBits(names: readonly string[], interfaces: readonly string[]): bigint {
  return names.reduce((bits, one) => bits | (1n << BigInt(interfaces.indexOf(one))), 0n);
}

/** null: every value the field can have. */
function inRanges(ranges: readonly NumberRange[], value: Expr, slot: Slot, context: ConditionContext): Expr | null {
  const kind = valueKind(slot);
  const [first] = ranges;
  if (first === undefined) return FALSE;
  if (first[0] <= 0 && BigInt(first[1]) >= kind.max) return null;
  return context.lists.contains(value, kind, ranges);
}

const IPV4: ValueKind = { width: 'u32', max: 0xffff_ffffn, digits: 8 };
const IPV6: ValueKind = { width: 'u128', max: (1n << 128n) - 1n, digits: 16 };
const MAC: ValueKind = { width: 'u64', max: 0xffff_ffff_ffffn, digits: 12 };

function valueKind(slot: Slot): ValueKind {
  const type = fieldNamed(slot.field)?.type;
  if (type?.kind === 'mac') return MAC;
  const bits = type?.kind === 'uint' || type?.kind === 'flags' ? type.bits : 8 * slot.bytes;
  return { width: slot.bytes <= 4 ? 'u32' : 'u64', max: (1n << BigInt(bits)) - 1n, digits: null };
}

/** The slots of an address field, and its value in C by family. */
function families(field: string, context: ConditionContext, view: View) {
  const { slots, few } = context;
  const v4 = slots.get(slotName(field, '4'));
  const v6 = slots.get(slotName(field, '6'));
  return {
    v4: v4 && { slot: v4, value: readingOf(member(view, v4.name), context) },
    v6: v6 && {
      slot: v6,
      value: few ? call('pktc_value6', member(view, v6.name)) : call('pktc_read6', name(`&${view}->${v6.name}`)),
    },
  };
}

function addressAlternatives(
  { field, v4, v6 }: Extract<Predicate, { kind: 'address' }>,
  context: ConditionContext,
  view: View,
): readonly Guarded[] {
  const values = families(field, context, view);
  const family = (one: typeof values.v4, kind: ValueKind, ranges: readonly ValueRange[]): readonly Guarded[] => {
    const [first] = ranges;
    if (one === undefined || first === undefined) return [];
    const whole = BigInt(first[0]) === 0n && BigInt(first[1]) === kind.max;
    return [{ view, needs: [one.slot], test: whole ? null : context.lists.contains(one.value, kind, ranges) }];
  };
  return [...family(values.v4, IPV4, v4), ...family(values.v6, IPV6, v6)];
}

const HALF = 64n;
const LOW = (1n << HALF) - 1n;

/** Negated, the address may as well be of the other family. */
function maskedAlternatives(
  { field, family, mask, value, negated }: Extract<Predicate, { kind: 'masked' }>,
  context: ConditionContext,
  view: View,
): readonly Guarded[] {
  const { v4, v6 } = families(field, context, view);
  if (v4 === undefined || v6 === undefined) return [];
  const halves = (address: bigint) => [hex(address >> HALF, IPV6.digits ?? 1), hex(address & LOW, IPV6.digits ?? 1)];
  const same =
    family === 4
      ? binary(binary(v4.value, '&', hex(mask, IPV4.digits ?? 1)), negated ? '!=' : '==', hex(value, IPV4.digits ?? 1))
      : call('pktc_masked6', v6.value, ...halves(mask), ...halves(value));
  const test: Expr = family === 6 && negated ? { kind: 'not', of: same } : same;
  const [own, other] = family === 4 ? [v4.slot, v6.slot] : [v6.slot, v4.slot];
  return [{ view, needs: [own], test }, ...(negated ? [{ view, needs: [other], test: null }] : [])];
}
