/**
 * A file that was compiled before and has changed since comes to what it comes to from scratch: the same diagnostics, rules, boxes and
 * plan, and trees that find the same rules. `PKTC_SEED` sets the seed.
 */
import { expect, test } from 'vitest';
import { boxSetsOf } from '../../compiler/4-plan/boxes/box-sets.ts';
import { dimensionsOf } from '../../compiler/4-plan/boxes/dimensions.ts';
import type { Plan } from '../../compiler/4-plan/plan.ts';
import type { BoxSet } from '../../compiler/4-plan/tree/box-set.ts';
import { manifestRules } from '../../compiler/6-build/manifest-rules.ts';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import { type Analysis, analyse, createAnalysisMemo } from '../../compiler/index.ts';
import { targetFor } from '../../compiler/targets/target.ts';
import { type Random, randomFrom } from '../grammar/random-text.ts';
import { type Key, walkTrees } from './tree-walker.ts';

const SEED = Number(process.env.PKTC_SEED ?? 1);
/** Of an entry, as templates/include/pktc/data.h has it. */
const RULE = 0xf_ffff;
const ACTION_SHIFT = 20;
const ACTION_MAX = 0x7ff;
const HEAD_WORDS = 16;
const ROOTS = 8;

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T;
const octet = (random: Random) => random(256);
const action = (random: Random) => pick(random, ['drop', 'pass', 'pass', 'count', 'log, drop', 'mark 7, pass']);
const port = (random: Random) =>
  pick(random, [`${random(65_536)}`, `${random(1000)}-${1000 + random(64_000)}`, '{ 22, 80, 8000-8080 }']);

function rule(random: Random): string {
  const address = pick(random, [
    () => `src 10.${octet(random)}.${octet(random)}.0/24`,
    () => `src 10.${octet(random)}.${octet(random)}.${octet(random)} dst 192.168.${octet(random)}.0/24`,
    () => `dst 172.${random(16)}.0.0/16`,
    () => `src 2001:db8:${random(9999).toString(16)}::/48`,
  ])();
  const rest = pick(random, [
    () => `tcp dport ${port(random)}`,
    () => `udp sport ${port(random)}`,
    () => 'proto icmp',
    () => '',
    () => `not dport ${random(65_536)}`,
    () => `dport != ${random(65_536)}`,
  ])();
  const label = random(6) === 0 ? `r${random(1e7)}: ` : '';
  return `${label}match ${address} ${rest} -> ${action(random)}`;
}

/** Lines one by one: what people do to a file, and what they do wrong. */
function edited(random: Random, lines: readonly string[]): string[] {
  const next = [...lines];
  const at = 4 + random(next.length - 4);
  const other = 4 + random(next.length - 4);
  pick(random, [
    () => next.splice(at, 1, rule(random)),
    () => next.splice(at, 1, rule(random)),
    () => next.splice(at, 0, rule(random)),
    () => next.splice(at, 0, ...Array.from({ length: 1 + random(20) }, () => rule(random))),
    () => next.splice(at, 1 + random(3)),
    () => next.splice(at, 0, next[other] ?? ''),
    () => next.splice(at, 0, '# a comment', ''),
    () => next.splice(at, 1, `# ${next[at]}`),
    () => next.splice(at, 2, ...next.slice(at, at + 2).reverse()),
    () => next.splice(other, 0, ...next.splice(at, 5)),
    () => next.splice(at, 1, `${next[at]} # why`),
    () => next.splice(at, 1, (next[at] ?? '').replace(/ -> .*/, ` -> ${action(random)}`)),
    () =>
      next.splice(
        at,
        0,
        pick(random, ['match any -> pass', 'match tcp udp -> drop', 'match src 10.0.0.0/8 tcp or udp -> drop', 'match']),
      ),
    () => next.splice(2, 1, `let web = { ${random(100)}, 443 }`),
    () => next.splice(3, 1, pick(random, ['', 'match dport web -> pass'])),
  ])();
  return next;
}

const said = ({ code, message, severity, primary, related, help, fixes }: Diagnostic) => ({
  ...{ code, message, severity, help, fixes },
  places: [primary, ...related].map((label) => label && { span: label.span, text: label.text, file: label.source.name }),
});

function comparable({ plan, program, diagnostics }: Analysis) {
  const rules = JSON.parse(JSON.stringify(manifestRules(program.rules)));
  return { diagnostics: diagnostics.map(said), rules, plan: plan && planned(plan) };
}

/** What depends neither on how trees have grown nor on which rules were parsed one by one. */
function planned({ program: _, classifier, actions, ...other }: Plan) {
  const rest = { ...other, actions: [...new Set(actions.map((one) => JSON.stringify(one)))].sort() };
  if (classifier.name === 'chain') return { ...rest, classifier };
  const { data: _data, depth: _depth, leaf: _leaf, nodes: _nodes, records: _records, ...tree } = classifier;
  const { partitions: _partitions, cost: _cost, reason: _reason, checks, ...kept } = tree;
  const asked = checks.map(({ rule: first, condition }) => [first, JSON.stringify(condition, (_key, value) => value)]);
  return { ...rest, classifier: { ...kept, asked } };
}

/** A packet in one of the boxes, or nearly. */
function keyIn(random: Random, set: BoxSet): Key {
  const key = new Array<bigint>(16).fill(0n);
  const box = random(set.count);
  const between = (first: number, last: number) => first + random(Math.min(last - first + 1, 2 ** 31));
  const other = random(4) === 0 ? random(set.count) : box;
  if (set.family === 4) {
    key[0] = BigInt(between(set.src[2 * box] ?? 0, set.src[2 * box + 1] ?? 0));
    key[2] = BigInt(between(set.dst[2 * other] ?? 0, set.dst[2 * other + 1] ?? 0));
  } else {
    for (let half = 0; half < 4; half++) {
      const side = half < 2 ? set.src : set.dst;
      const at = 4 * (half < 2 ? box : other) + 2 * (half & 1);
      key[half] = (BigInt(side[at] ?? 0) << 32n) | BigInt(side[at + 1] ?? 0);
    }
  }
  for (const [scalar, pairs] of set.scalars.entries()) {
    key[4 + scalar] = BigInt(between(pairs[2 * other] ?? 0, pairs[2 * other + 1] ?? 0));
  }
  key[4 + set.scalars.length] = BigInt(
    (set.bitsValue[other] ?? 0) | (random(2) === 0 ? 0 : 0xffff & ~(set.bitsMask[other] ?? 0)),
  );
  return key;
}

/** Rules of a set that hold for a packet, ascending, each once. */
function holding(set: BoxSet, key: Key): number[] {
  const found = new Set<number>();
  for (let box = 0; box < set.count; box++) if (isIn(set, box, key)) found.add(set.entry[box] ?? 0);
  return [...found];
}

function isIn(set: BoxSet, box: number, key: Key): boolean {
  const address = (side: 0 | 2): boolean => {
    const words = side === 0 ? set.src : set.dst;
    if (set.family === 4) return (key[side] ?? 0n) >= (words[2 * box] ?? 0) && (key[side] ?? 0n) <= (words[2 * box + 1] ?? 0);
    const host = BigInt(128 - ((side === 0 ? set.srcLength : set.dstLength)[box] ?? 0));
    const first = [0, 1, 2, 3].reduce((value, word) => (value << 32n) | BigInt(words[4 * box + word] ?? 0), 0n);
    return (((key[side] ?? 0n) << 64n) | (key[side + 1] ?? 0n)) >> host === first >> host;
  };
  if (!address(0) || !address(2)) return false;
  for (const [scalar, pairs] of set.scalars.entries()) {
    const value = key[4 + scalar] ?? 0n;
    if (value < (pairs[2 * box] ?? 0) || value > (pairs[2 * box + 1] ?? 0)) return false;
  }
  return set.bitsMask.length === 0 || (Number(key[4 + set.scalars.length]) & (set.bitsMask[box] ?? 0)) === set.bitsValue[box];
}

/** The data find what the boxes of the rules say, and each entry has the action of its rule. */
function expectTreesToFind(random: Random, { plan, program }: Analysis, packets: number): number {
  if (plan?.classifier.name !== 'tree') return 0;
  const { data, shape } = plan.classifier;
  const dimensions = dimensionsOf(program, targetFor(program.hook));
  const sets = boxSetsOf(program, dimensions)?.sets ?? [];
  const words = new Uint32Array(data.slice().buffer);
  const actionOf = (index: number) => ((words[words[5]! / 4 + 2 * index + 1] ?? 0) >>> 16) as number;
  let found = 0;
  for (const [number, set] of sets.entries()) {
    if (set === null) continue;
    const roots = [...words.slice(HEAD_WORDS + ROOTS * number, HEAD_WORDS + ROOTS * (number + 1))].filter((root) => root !== 0);
    for (let packet = 0; packet < packets; packet++) {
      const key = keyIn(random, set);
      const entries: number[] = [];
      const { matches } = walkTrees(data, 0, shape, set.family, roots, key, RULE, (entry) => entries.push(entry));
      const each = [...new Set(matches.map(({ entry }) => entry))];
      const wanted = holding(set, key);
      if (set.mode === 'first') expect(each[0]).toBe(wanted[0]);
      else expect(each).toEqual(wanted);
      for (const entry of entries) expect((entry >>> ACTION_SHIFT) & ACTION_MAX).toBe(actionOf(entry & RULE));
      found += entries.length;
    }
  }
  return found;
}

for (const [rules, edits, packets] of [
  [1600, 30, 4],
  [9000, 3, 8],
] as const) {
  test(`${rules} rules, edited ${edits} times (seed ${SEED})`, { timeout: 120_000 }, () => {
    const random = randomFrom(SEED + rules);
    const sound = ['hook tc', 'default pass', 'let web = { 80, 443 }', 'match dport web -> pass'];
    // Names keep what shapes mean from being taken over: every other file has none.
    const plain = ['hook tc', 'default pass', '', ''];
    const body = Array.from({ length: rules }, () => rule(random));
    let lines = [...plain, ...body];
    const memo = createAnalysisMemo();
    let [kept, found] = [0, 0];
    for (let edit = 0; edit < edits; edit++) {
      const source = { name: 'edge.rules', text: `${lines.join('\n')}\n` };
      const before = memo.boxes.kept?.boxes.sets[0];
      const changed = analyse(source, { hook: null, memo });
      const fresh = analyse(source, { hook: null });
      expect(comparable(changed), `edit ${edit}`).toEqual(comparable(fresh));
      if (memo.boxes.kept !== null && changed.plan !== null) {
        const dimensions = dimensionsOf(fresh.program, targetFor(fresh.program.hook));
        expect(memo.boxes.kept.boxes.sets).toEqual(boxSetsOf(fresh.program, dimensions)?.sets);
        kept += before && memo.trees.kept?.grown[0]?.changed !== 0 ? 1 : 0;
        found += expectTreesToFind(random, changed, packets);
      }
      if (changed.diagnostics.some(({ severity }) => severity === 'error'))
        lines = [...(random(3) === 0 ? sound : plain), ...body];
      for (let more = 1 + random(4) * random(2); more > 0; more--) lines = edited(random, lines);
    }
    expect(kept).toBeGreaterThanOrEqual(Math.floor(edits / 4));
    expect(found).toBeGreaterThan(0);
  });
}
