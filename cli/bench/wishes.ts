/** What a packet should be like for a condition to hold: one way of many, chosen at random. */
import type { BigRange, BytePattern, Expression, NumberRange, Predicate } from '../../compiler/2-resolve/program.ts';
import type { Random } from './seeded-random.ts';

/** Of one packet; `inner` is of the packet in its tunnel. A wish that the packet cannot have is left out, and found out by trying it. */
export interface Wishes {
  readonly numbers: Map<string, number>;
  readonly v4: Map<string, number>;
  readonly v6: Map<string, bigint>;
  readonly kinds: Map<string, readonly number[]>;
  readonly payload: BytePattern[];
  inner: Wishes | null;
}

export function noWishes(): Wishes {
  return { numbers: new Map(), v4: new Map(), v6: new Map(), kinds: new Map(), payload: [], inner: null };
}

/** @param negated whether the expression is to be false */
export function wishFor(expression: Expression, negated: boolean, wishes: Wishes, random: Random): void {
  switch (expression.kind) {
    case 'not':
      wishFor(expression.of, !negated, wishes, random);
      return;
    case 'inner':
      if (negated) return;
      wishes.inner ??= noWishes();
      wishFor(expression.of, false, wishes.inner, random);
      return;
    case 'and':
    case 'or':
      // One of an `or` is enough, and so is one part of an `and` that is to be false.
      if ((expression.kind === 'and') !== negated) {
        for (const part of expression.of) wishFor(part, negated, wishes, random);
      } else {
        const part = expression.of[random(expression.of.length)];
        if (part !== undefined) wishFor(part, negated, wishes, random);
      }
      return;
    default:
      if (!negated) wishForPredicate(expression, wishes, random);
  }
}

function wishForPredicate(predicate: Predicate, wishes: Wishes, random: Random): void {
  const { field } = predicate;
  switch (predicate.kind) {
    case 'in':
      wishes.numbers.set(
        field,
        LENGTHS.includes(field) ? lengthIn(predicate.ranges, random) : numberIn(predicate.ranges, random),
      );
      return;
    case 'bits':
      wishes.numbers.set(field, bits(random(256) & ~predicate.mask, predicate.value));
      return;
    case 'some':
      wishes.numbers.set(field, bits(random(256), lowestBit(predicate.mask)));
      return;
    case 'present':
      if (!wishes.numbers.has(field)) wishes.numbers.set(field, random(256));
      return;
    case 'address':
      wishForAddress(predicate, wishes, random);
      return;
    case 'masked':
      if (predicate.negated) return;
      if (predicate.family === 4) wishes.v4.set(field, Number(predicate.value));
      else wishes.v6.set(field, predicate.value);
      return;
    case 'kinds':
      if (!predicate.negated) wishes.kinds.set(field, predicate.kinds.slice(0, 1));
      return;
    case 'contains': {
      const pattern = predicate.patterns[random(predicate.patterns.length)];
      if (pattern !== undefined) wishes.payload.push(pattern);
      return;
    }
    case 'interface':
      return;
  }
}

/** Two addresses of one packet are of one family. */
function wishForAddress({ field, v4, v6 }: Extract<Predicate, { kind: 'address' }>, wishes: Wishes, random: Random): void {
  const six = v4.length === 0 || wishes.v6.size > 0 || wishes.numbers.get('ethertype') === 0x86dd;
  if (six && v6.length > 0) wishes.v6.set(field, addressIn(v6, random));
  else if (v4.length > 0) wishes.v4.set(field, numberIn(v4, random));
}

/** Fields for which a packet has to be as long as they say, and of what lengths it is then. */
const LENGTHS: readonly string[] = ['len', 'payload.len'];
const LONG = 1400;

function lengthIn(ranges: readonly NumberRange[], random: Random): number {
  const [first, last] = ranges[random(ranges.length)] ?? [0, 0];
  return numberIn([[first, Math.max(first, Math.min(last, LONG))]], random);
}

/** The edges of ranges as often as what lies between them. */
function numberIn(ranges: readonly NumberRange[], random: Random): number {
  const [first, last] = ranges[random(ranges.length)] ?? [0, 0];
  const edge = random(4);
  if (edge === 0) return first;
  return edge === 1 ? last : first + random(last - first + 1);
}

function addressIn(ranges: readonly BigRange[], random: Random): bigint {
  const [first, last] = ranges[random(ranges.length)] ?? [0n, 0n];
  const edge = random(4);
  if (edge === 0) return first;
  return edge === 1 ? last : first + (anyAddress(random) % (last - first + 1n));
}

export function anyAddress(random: Random): bigint {
  return [0, 1, 2, 3].reduce((address) => (address << 32n) | BigInt(random(2 ** 32)), 0n);
}

/** Masks are wider than the operators on bits. */
function bits(a: number, b: number): number {
  return Number(BigInt(a) | BigInt(b));
}

function lowestBit(mask: number): number {
  return Number(BigInt(mask) & -BigInt(mask));
}
