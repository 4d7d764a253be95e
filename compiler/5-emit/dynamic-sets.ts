/** Sets that rules fill: their definitions, and what asks them and adds to them. */
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { AddAction, DynamicSet, Program, Verdict } from '../2-resolve/program.ts';
import type { ElementPart, SetPlan, Slot } from '../4-plan/plan.ts';
import { isNeverAbsent, slotName } from '../4-plan/slots.ts';
import { BLANK, call, type Declaration, decimal, type Expr, member, name } from './c.ts';
import { readingOf, type View } from './raw.ts';

/** An element in C, for packets that have all of its fields; one a family where there are addresses. */
export interface Element {
  readonly needs: readonly Slot[];
  readonly words: readonly Expr[];
}

interface ElementContext {
  readonly slots: ReadonlyMap<string, Slot>;
  readonly sets: readonly SetPlan[];
  readonly few?: boolean;
}

export function setDeclarations(sets: readonly SetPlan[]): readonly Declaration[] {
  return sets.flatMap(({ set, words, buckets }, index): readonly Declaration[] => [
    { kind: 'define', name: 'PKTC_FILLED', value: decimal(index) },
    { kind: 'define', name: 'PKTC_FILLED_WORDS', value: decimal(words) },
    { kind: 'define', name: 'PKTC_FILLED_SIZE', value: decimal(set.size) },
    { kind: 'define', name: 'PKTC_FILLED_BUCKETS', value: decimal(buckets) },
    { kind: 'include', path: 'pktc/dynamic_set.h' },
    BLANK,
  ]);
}

/** The elements that a packet can be in a set by these fields. */
export function elementsOf(fields: readonly string[], set: number, context: ElementContext, view: View): readonly Element[] {
  const parts = context.sets[set]?.parts ?? [];
  if (!parts.includes('address')) return elementOf(fields, parts, null, context, view);
  return (['4', '6'] as const).flatMap((family) => elementOf(fields, parts, family, context, view));
}

/** None: the hook has no such field. */
function elementOf(
  fields: readonly string[],
  parts: readonly ElementPart[],
  family: '4' | '6' | null,
  context: ElementContext,
  view: View,
): readonly Element[] {
  const needs: Slot[] = [];
  const words: Expr[] = family === null ? [] : [decimal(Number(family))];
  for (const [index, field] of fields.entries()) {
    const part = parts[index] ?? 'number';
    const slot = context.slots.get(slotName(field, part === 'address' ? (family ?? '') : ''));
    if (slot === undefined) return [];
    needs.push(slot);
    words.push(...partWords(part, slot, family, context, view));
  }
  return [{ needs: needs.filter(({ field }) => !neverAbsent(field)), words }];
}

function neverAbsent(name: string): boolean {
  const field = fieldNamed(name);
  return field !== undefined && isNeverAbsent(field);
}

function partWords(
  part: ElementPart,
  slot: Slot,
  family: '4' | '6' | null,
  context: ElementContext,
  view: View,
): readonly Expr[] {
  const value = (of: string) => readingOf(member(view, of), context);
  const halves = (of: string) => [call('pktc_upper', value(of)), call('pktc_lower', value(of))];
  if (part === 'number') return [value(slot.name)];
  if (part === 'wide') return halves(slot.name);
  if (family === '4') return [value(slot.name), decimal(0), decimal(0), decimal(0)];
  return [...halves(`${slot.name}.high`), ...halves(`${slot.name}.low`)];
}

export function memberTest(set: number, { words }: Element): Expr {
  return call('pktc_member', decimal(set), ...words);
}

const NS_PER_MS = 1_000_000n;

/** 1 where the set is full. */
export function addition({ set, timeout_ms }: AddAction, { words }: Element): Expr {
  const lasts = decimal(timeout_ms === null ? 0n : BigInt(timeout_ms) * NS_PER_MS);
  return call('pktc_add_to', decimal(set), lasts, ...words);
}

const CONSTANTS: Readonly<Partial<Record<Verdict, string>>> = { drop: 'PKTC_VERDICT_DROP', pass: 'PKTC_VERDICT_PASS' };

/** What the addition decides when the element is there, and when the set is full. */
export function decidersOf(
  add: AddAction,
  { dynamicSets = [], rules }: Program,
): { readonly there: Expr; readonly full: Expr } {
  const deciders: DynamicSet['deciders'] | undefined = dynamicSets[add.set]?.deciders;
  const decision = (index: number | null | undefined): Expr => {
    const verdict = rules[index ?? -1]?.actions.verdict;
    const constant = verdict == null ? undefined : CONSTANTS[verdict];
    return constant === undefined || index == null
      ? name('PKTC_UNDECIDED')
      : call('pktc_decision', decimal(index), name(constant));
  };
  return {
    there: decision(add.blocks ? deciders?.blocked : null),
    full: decision(add.otherwise === null ? null : deciders?.[add.otherwise]),
  };
}
