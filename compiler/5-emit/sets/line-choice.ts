/** How many bits of an address choose its line, so that most prefixes find a place and few have to be divided. */
import { type Pieces, WITHIN } from './pieces.ts';

/** The lengths of a set: of its units, and of what may choose lines, by the codes of units. */
export interface LineShape {
  readonly unit: number;
  readonly keys: readonly number[];
  /** Prefixes that are shorter than a unit are divided; otherwise they are the rest's, which each address is then asked. */
  readonly divides: boolean;
}

/** Bits that a key has more than a unit, by its code. */
const STEPS = [0, 4, 8, 16] as const;

/** What the first, second, ... prefix costs of those that the same bits send into one line; a prefix without a place costs the last. */
const COSTS = [1, 1.05, 1.15, 1.3, 2, 4, 8] as const;
const CROWDED = 8;

/** Lengths of prefixes that are proposed for units, the most frequent ones. */
const PROPOSED_MAX = 6;
const UNIT_MIN = 12;
const UNIT_MAX = 48;

/** Prefixes are judged by samples of neighbours, since those meet in lines. */
const SAMPLES = 64;
const SAMPLE_PIECES = 256;

/** How many prefixes may come of those that are divided into units, as a share of all. */
const DIVIDED_MAX = 1 / 16;
/** What it costs to ask the rest for each address. */
const ALWAYS = 0.5;
/** With larger costs a piece, a set is better off without lines. */
const WORST = 2;

/** null: lines would settle too little. */
export function lineShape({ networks, lengths, odd }: Pieces): LineShape | null {
  const counts = new Uint32Array(WITHIN + 1);
  for (let piece = 0; piece < lengths.length; piece++) counts[lengths[piece] ?? 0] = (counts[lengths[piece] ?? 0] ?? 0) + 1;
  const judged = sampleOf(networks, lengths);
  let best: LineShape | null = null;
  let least = WORST;
  for (const unit of proposedOf(counts)) {
    const short = counts.subarray(0, unit).reduce((sum, count, length) => sum + count * 2 ** (unit - length), 0);
    const divides = short <= DIVIDED_MAX * lengths.length;
    const shape: LineShape = { unit, keys: STEPS.map((step) => unit + step), divides };
    const cost = costOf(judged, shape) + (CROWDED * odd) / lengths.length + (divides ? 0 : ALWAYS);
    if (cost < least) [best, least] = [shape, cost];
  }
  return best;
}

/** A piece, in the mean. */
function costOf({ networks, lengths }: Pick<Pieces, 'networks' | 'lengths'>, { unit, keys }: LineShape): number {
  const costs = new Float64Array(STEPS.length);
  let cost = 0;
  for (let from = 0; from < lengths.length; ) {
    const to = unitEnd(networks, lengths.length, from, unit);
    unitCosts(networks, lengths, from, to, keys, costs);
    cost += Math.min(costs[0] ?? 0, costs[1] ?? 0, costs[2] ?? 0, costs[3] ?? 0);
    from = to;
  }
  return cost / lengths.length;
}

/** Ascending. */
function proposedOf(counts: Uint32Array): readonly number[] {
  return [...counts.subarray(0, WITHIN).keys()]
    .filter((length) => length >= UNIT_MIN && length <= UNIT_MAX && (counts[length] ?? 0) > 0)
    .toSorted((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0))
    .slice(0, PROPOSED_MAX)
    .toSorted((a, b) => a - b);
}

function sampleOf(networks: Uint32Array, lengths: Uint8Array): Pick<Pieces, 'networks' | 'lengths'> {
  const count = lengths.length;
  if (count <= SAMPLES * SAMPLE_PIECES) return { networks, lengths };
  const sample = { networks: new Uint32Array(2 * SAMPLES * SAMPLE_PIECES), lengths: new Uint8Array(SAMPLES * SAMPLE_PIECES) };
  for (let index = 0; index < SAMPLES; index++) {
    const from = Math.floor((index * (count - SAMPLE_PIECES)) / (SAMPLES - 1));
    sample.networks.set(networks.subarray(2 * from, 2 * (from + SAMPLE_PIECES)), 2 * index * SAMPLE_PIECES);
    sample.lengths.set(lengths.subarray(from, from + SAMPLE_PIECES), index * SAMPLE_PIECES);
  }
  return sample;
}

/** The first piece behind those that lie in the same unit as piece `from`. */
export function unitEnd(networks: Uint32Array, count: number, from: number, unit: number): number {
  let to = from + 1;
  while (to < count && sharedBits(networks, from, to) >= unit) to++;
  return to;
}

/** What the pieces of a unit would cost, by the code of the unit: the prefixes they are divided into, more where they crowd a line. */
export function unitCosts(
  networks: Uint32Array,
  lengths: Uint8Array,
  from: number,
  to: number,
  keys: readonly number[],
  into: Float64Array,
): void {
  for (let code = 0; code < STEPS.length; code++) into[code] = codeCosts(networks, lengths, from, to, keys[code] ?? 0);
}

function codeCosts(networks: Uint32Array, lengths: Uint8Array, from: number, to: number, key: number): number {
  let cost = 0;
  let together = 0;
  for (let piece = from; piece < to; piece++) {
    const length = lengths[piece] ?? 0;
    if (length <= key) {
      cost += partsOf(length, key);
      continue;
    }
    // Those that share a key are neighbours.
    together = piece > from && sharedBits(networks, piece - 1, piece) >= key ? together + 1 : 1;
    cost += COSTS[together - 1] ?? CROWDED;
  }
  return cost;
}

/** How many networks of `key` bits a shorter prefix is made of. */
export function partsOf(length: number, key: number): number {
  // A shift where it is one takes a tenth of the power's time.
  return key - length < 31 ? 1 << (key - length) : 2 ** (key - length);
}

/** How many bits two networks begin with alike. */
function sharedBits(networks: Uint32Array, one: number, other: number): number {
  const high = (networks[2 * one] ?? 0) ^ (networks[2 * other] ?? 0);
  return high !== 0 ? Math.clz32(high) : 32 + Math.clz32((networks[2 * one + 1] ?? 0) ^ (networks[2 * other + 1] ?? 0));
}
