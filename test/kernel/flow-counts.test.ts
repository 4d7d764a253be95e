/** Packets of flows that are known are counted with their flow: whoever reads the counters sees each of them at once, and once. */
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { frameOf, integer, ipv4, ipv6, pad, udp } from '../packets/build-packet.ts';
import { createRandom } from '../packets/random.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel } from './environment.ts';
import { prepareFlood } from './flood.ts';
import { startJudge } from './judge.ts';

const LAST_CPU = availableParallelism() - 1;
const NETWORKS = 8;
/** Of each family: more than twice as many as there are lines for so few rules, so that flows drive each other out. */
const FLOWS = 5000;
/** A line has room for fewer: 2^23. */
const HEAVY = 9_000_000;
const READ_MS = 1500;
/** More than there are counters to give away. */
const TURNS = 200;
const PASS = 2;

interface Flow {
  readonly net: number;
  readonly host: number;
}

const FAMILIES = [
  {
    family: 'IPv4',
    rule: (net: number) => `src 10.${net}.0.0/16`,
    frame: ({ net, host }: Flow) =>
      pad(frameOf(ipv4({ proto: 17, src: integer((10 << 24) | (net << 16) | host, 4) }, udp({ dport: 53 })))),
  },
  {
    family: 'IPv6',
    rule: (net: number) => `src 2001:db8:${net}::/48`,
    frame: ({ net, host }: Flow) => {
      const src = integer((0x20010db8n << 96n) | (BigInt(net) << 80n) | BigInt(host), 16);
      return pad(frameOf(ipv6({ next: 17, src }, udp({ dport: 53 }))), 74);
    },
  },
] as const;

type Family = (typeof FAMILIES)[number];

/** @param name of the first rule */
function rulesOf({ rule }: Family, name = 'net0'): string {
  const rules = Array.from(
    { length: NETWORKS },
    (_, net) => `${net === 0 ? name : `net${net}`}: match ${rule(net)} udp -> pass`,
  );
  return rules.join('\n');
}

async function load(family: Family): Promise<LoadedProgram> {
  const artifact = await compileRules(rulesOf(family), 'xdp', { classifier: 'tree' });
  expect(artifact.manifest.data?.recalls).toBe(true);
  return loadArtifact(artifact);
}

const packetsOf = (loaded: LoadedProgram) => loaded.counters().map(({ packets }) => Number(packets));

function flowsOf(count: number): readonly Flow[] {
  return Array.from({ length: count }, (_, at) => ({ net: at % (NETWORKS + 1), host: 1 + (at >> 3) }));
}

describeKernel('packets that are counted with their flow', () => {
  test.each(FAMILIES)('are in the counters at once, and each is told once: $family', async (family) => {
    using loaded = await load(family);
    const random = createRandom(1);
    const expected = new Array<number>(NETWORKS + 1).fill(0);
    let bytes = 0;
    const frames = flowsOf(FLOWS).map((flow) => ({ net: flow.net, frame: family.frame(flow) }));
    const watch = loaded.watchCounters();
    const looked = new Set<number>();
    for (let packet = 0; packet < 6 * FLOWS; packet++) {
      // Each flow several times in a row, so that it is known when another takes its place.
      const { net, frame } = frames[Math.floor(packet / 4) % FLOWS]!;
      loaded.testRun(frame);
      expected[net]!++;
      bytes += frame.length;
      if (net < NETWORKS) looked.add(net);
      if (random.int(0, 20) > 0) continue;
      expect(watch()).toEqual([...looked].sort());
      expect(watch()).toEqual([]);
      expect(packetsOf(loaded)).toEqual(expected);
      looked.clear();
    }
    expect(packetsOf(loaded)).toEqual(expected);
    expect(loaded.counters().reduce((sum, counter) => sum + Number(counter.bytes), 0)).toBe(bytes);
  });

  test.each(FAMILIES)('are in the counters when there are more than a flow has room for: $family', async (family) => {
    using loaded = await load(family);
    const frame = family.frame({ net: 1, host: 1 });
    const flood = await prepareFlood(loaded.programs[0]?.id, frame, HEAVY, LAST_CPU);
    flood.start();
    await flood.done;
    const heavy = loaded.counters()[1];
    expect([heavy?.packets, heavy?.bytes]).toEqual([BigInt(HEAVY), BigInt(HEAVY * frame.length)]);
  });

  test.each(FAMILIES)('are never taken back while flows drive each other out: $family', async (family) => {
    using loaded = await load(family);
    const frames = flowsOf(FLOWS).flatMap((flow) => {
      const packet = { hex: Buffer.from(family.frame(flow)).toString('hex'), allowed: [PASS] };
      return [packet, packet];
    });
    const watch = loaded.watchCounters();
    const judge = await startJudge(loaded.programs[0]!.id, frames, LAST_CPU);
    let before = packetsOf(loaded);
    let readings = 0;
    const until_ms = performance.now() + READ_MS;
    while (performance.now() < until_ms) {
      const now = packetsOf(loaded);
      expect(now.filter((packets, rule) => packets < before[rule]!)).toEqual([]);
      if (now.some((packets, rule) => packets > before[rule]!)) readings++;
      before = now;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { packets, wrong } = await judge.stop();
    expect(wrong).toBe(0);
    expect(readings).toBeGreaterThan(10);
    expect(packetsOf(loaded).reduce((sum, count) => sum + count, 0)).toBe(packets);
    watch();
    expect(watch()).toEqual([]);
  });

  test.each(FAMILIES)('of a rule that is gone are not those of the next one that has its counter: $family', async (family) => {
    using loaded = await load(family);
    const frame = family.frame({ net: 0, host: 1 });
    for (let packet = 0; packet < 10; packet++) loaded.testRun(frame);
    const slot = () => loaded.internals.data?.slots.of[0];
    const first = slot();
    let turn = 0;
    do {
      const next = await compileRules(rulesOf(family, `turn${++turn}`), 'xdp', { classifier: 'tree' });
      expect(await loaded.update(next)).toBe('replaced');
    } while (slot() !== first && turn < TURNS);
    expect(slot()).toBe(first);
    expect(packetsOf(loaded)).toEqual(new Array<number>(NETWORKS + 1).fill(0));
    // What lines had is not counted when others take them, either.
    for (const flow of flowsOf(FLOWS))
      if (flow.net > 0) for (let time = 0; time < 2; time++) loaded.testRun(family.frame(flow));
    expect(packetsOf(loaded)[0]).toBe(0);
  });
});
