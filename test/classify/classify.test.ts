/**
 * Chain, tree and trees decide alike, and as the reference interpreter does: in the verdict, in which rules count, in which events
 * come in which order, and in the mark. `PKTC_SEED=7` repeats a run, `PKTC_CLASSIFY_ROUNDS=100` makes it longer.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programOf } from '../differential/program-of.ts';
import { describeKernel } from '../kernel/environment.ts';
import { createRandom, type Random, seedOf } from '../packets/random.ts';
import { PRESENCE_RULES } from '../plan/presence-rules.ts';
import { CHAIN, type Choice, type Comparer, createComparer, ONE_TREE, PLANNED, TREES, WITH_CACHE } from './compare-choices.ts';
import { drawPackets } from './draw-packets.ts';
import { generateRuleSet, generateScalarSet, type Hook, PROFILE_NAMES } from './generate-rule-set.ts';

const SEED = Number(process.env.PKTC_SEED ?? 20_240_229);
const ROUNDS = Number(process.env.PKTC_CLASSIFY_ROUNDS ?? 1);
const PACKETS = 200;
const FEW = 80;

/** Every choice that can be forced. */
const CHOICES: readonly Choice[] = [CHAIN, ONE_TREE, TREES, WITH_CACHE];

describeKernel('every way to try the rules of a set', () => {
  let comparer: Comparer;
  beforeAll(async () => {
    comparer = await createComparer();
  });
  afterAll(() => comparer[Symbol.asyncDispose]());

  const rounds = Array.from({ length: ROUNDS }, (_, round) => round);
  const hookOf = (random: Random): Hook => random.pick(['xdp', 'tc ingress']);

  test.each(PROFILE_NAMES.flatMap((profile) => rounds.map((round) => [profile, round] as const)))(
    'gives the same answers: %s, round %i',
    async (profile, round) => {
      const random = createRandom(seedOf(SEED + PROFILE_NAMES.indexOf(profile), round));
      const observers = random.pick([0, 0.3, 0.7]);
      const text = generateRuleSet(random, { profile, rules: FEW, hook: hookOf(random), observers });
      const program = programOf(text);
      // Each of them twice: a flow cache answers the second time.
      const drawn = drawPackets(random, program, PACKETS);
      const frames = [...drawn, ...drawn];
      const { failure, matches, refused } = await comparer.compare(program, frames, CHOICES);
      expect(failure).toBeNull();
      // A tree of everything at once may need more stack than there is, and the planner says so.
      const allowed = profile === 'everything' ? ['PKT4026'] : [];
      expect([...refused.values()].filter((code) => !allowed.includes(code))).toEqual([]);
      expect(refused.get(CHAIN.name)).toBeUndefined();
      expect(matches).toBeGreaterThan(PACKETS / 4);
    },
  );

  test.each(rounds)('gives the same answers: all fields of at most 16 bits, round %i', async (round) => {
    const random = createRandom(seedOf(SEED + 100, round));
    const program = programOf(generateScalarSet(random, 60, hookOf(random), 0.4));
    const { failure, refused } = await comparer.compare(program, drawPackets(random, program, PACKETS), [
      CHAIN,
      ONE_TREE,
      TREES,
    ]);
    expect(failure).toBeNull();
    expect([...refused]).toEqual([]);
  });

  // The walk of most packets fills the key in one way, the walk of all in another: rules that observe have the second alone.
  test.each(
    PRESENCE_RULES.slice(1).flatMap(([what, { rules }]) => ['pass', 'count'].map((action) => ({ what, action, rules }))),
  )('gives the same answers: $what, told apart when absent and when 0, $action', async ({ rules, action }) => {
    const random = createRandom(seedOf(SEED + 200, rules.length));
    const lines = rules.map((rule, at) => `match src 10.${at}.0.0/16 ${rule} -> ${action}`);
    const program = programOf(`${lines.join('\n')}\n${rules.map((rule) => `match ${rule} -> drop`).join('\n')}\n`);
    const drawn = drawPackets(random, program, 2 * PACKETS);
    const { failure, matches, refused } = await comparer.compare(program, [...drawn, ...drawn], [WITH_CACHE]);
    expect(failure).toBeNull();
    expect([...refused]).toEqual([]);
    expect(matches).toBeGreaterThan(PACKETS);
  });

  test('gives the same answers: a list that is not looked into, for its rule holds for every packet', async () => {
    const values = Array.from({ length: 40 }, (_, at) => 3 * at + 1).join(', ');
    const program = programOf(
      `hook tc ingress\nmatch direction ingress or tcp.mss { ${values} } -> drop\nmatch tcp -> count\n`,
    );
    const frames = drawPackets(createRandom(1), program, 20);
    const { failure, decided } = await comparer.compare(program, frames, CHOICES);
    expect(failure).toBeNull();
    expect(decided).toBe(20);
  });

  test.each([
    { profile: 'access', rules: 5000, observers: 0.1 },
    { profile: 'wildcards', rules: 3000, observers: 0 },
    { profile: 'staircase', rules: 2000, observers: 0 },
    { profile: 'grid', rules: 2000, observers: 0 },
    { profile: 'exact', rules: 3000, observers: 0.05 },
    { profile: 'nested', rules: 3000, observers: 0.02 },
    { profile: 'access', rules: 100_000, observers: 0 },
  ] as const)('gives the same answers: $rules rules, $profile', async ({ profile, rules, observers }) => {
    const random = createRandom(seedOf(SEED, rules));
    const program = programOf(generateRuleSet(random, { profile, rules, hook: 'xdp', observers }));
    expect(program.rules).toHaveLength(rules);
    const { failure, decided, refused } = await comparer.compare(program, drawPackets(random, program, PACKETS), [
      PLANNED,
      ONE_TREE,
    ]);
    expect(failure).toBeNull();
    expect(refused.get(PLANNED.name)).toBeUndefined();
    expect(decided).toBeGreaterThan(PACKETS / 5);
  });
});
