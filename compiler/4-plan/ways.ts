/**
 * In how many ways the verifier goes through few rules, when it may keep what a comparison has told it of a value: it goes on with
 * each thing learnt apart from the others, which for comparisons of several fields in any order is more than it puts up with.
 * Counted here in the same manner, for each kind of packet.
 */
import type { Layer } from '../../grammar/fields/field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { Expression, Predicate, Program, Rule } from '../2-resolve/program.ts';
import { COMPARED_RANGES_MAX } from './cost.ts';

/** What is known of values: of a field, or of bits of one, the range that it lies in. */
type Known = ReadonlyMap<string, Range>;
type Range = readonly [first: number | bigint, last: number | bigint];

/** How a condition can come out, and what is known then. */
interface Outcome {
  readonly holds: readonly Known[];
  readonly fails: readonly Known[];
}

interface Kind {
  readonly layers: ReadonlySet<Layer>;
  readonly known: Known;
}

const FAMILIES: readonly (readonly [Layer, number, readonly (readonly [Layer | null, number | null])[]])[] = [
  [
    'ipv4',
    0x0800,
    [
      ['tcp', 6],
      ['udp', 17],
      ['icmp', 1],
      [null, null],
    ],
  ],
  [
    'ipv6',
    0x86dd,
    [
      ['tcp', 6],
      ['udp', 17],
      ['icmp6', 58],
      [null, null],
    ],
  ],
];

/** The kinds of packets for which `templates/include/pktc/usual.h` has the rules each; of what is no IP, rules ask little. */
const KINDS: readonly Kind[] = FAMILIES.flatMap(([family, type, transports]) =>
  transports.map(([transport, proto]) => ({
    layers: new Set<Layer>(['ethernet', 'vlan', family, ...(transport === null ? [] : [transport])]),
    known: new Map<string, Range>([
      ['ethertype', [type, type]],
      ...(proto === null ? [] : ([['proto', [proto, proto]]] as const)),
    ]),
  })),
);

/** Comparisons that the verifier makes, for all kinds of packets; `limit` when there are more. */
export function comparisonsOf({ rules }: Program, limit: number): number {
  let made = 0;
  for (const kind of KINDS) {
    made += comparisonsFor(rules, kind, limit - made);
    if (made >= limit) return limit;
  }
  return made;
}

function comparisonsFor(rules: readonly Rule[], kind: Kind, limit: number): number {
  let made = 0;
  let ways: readonly Known[] = [kind.known];

  const ask = (key: string, ranges: readonly Range[], known: Known): Outcome => {
    const holds: Known[] = [];
    for (const range of ranges) {
      made++;
      const before = known.get(key);
      if (before !== undefined && (before[1] < range[0] || before[0] > range[1])) continue;
      if (before !== undefined && before[0] >= range[0] && before[1] <= range[1])
        return { holds: [...holds, known], fails: [] };
      holds.push(new Map([...known, [key, before === undefined ? range : overlap(before, range)]]));
    }
    return { holds, fails: [known] };
  };

  const predicate = (one: Predicate, known: Known): Outcome => {
    const asked = questionOf(one, kind);
    if (asked === null) return { holds: [], fails: [known] };
    if (asked.ranges !== null) return ask(asked.key, asked.ranges, known);
    made++;
    return { holds: [known], fails: [known] };
  };

  /** Each part in turn, with what is left of the ways; `and` goes on with those that hold, `or` with those that do not. */
  const inTurn = (of: readonly Expression[], known: Known, goesOn: keyof Outcome): Outcome => {
    const stops = goesOn === 'holds' ? 'fails' : 'holds';
    let left: readonly Known[] = [known];
    const stopped: Known[] = [];
    for (const part of of) {
      const outcomes = left.map((one) => evaluate(part, one));
      stopped.push(...outcomes.flatMap((one) => one[stops]));
      left = distinct(outcomes.flatMap((one) => one[goesOn]));
      if (made > limit) break;
    }
    return { holds: goesOn === 'holds' ? left : distinct(stopped), fails: goesOn === 'holds' ? distinct(stopped) : left };
  };

  const evaluate = (expression: Expression, known: Known): Outcome => {
    if (expression.kind === 'and') return inTurn(expression.of, known, 'holds');
    if (expression.kind === 'or') return inTurn(expression.of, known, 'fails');
    if (expression.kind === 'inner') return { holds: [known], fails: [known] };
    if (expression.kind !== 'not') return predicate(expression, known);
    const { holds, fails } = evaluate(expression.of, known);
    return { holds: fails, fails: holds };
  };

  for (const rule of rules) {
    const outcomes = ways.map((known) => evaluate(rule.condition, known));
    const goesOn = rule.actions.verdict === null ? outcomes.flatMap(({ holds }) => holds) : [];
    ways = distinct([...outcomes.flatMap(({ fails }) => fails), ...goesOn]);
    if (made > limit) return limit;
  }
  return made;
}

function overlap(a: Range, b: Range): Range {
  const [later, earlier] = a[0] > b[0] ? [a, b] : [b, a];
  // biome-ignore lint/complexity/useMathMinMax: it does not take what is wider than 53 bits.
  return [later[0], later[1] < earlier[1] ? later[1] : earlier[1]];
}

function distinct(ways: readonly Known[]): readonly Known[] {
  return [
    ...new Map(
      ways.map((known) => [
        [...known]
          .map(([key, range]) => `${key}:${range.join('-')}`)
          .sort()
          .join(),
        known,
      ]),
    ).values(),
  ];
}

/** What a predicate compares; `ranges` null: nothing that is remembered; null: a packet of this kind has no such field. */
function questionOf(
  one: Predicate,
  { layers, known }: Kind,
): { readonly key: string; readonly ranges: readonly Range[] | null } | null {
  const read = fieldNamed(one.field)?.read;
  if (read?.kind === 'header' && !read.from.some(({ layer }) => layers.has(layer))) return null;
  switch (one.kind) {
    case 'in':
      return { key: one.field, ranges: remembered(one.ranges) };
    case 'address':
      return { key: one.field, ranges: remembered(known.get('ethertype')?.[0] === 0x0800 ? one.v4 : one.v6) };
    case 'bits':
      return { key: `${one.field}&${one.mask}`, ranges: [[one.value, one.value]] };
    default:
      return { key: one.field, ranges: null };
  }
}

/** A long list is searched by a function of its own. */
function remembered(ranges: readonly Range[]): readonly Range[] | null {
  return ranges.length > COMPARED_RANGES_MAX ? null : ranges;
}
