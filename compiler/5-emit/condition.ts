/** A rule's condition as a C expression over `f`. */

import { fieldNamed } from '../../grammar/fields/index.ts';
import type { BigRange, Expression, NumberRange, Predicate } from '../2-resolve/program.ts';
import type { Slot } from '../4-plan/plan.ts';
import { isNeverAbsent, slotName } from '../4-plan/slots.ts';
import type { Target } from '../targets/target.ts';
import { binary, call, chain, decimal, type Expr, hex, member, name } from './c.ts';
import { presence } from './fields.ts';
import type { Lists, ValueKind } from './lists.ts';

export interface ConditionContext {
  readonly slots: ReadonlyMap<string, Slot>;
  readonly target: Target;
  readonly lists: Lists;
}

/** What has to be present for a test to count, and the test; several alternatives for an address, one a family. */
interface Guarded {
  readonly needs: readonly Slot[];
  readonly test: Expr | null;
}

const FALSE = name('false');

export function conditionOf(expression: Expression, context: ConditionContext): Expr {
  switch (expression.kind) {
    case 'and':
      return allOf(expression.of, context);
    case 'or':
      return chain(
        '||',
        expression.of.map((part) => conditionOf(part, context)),
      );
    case 'not':
      return { kind: 'not', of: conditionOf(expression.of, context) };
    case 'inner':
      return FALSE;
    default:
      return anyOf(alternatives(expression, context));
  }
}

/** Side by side, the fields that have to be present are asked for at once, ahead of every comparison. */
function allOf(of: readonly Expression[], context: ConditionContext): Expr {
  const needs: Slot[] = [];
  const tests: Expr[] = [];
  for (const part of of) {
    const guarded =
      part.kind === 'and' || part.kind === 'or' || part.kind === 'not' || part.kind === 'inner'
        ? null
        : alternatives(part, context);
    const [only] = guarded ?? [];
    if (guarded !== null && guarded.length === 1 && only !== undefined) {
      needs.push(...only.needs);
      if (only.test !== null) tests.push(only.test);
    } else {
      tests.push(guarded === null ? conditionOf(part, context) : anyOf(guarded));
    }
  }
  return chain('&&', [...has(needs), ...tests]);
}

function anyOf(alternatives: readonly Guarded[]): Expr {
  return chain(
    '||',
    alternatives.map(({ needs, test }) => chain('&&', [...has(needs), ...(test === null ? [] : [test])])),
  );
}

/** `pktc_has(f, A | B)`, unless all are always there. */
function has(needs: readonly Slot[]): readonly Expr[] {
  const slots = [...new Set(needs)].filter((slot) => {
    const field = fieldNamed(slot.field);
    return field === undefined || !isNeverAbsent(field);
  });
  slots.sort((a, b) => a.bit - b.bit);
  return slots.length === 0 ? [] : [call('pktc_has', name('f'), chain('|', slots.map(presence)))];
}

function alternatives(predicate: Predicate, context: ConditionContext): readonly Guarded[] {
  const constant = context.target.constants[predicate.field];
  if (constant !== undefined) return holdsFor(predicate, constant) ? [{ needs: [], test: null }] : [];
  if (predicate.kind === 'address') return addressAlternatives(predicate, context);
  if (predicate.kind === 'present') {
    return [slotName(predicate.field), slotName(predicate.field, '4'), slotName(predicate.field, '6')]
      .map((slot) => context.slots.get(slot))
      .filter((slot) => slot !== undefined)
      .map((slot) => ({ needs: [slot], test: null }));
  }
  const slot = context.slots.get(slotName(predicate.field));
  if (slot === undefined || (predicate.kind !== 'in' && predicate.kind !== 'bits' && predicate.kind !== 'some')) return [];
  return [{ needs: [slot], test: testOf(predicate, slot, context) }];
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

function testOf(
  predicate: Extract<Predicate, { kind: 'in' | 'bits' | 'some' }>,
  slot: Slot,
  context: ConditionContext,
): Expr | null {
  const value = call('pktc_read', member('f', slot.name));
  if (predicate.kind === 'in') return inRanges(predicate.ranges, value, slot, context);
  const masked = binary(value, '&', hex(predicate.mask));
  return predicate.kind === 'bits' ? binary(masked, '==', hex(predicate.value)) : binary(masked, '!=', decimal(0));
}

/** null: every value the field can have. */
function inRanges(ranges: readonly NumberRange[], value: Expr, slot: Slot, context: ConditionContext): Expr | null {
  const kind = valueKind(slot);
  const [first] = ranges;
  if (first === undefined) return FALSE;
  if (first[0] <= 0 && BigInt(first[1]) >= kind.max) return null;
  return context.lists.contains(value, kind, ranges.map(toBig));
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

function toBig([first, last]: NumberRange): BigRange {
  return [BigInt(first), BigInt(last)];
}

function addressAlternatives(
  { field, v4, v6 }: Extract<Predicate, { kind: 'address' }>,
  context: ConditionContext,
): readonly Guarded[] {
  const family = (slot: Slot | undefined, kind: ValueKind, ranges: readonly BigRange[]): readonly Guarded[] => {
    const [first] = ranges;
    if (slot === undefined || first === undefined) return [];
    const value = kind === IPV6 ? call('pktc_read6', name(`&f->${slot.name}`)) : call('pktc_read', member('f', slot.name));
    const whole = first[0] === 0n && first[1] === kind.max;
    return [{ needs: [slot], test: whole ? null : context.lists.contains(value, kind, ranges) }];
  };
  return [
    ...family(context.slots.get(slotName(field, '4')), IPV4, v4.map(toBig)),
    ...family(context.slots.get(slotName(field, '6')), IPV6, v6),
  ];
}
