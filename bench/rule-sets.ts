/** The rule sets that everything is measured with: generated ones, and those of ClassBench where they lie beside the checkout. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { generateRules, type Shape } from './generate-rules.ts';
import { readClassBench } from './read-classbench.ts';
import type { BenchRule } from './rule.ts';

export interface RuleSet {
  /** `fw IPv6`, or the name of a ClassBench file. */
  readonly name: string;
  readonly rules: readonly BenchRule[];
}

export const SIZES: readonly number[] = [10, 100, 1000, 10_000, 100_000];
const SEED = 20_261_121;
const CLASSBENCH = path.resolve(import.meta.dirname, '../../shared/bench');

const KINDS: readonly (readonly [name: string, shape: Shape, family: 4 | 6 | 'mixed'])[] = [
  ['acl IPv4', 'acl', 4],
  ['fw IPv4', 'fw', 4],
  ['ipc IPv4', 'ipc', 4],
  ['acl IPv6', 'acl', 6],
  ['fw IPv6', 'fw', 6],
  ['ipc IPv6', 'ipc', 6],
  ['acl mixed', 'acl', 'mixed'],
  ['fw mixed', 'fw', 'mixed'],
  ['overlap IPv4', 'overlap', 4],
  ['overlap IPv6', 'overlap', 6],
];

export const QUICK_KINDS: readonly string[] = ['acl IPv4', 'fw IPv6'];

/** @param wanted names; null: every kind */
export function generatedKinds(wanted: readonly string[] | null): readonly string[] {
  return KINDS.map(([name]) => name).filter((name) => wanted === null || wanted.includes(name));
}

export function generatedSet(name: string, count: number): RuleSet {
  const kind = KINDS.find((one) => one[0] === name);
  if (kind === undefined) throw new Error(`no such kind of rules: ${name}`);
  const [, shape, family] = kind;
  return { name, rules: generateRules({ shape, family, count, seed: SEED }) };
}

/** Names of the ClassBench sets, without their sizes. */
export function classBenchKinds(): readonly string[] {
  if (!existsSync(CLASSBENCH)) return [];
  const names = readdirSync(CLASSBENCH).map((file) => /^classbench_(\w+)_\d+\.cb\.gz$/.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** The smallest file that has so many rules, cut to them; null: there is none. */
export function classBenchSet(name: string, count: number): RuleSet | null {
  const size = SIZES.find((one) => one >= count && existsSync(path.join(CLASSBENCH, `classbench_${name}_${one}.cb.gz`)));
  if (size === undefined) return null;
  const rules = readClassBench(path.join(CLASSBENCH, `classbench_${name}_${size}.cb.gz`));
  return { name: `ClassBench ${name}`, rules: rules.slice(0, count) };
}
