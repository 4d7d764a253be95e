/** Large sets of IPv6 addresses, as `templates/include/pktc/set_lines.h` reads them. */
import { HIGH, RANGE_WORDS } from '../../2-resolve/wide-ranges.ts';
import { edgesIn, type WideEdges } from './edges.ts';
import { type Growing, growing } from './growing.ts';
import { type LineShape, lineShape, partsOf, unitCosts, unitEnd } from './line-choice.ts';
import { unitHash, upper, type Wide } from './line-hash.ts';
import { createLineTable, LINE_GROUP, LINE_WORDS, LINES_MIN, type LineTable, type Spot } from './line-table.ts';
import { isHost, type Pieces, piecesOf, restOf, TAKEN, WITHIN } from './pieces.ts';
import { sizeClass } from './size-class.ts';
import { type Table, tableOf } from './tables.ts';

const LINED_SET_WORDS = 16;

/** Prefixes a line, in the mean. */
const LOAD = 3.5;
/** Codes for each unit, at least: units that share one have to agree. */
const CODES_A_UNIT = 2;
const CODE_BITS_MIN = 5;
const CODES_A_WORD = 16;

export interface Lines {
  readonly codes: Growing<Uint32Array>;
  /** Of each set, of which one may have many MiB. */
  readonly lines: Uint32Array[];
  readonly sets: Growing<Uint32Array>;
}

export function createLines(): Lines {
  const words = () => growing((length) => new Uint32Array(length));
  return { codes: words(), lines: [], sets: words() };
}

/** What `addLines` needs. */
export interface LinePlan {
  readonly pieces: Pieces;
  readonly shape: LineShape;
}

/** null: lines would not say enough of such a set. @param ranges canonical, eight words each */
export function planLines(ranges: Uint32Array): LinePlan | null {
  const pieces = piecesOf(ranges);
  const shape = lineShape(pieces);
  return shape && { pieces, shape };
}

/** Adds a set. @param addRest adds a set to those of `set6.h`, and returns its number. @returns the number of the set */
export function addLines(into: Lines, { pieces, shape }: LinePlan, addRest: (edges: WideEdges) => number): number {
  const { codes, table } = fill(pieces, shape);
  for (const key of shape.keys) pushWide(into.sets, upper(key), upper(key - 32));
  const bits = Math.log2(codes.length);
  const rest = addRest(edgesIn(restOf(pieces)));
  const own = new Uint32Array(8);
  own.set([64 - shape.unit, into.codes.length() / 2, 64 - bits, lengthOf(into.lines) / LINE_WORDS]);
  own.set([table.words.length / LINE_WORDS, table.restShift, rest, shape.divides ? 0 : 1], 4);
  into.sets.append(own);
  into.codes.append(packed(codes));
  into.lines.push(table.words);
  return into.sets.length() / LINED_SET_WORDS - 1;
}

export function lineTablesOf({ codes, lines, sets }: Lines): readonly Table[] {
  const words = sets.view();
  return [
    tableOf('PKTC_LINED_SETS', 'pktc_lined_sets', words, LINED_SET_WORDS, words.length / LINED_SET_WORDS),
    tableOf('PKTC_LINE_CODES', 'pktc_line_codes', codes.view(), 2),
    tableOf('PKTC_LINES', 'pktc_lines', joined(lines), LINE_WORDS),
  ];
}

function lengthOf(parts: readonly Uint32Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** Without a copy where there is only one. */
function joined(parts: readonly Uint32Array[]): Uint32Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const all = new Uint32Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Two bits each. */
function packed(codes: Uint8Array): Uint32Array {
  const words = new Uint32Array(codes.length / CODES_A_WORD);
  for (let slot = 0; slot < codes.length; slot++) {
    const word = Math.floor(slot / CODES_A_WORD) ^ (1 - HIGH);
    words[word] = ((words[word] ?? 0) | ((codes[slot] ?? 0) << (2 * (slot % CODES_A_WORD)))) >>> 0;
  }
  return words;
}

interface Filling {
  readonly table: LineTable;
  readonly pieces: Pieces;
  readonly spot: Spot;
  /** What found no place in its line, `HOMELESS_WORDS` each: the arguments of `settle`. */
  readonly homeless: Growing<Uint32Array>;
}

const HOMELESS_WORDS = 6;

/** Puts all pieces of a set that find a place into lines, and marks them. */
function fill(pieces: Pieces, shape: LineShape): { readonly codes: Uint8Array; readonly table: LineTable } {
  const { networks, lengths, within } = pieces;
  const { unit, keys, divides } = shape;
  const units = unitsOf(pieces, unit);
  const codes = codesFor(pieces, units, shape);
  const bits = Math.log2(codes.length);
  // Whole groups, as all classes of such lengths are.
  const table = createLineTable(sizeClass(Math.max(LINES_MIN, Math.ceil(lengths.length / LOAD))), keys);
  const spot: Spot = { high: 0, low: 0, code: 0, line: 0 };
  const filling: Filling = { table, pieces, spot, homeless: growing((length) => new Uint32Array(length)) };
  const codeOf = (high: number, low: number): number => codes[unitHash(high, low, unit, spot) >>> (32 - bits)] ?? 0;
  let part = 0;
  for (let index = 0; index + 1 < units.length; index++) {
    const [from, to] = [units[index] ?? 0, units[index + 1] ?? 0];
    const [first, firstHigh, firstLow] = [lengths[from] ?? 0, networks[2 * from] ?? 0, networks[2 * from + 1] ?? 0];
    if (first >= unit) {
      const code = codeOf(firstHigh, firstLow);
      for (let piece = from; piece < to; piece++) {
        const length = lengths[piece] ?? 0;
        const [high, low] = [networks[2 * piece] ?? 0, networks[2 * piece + 1] ?? 0];
        if (length !== WITHIN) settleAll(filling, piece, high, low, length, code, keys[code] ?? 0);
        else if (isHost(within, part)) settle(filling, piece, high, low, code, WITHIN, part);
        else {
          table.find(high, low, code, spot);
          table.refer(spot, 64);
        }
        if (length === WITHIN) part += RANGE_WORDS;
      }
    } else if (divides) {
      // Shorter than units: into the lines of each of its units.
      eachPart(firstHigh, firstLow, first, unit, (high, low) => {
        const code = codeOf(high, low);
        settleAll(filling, from, high, low, unit, code, keys[code] ?? 0);
      });
    }
  }
  settleBeside(filling);
  return { codes, table };
}

/** Puts a piece's prefix into its line, or its single address, which is the part of a /64 network at `part`; it is taken until `settleBeside` knows better. */
function settle(
  { table, pieces, spot, homeless }: Filling,
  piece: number,
  high: number,
  low: number,
  code: number,
  length: number,
  part: number,
): void {
  pieces.lengths[piece] = (pieces.lengths[piece] ?? 0) | TAKEN;
  table.find(high, low, code, spot);
  if (placed(table, pieces, spot, length, part)) return;
  table.refer(spot, Math.min(length, 64));
  for (const word of [piece, high, low, code, length, part]) homeless.push(word);
}

/** When all have asked their own lines: what found no place lies in another one of the group. What finds none there, either, is not taken. */
function settleBeside({ table, pieces, spot, homeless }: Filling): void {
  const words = homeless.view();
  for (let at = 0; at < words.length; at += HOMELESS_WORDS) {
    const [piece = 0, high = 0, low = 0, code = 0, length = 0, part = 0] = words.subarray(at, at + HOMELESS_WORDS);
    table.find(high, low, code, spot);
    const own = spot.line;
    let found = false;
    for (let other = 1; other < LINE_GROUP && !found; other++) {
      spot.line = own ^ other;
      found = placed(table, pieces, spot, length, part);
    }
    if (!found) pieces.lengths[piece] = (pieces.lengths[piece] ?? 0) & ~TAKEN;
  }
}

function placed(table: LineTable, { within }: Pieces, spot: Spot, length: number, part: number): boolean {
  return length === WITHIN ? table.placeHost(spot, within[part + 2] ?? 0, within[part + 3] ?? 0) : table.place(spot, length);
}

/** First pieces of the units, and how many pieces there are. */
function unitsOf({ networks, lengths }: Pieces, unit: number): Uint32Array {
  const units = growing((length) => new Uint32Array(length));
  for (let from = 0; from < lengths.length; from = unitEnd(networks, lengths.length, from, unit)) units.push(from);
  units.push(lengths.length);
  return units.view();
}

/** The code of each hash of a unit: what costs the least for all units that have it. */
function codesFor({ networks, lengths }: Pieces, units: Uint32Array, { unit, keys, divides }: LineShape): Uint8Array {
  const wide: Wide = { high: 0, low: 0 };
  const own = new Float64Array(keys.length);
  const bits = Math.max(CODE_BITS_MIN, Math.ceil(Math.log2(CODES_A_UNIT * (units.length - 1))));
  const costs = new Float32Array(keys.length * 2 ** bits);
  const add = (high: number, low: number): void => {
    const slot = keys.length * (unitHash(high, low, unit, wide) >>> (32 - bits));
    for (let code = 0; code < keys.length; code++) costs[slot + code] = (costs[slot + code] ?? 0) + (own[code] ?? 0);
  };
  for (let index = 0; index + 1 < units.length; index++) {
    const from = units[index] ?? 0;
    const [high, low, length] = [networks[2 * from] ?? 0, networks[2 * from + 1] ?? 0, lengths[from] ?? 0];
    if (length >= unit) {
      unitCosts(networks, lengths, from, units[index + 1] ?? 0, keys, own);
      add(high, low);
    } else if (divides) {
      for (let code = 0; code < keys.length; code++) own[code] = 2 ** ((keys[code] ?? 0) - unit);
      eachPart(high, low, length, unit, add);
    }
  }
  const codes = new Uint8Array(2 ** bits);
  for (let slot = 0, at = 0; slot < codes.length; slot++, at += keys.length) {
    let least = 0;
    for (let code = 1; code < keys.length; code++) if ((costs[at + code] ?? 0) < (costs[at + least] ?? 0)) least = code;
    codes[slot] = least;
  }
  return codes;
}

/** Puts a prefix into its line, or, where it is shorter than what chooses a line, into all of them. */
function settleAll(
  filling: Filling,
  piece: number,
  high: number,
  low: number,
  length: number,
  code: number,
  key: number,
): void {
  if (length >= key) settle(filling, piece, high, low, code, length, 0);
  else eachPart(high, low, length, key, (partHigh, partLow) => settle(filling, piece, partHigh, partLow, code, key, 0));
}

/** The networks of `key` bits that a shorter prefix is made of. */
function eachPart(high: number, low: number, length: number, key: number, each: (high: number, low: number) => void): void {
  const parts = partsOf(length, key);
  for (let part = 0; part < parts; part++) {
    const above = key > 32 ? Math.floor(part / 2 ** (key - 32)) : part * 2 ** (32 - key);
    const below = key > 32 ? part * 2 ** (64 - key) : 0;
    each((high | above) >>> 0, (low | below) >>> 0);
  }
}

function pushWide(into: Growing<Uint32Array>, high: number, low: number): void {
  into.push(HIGH === 1 ? low : high);
  into.push(HIGH === 1 ? high : low);
}
