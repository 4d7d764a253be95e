/** The reference interpreter: what a program decides about a frame, written for clarity and held against the kernel by tests. */
import type { HookName } from '../grammar/fields/field.ts';
import { fieldNamed } from '../grammar/fields/index.ts';
import type { BigRange, Expression, NumberRange, Predicate, Program, Verdict } from './2-resolve/program.ts';
import { type Dissection, dissectFrame, type FieldValue, readField } from './interpret/dissect.ts';

export interface Decision {
  readonly verdict: Verdict;
  /** Indices of the rules that matched, ascending; when a rule gave the verdict, it is the last one. */
  readonly rules: readonly number[];
}

/** The function returned never throws, whatever the bytes; frames start with the Ethernet header. */
export function createInterpreter(program: Program): (frame: Uint8Array) => Decision {
  return (frame) => decide(program, createPacket(frame, program.hook));
}

function decide(program: Program, packet: Packet): Decision {
  const rules: number[] = [];
  for (const rule of program.rules) {
    if (holds(rule.condition, packet)) {
      rules.push(rule.index);
      if (rule.actions.verdict !== null) {
        return { verdict: rule.actions.verdict, rules };
      }
    }
  }
  return { verdict: program.defaultVerdict, rules };
}

/** A frame whose fields are read when a rule first asks for them. */
interface Packet {
  readonly dissection: Dissection;
  readonly hook: HookName;
  readonly values: Map<string, FieldValue | null>;
}

function createPacket(frame: Uint8Array, hook: HookName): Packet {
  return { dissection: dissectFrame(frame), hook, values: new Map() };
}

function lookUp(packet: Packet, name: string): FieldValue | null {
  const known = packet.values.get(name);
  if (known !== undefined) {
    return known;
  }
  const field = fieldNamed(name);
  const value = field === undefined ? null : readField(packet.dissection, field, packet.hook);
  packet.values.set(name, value);
  return value;
}

function holds(expression: Expression, packet: Packet): boolean {
  switch (expression.kind) {
    case 'and':
      return expression.of.every((part) => holds(part, packet));
    case 'or':
      return expression.of.some((part) => holds(part, packet));
    case 'not':
      return !holds(expression.of, packet);
    case 'inner':
      return false;
    default: {
      const value = lookUp(packet, expression.field);
      return value !== null && accepts(expression, value);
    }
  }
}

/** Whether a value that is present satisfies the predicate. */
function accepts(predicate: Predicate, value: FieldValue): boolean {
  switch (predicate.kind) {
    case 'present':
      return true;
    case 'in':
      return within(predicate.ranges, value);
    case 'address':
      return typeof value === 'number' ? within(predicate.v4, value) : within(predicate.v6, value);
    case 'bits':
      return (BigInt(value) & BigInt(predicate.mask)) === BigInt(predicate.value);
    case 'some':
      return (BigInt(value) & BigInt(predicate.mask)) !== 0n;
    default:
      return false;
  }
}

/** Binary search; the ranges are sorted and disjoint. */
function within(ranges: readonly NumberRange[] | readonly BigRange[], value: FieldValue): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (range === undefined || value < range[0]) {
      high = middle;
    } else if (value > range[1]) {
      low = middle + 1;
    } else {
      return true;
    }
  }
  return false;
}
