/** Thirty-two rules that compare many fields in any order: the verifier takes them, and the kernel does what the interpreter says. */
import { expect, test } from 'vitest';
import { FEW_RULES_MAX, isFew, isStraight } from '../../compiler/4-plan/few.ts';
import { compile } from '../../compiler/index.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { hintsOf } from '../packets/hints.ts';
import { createRandom, type Random } from '../packets/random.ts';
import { describeKernel } from './environment.ts';

const PACKETS = 1500;

const CONDITIONS: readonly ((random: Random) => string)[] = [
  (random) => `src ${random.int(1, 200)}.${random.int(0, 255)}.0.0/16`,
  (random) => `dst ${random.int(1, 200)}.${random.int(0, 255)}.0.0/24`,
  (random) => `dport ${random.int(0, 65535)}`,
  (random) => `sport ${random.int(1, 65000)}-65535`,
  (random) => `len ${random.int(15, 500)}-1500`,
  (random) => `ttl ${random.int(1, 64)}-200`,
  (random) => `dscp ${random.int(0, 63)}`,
  (random) => `flags ${random.pick(['SYN,!ACK', 'ACK', '{RST, FIN}'])}`,
  (random) => `src { 10.0.${random.int(0, 99)}.0/24, 2001:db8:${random.int(1, 99)}::/48 }`,
];

function wildRules(random: Random): string {
  const rules = Array.from({ length: FEW_RULES_MAX }, () => {
    const [a, b, c, d] = random.shuffled(CONDITIONS.slice(0, -1)).map((condition) => condition(random));
    const action = random.pick(['count', 'count', 'drop', 'log']);
    return random.chance(0.5)
      ? `match (${a} or ${b}) (${c} or ${d}) -> ${action}`
      : `match (${CONDITIONS.at(-1)?.(random)} or ${a}) ${b} -> ${action}`;
  });
  return rules.join('\n');
}

describeKernel('few rules', () => {
  test.each(['xdp', 'tc ingress'] as const)('%s: in any order, of many fields', async (hook) => {
    const random = createRandom(32);
    const compiled = await compile({ name: 'wild.rules', text: wildRules(random) }, { hook });
    const { artifact, plan, program, emission } = compiled;
    if (artifact === null || plan === null) throw new Error('not compiled');
    expect([isFew(plan), isStraight(plan)]).toEqual([true, false]);
    expect(emission?.c).toContain('#define PKTC_HIDE_VALUES\n');
    using loaded = loadArtifact(artifact);
    const interpret = createInterpreter(program);
    const hints = hintsOf(program);
    let matches = 0;
    let before = loaded.counters();
    for (let at = 0; at < PACKETS; at++) {
      const frame = generatePacket(random, { hints, minLength: 14 });
      try {
        loaded.testRun(frame);
      } catch (error) {
        // At tc the kernel takes no frame whose IP header is cut.
        if (error instanceof RuntimeError && error.code === 'PKT6009') continue;
        throw error;
      }
      const after = loaded.counters();
      const moved = program.rules.map(({ index }) => index).filter((index) => after[index]?.packets !== before[index]?.packets);
      before = after;
      expect(moved, Buffer.from(frame).toString('hex')).toEqual(interpret(frame).rules);
      matches += moved.length;
    }
    expect(matches).toBeGreaterThan(PACKETS / 2);
  });

  test('of few fields are left as they are', async () => {
    const { plan, emission } = await compile({ name: 'x.rules', text: 'match tcp dport 22 -> drop\n' }, { hook: 'xdp' });
    if (plan === null) throw new Error('no plan');
    expect([isFew(plan), isStraight(plan)]).toEqual([true, true]);
    expect(emission?.c).not.toContain('PKTC_HIDE_VALUES');
  });
});
