/** Boxes of rules that were there before and have changed since: those of the rules that both lists begin and end with are copied. */
import type { Rows } from '../../1-parse/rows.ts';
import type { Rule } from '../../2-resolve/program.ts';
import type { RuleRun, RuleTable } from '../../2-resolve/row-rule.ts';
import type { BoxSet } from '../tree/box-set.ts';
import type { Boxes } from './box-sets.ts';
import { appendBoxes, type Columns } from './columns.ts';
import type { Dimensions } from './dimensions.ts';

/** What one program leaves for the next. Whoever plans again keeps it. */
export interface BoxesMemo {
  kept: KeptBoxes | null;
}

export interface KeptBoxes {
  readonly listed: ListedRules;
  readonly dimensions: string;
  readonly boxes: Boxes;
}

export interface ListedRules {
  readonly rules: readonly Rule[];
  readonly runs: readonly RuleRun[];
}

export function createBoxesMemo(): BoxesMemo {
  return { kept: null };
}

/** Equal for dimensions in which the same conditions are the same boxes. */
export function dimensionsKey({ shape, scalars, fieldMax, bits, presence, src, dst }: Dimensions): string {
  return JSON.stringify([shape, [...scalars], [...fieldMax], bits, [...presence], src, dst]);
}

/** Rules that are compared at once: as memory, where both are rows. */
const BLOCK = 256;

/** How many rules two lists begin and end with that ask the same and do the same. */
export function alikeEnds(before: ListedRules, now: ListedRules): { readonly ahead: number; readonly behind: number } {
  const [old, fresh] = [before.rules.length, now.rules.length];
  const most = Math.min(old, fresh);
  const same = comparison(before, now);
  let ahead = 0;
  while (ahead < most) {
    if (ahead + BLOCK <= most && same.block(ahead, ahead)) ahead += BLOCK;
    else if (same.rule(ahead, ahead)) ahead += 1;
    else break;
  }
  let behind = 0;
  while (behind < most - ahead) {
    if (behind + BLOCK <= most - ahead && same.block(old - behind - BLOCK, fresh - behind - BLOCK)) behind += BLOCK;
    else if (same.rule(old - behind - 1, fresh - behind - 1)) behind += 1;
    else break;
  }
  return { ahead, behind };
}

interface Comparison {
  readonly rule: (at: number, there: number) => boolean;
  /** Of so many rules from there on; false: they are not all alike, or nobody can tell so fast. */
  readonly block: (at: number, there: number) => boolean;
}

function comparison(before: ListedRules, now: ListedRules): Comparison {
  const [old, fresh] = [placesIn(before), placesIn(now)];
  const shapes = new Map<RuleTable, boolean>();
  return {
    rule: (at, there) => sameRule(old, at, fresh, there),
    block: (at, there) => {
      const [run, to] = [runAt(old, at), runAt(fresh, there)];
      if (run.table === null || to.table === null || at + BLOCK > run.end || there + BLOCK > to.end) return false;
      const known = shapes.get(to.table) ?? sameShapes(run.table, to.table);
      shapes.set(to.table, known);
      return known && sameRows(run.table.rows, run.row + at - run.first, to.table.rows, to.row + there - to.first);
    },
  };
}

/** Whether equal numbers of shapes mean the same in both. */
function sameShapes(a: RuleTable, b: RuleTable): boolean {
  const { tree } = a.rows;
  return tree === b.rows.tree && tree.shapes.every((_, shape) => a.templates[shape] === b.templates[shape]);
}

function sameRows(a: Rows, row: number, b: Rows, other: number): boolean {
  if (bytesOf(a.shape, row, row + BLOCK).compare(bytesOf(b.shape, other, other + BLOCK)) !== 0) return false;
  // Of the same shapes, so that there are as many values.
  return valuesOf(a, row).compare(valuesOf(b, other)) === 0;
}

function valuesOf({ values, valueAt, valueCount, count }: Rows, row: number): Buffer {
  const end = row + BLOCK < count ? (valueAt[row + BLOCK] as number) : valueCount;
  return bytesOf(values, valueAt[row] as number, end);
}

function bytesOf(
  { buffer, byteOffset, BYTES_PER_ELEMENT: size }: Int32Array | Float64Array,
  from: number,
  end: number,
): Buffer {
  return Buffer.from(buffer, byteOffset + size * from, size * (end - from));
}

/** A list, and the run that was looked at last. */
interface Places {
  readonly list: ListedRules;
  run: number;
}

function placesIn(list: ListedRules): Places {
  return { list, run: 0 };
}

function runAt(places: Places, rule: number): RuleRun {
  const { runs } = places.list;
  let run = runs[places.run] as RuleRun;
  while (rule >= run.end) run = runs[++places.run] as RuleRun;
  while (rule < run.first) run = runs[--places.run] as RuleRun;
  return run;
}

function sameRule(one: Places, at: number, other: Places, there: number): boolean {
  const [run, to] = [runAt(one, at), runAt(other, there)];
  if (run.table !== null && to.table !== null)
    return sameRow(run.table, run.row + at - run.first, to.table, to.row + there - to.first);
  if (run.table !== to.table) return false;
  const [a, b] = [one.list.rules[at] as Rule, other.list.rules[there] as Rule];
  return sameValue(a.actions, b.actions) && sameValue(a.condition, b.condition);
}

function sameRow(a: RuleTable, row: number, b: RuleTable, other: number): boolean {
  const template = a.templates[a.rows.shape[row] as number];
  if (!template || template !== b.templates[b.rows.shape[other] as number]) return false;
  const [values, others] = [a.rows.values, b.rows.values];
  const [at, there] = [a.rows.valueAt[row] as number, b.rows.valueAt[other] as number];
  for (let index = 0; index < template.shape.values; index += 1) if (values[at + index] !== others[there + index]) return false;
  return true;
}

/** Lists that are longer are alike when they are one. */
const COMPARED_MAX = 4096;

/** Parts of a rule, but for their places in the text. */
function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length || a.length > COMPARED_MAX) return false;
    return a.every((item, index) => sameValue(item, b[index]));
  }
  const [parts, others] = [new Map<string, unknown>(Object.entries(a)), new Map<string, unknown>(Object.entries(b))];
  if (parts.size !== others.size) return false;
  return [...parts].every(([key, part]) => key === 'span' || (others.has(key) && sameValue(part, others.get(key))));
}

/** Copies boxes of rules `[from, end)`, whose numbers are larger by `by` now. */
export function copyBoxes(
  sets: readonly (BoxSet | null)[],
  into: readonly Columns[],
  from: number,
  end: number,
  by: number,
): void {
  for (const [number, set] of sets.entries()) {
    const columns = into[number];
    if (set !== null && columns !== undefined) appendBoxes(columns, set, firstOf(set, from), firstOf(set, end), by);
  }
}

/** The first box of the first rule from `entry` on. */
function firstOf({ entry, count }: BoxSet, wanted: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entry[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
