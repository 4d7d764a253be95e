/** Rules that are rows of a table have the boxes that they have one by one. */
import { expect, test } from 'vitest';
import type { Program } from '../../compiler/2-resolve/program.ts';
import { plainRule, rowOf } from '../../compiler/2-resolve/row-rule.ts';
import { boxSetsOf } from '../../compiler/4-plan/boxes/box-sets.ts';
import { dimensionsOf } from '../../compiler/4-plan/boxes/dimensions.ts';
import { ruleKinds } from '../../compiler/4-plan/rule-kinds.ts';
import { targetFor } from '../../compiler/targets/target.ts';
import { programOf } from '../differential/program-of.ts';
import { randomFrom } from './tree-boxes.ts';

const RULES = 1500;

/** Conditions whose literals are bounds, and such where they decide about more. */
function ruleText(random: (below: number) => number): string {
  const number = (below: number) => (random(6) === 0 ? 0 : random(8) === 0 ? below - 1 : random(below));
  const range = (below: number) => {
    const [a, b] = [number(below), number(below)];
    return a === b ? `${a}` : `${Math.min(a, b)}-${Math.max(a, b)}`;
  };
  const ip4 = () => {
    const length = [0, 8, 12, 24, 32][random(5)] ?? 32;
    const value = length === 0 ? 0 : ((random(2 ** 16) * 65537) & (-1 << (32 - length))) >>> 0;
    return `${[24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')}/${length}`;
  };
  const ip6 = () => `2001:db8:${(1 + random(0xfff)).toString(16)}::/${[48, 64, 128][random(3)]}`;
  const conditions: readonly (() => string)[] = [
    () => `src ${ip4()} dst ${ip4()} proto tcp dport ${range(65536)}`,
    () => `src ${ip6()} dport { ${range(1000)}, ${number(65536)} }`,
    () => `src { ${ip4()}, ${ip4()} } dst ${ip4()} sport ${range(65536)}`,
    () => `src ${ip6()} dst ${ip6()} flags SYN flags !ACK`,
    () => `not dport ${range(65536)} src ${ip4()}`,
    () => `dport ${number(65536)} or src ${ip4()}`,
    () => `src in lan src ${random(3) === 0 ? '8.0.0.0/6' : `10.${random(256)}.0.0/16`} dport ${number(65536)}`,
    () => `ttl ${range(256)} dport != ${number(65536)}`,
    () => `ttl < ${1 + random(255)} src ${ip4()}`,
    () => `tcp.seq ${range(70_000)} src ${ip4()}`,
    () => `src { ${ip6()}, ${ip6()} } dport in wide`,
    () => `icmp.type ${number(256)} src ${ip4()}`,
    () => `src ${ip4()} dst in lan sport { ${number(9)}, ${number(9)}, ${number(9)} } payload contains "x"`,
    () => `dst ${ip4()} payload.len ${range(1500)}`,
  ];
  const actions = ['drop', 'pass', 'count', 'log, pass'];
  return `match ${(conditions[random(conditions.length)] ?? String)()} -> ${actions[random(4)]}`;
}

test(`${RULES} rows of many shapes`, () => {
  const random = randomFrom(5);
  const head = 'let lan = { 10.0.0.0/8, 192.0.2.0/24 }\nlet wide = { 1-100, 200, 4000-65535 }\n';
  const rules = Array.from({ length: RULES }, () => ruleText(random));
  const program = programOf(`${head}${rules.join('\n')}\n`);
  expect(program.rules).toHaveLength(RULES);
  const kinds = ruleKinds(program.rules);
  expect(program.rules.filter((rule) => rowOf(rule) !== null).length).toBeGreaterThan(RULES / 2);
  expect(kinds.kinds.length).toBeLessThan(RULES / 3);
  const plain: Program = { ...program, rules: program.rules.map(plainRule) };
  expect(ruleKinds(plain.rules).kinds).toHaveLength(RULES);
  const dimensions = dimensionsOf(program, targetFor(program.hook));
  expect(dimensionsOf(plain, targetFor(program.hook))).toEqual(dimensions);
  const [rows, one] = [boxSetsOf(program, dimensions), boxSetsOf(plain, dimensions)];
  expect(rows?.sets).toEqual(one?.sets);
  expect(rows?.checkOf).toEqual(one?.checkOf);
  expect(rows?.checks).toEqual(one?.checks);
});
