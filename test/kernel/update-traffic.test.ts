/**
 * Rules that change a hundred times a second while packets come as fast as they can. The packets are chosen so that a mixture of
 * two sets of rules would show. PKTC_UPDATE_SECONDS=60 for a minute of it (`npm run test:updates`).
 */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import { BPF_MAP_TYPE_ARRAY_OF_MAPS } from '../../runtime/ffi/libbpf.ts';
import { stableMemory } from '../../runtime/ffi/libc.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { mapMemory } from '../../runtime/mapped-memory.ts';
import { address, frameOf, ipv4, pad, udp } from '../packets/build-packet.ts';
import { dataArtifact, dataObject, numberFrame, type RangeRule } from '../runtime/data-fixture.ts';
import { mapsOf } from './bpf-objects.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel } from './environment.ts';
import { prepareFlood } from './flood.ts';
import { type JudgedPacket, startJudge } from './judge.ts';

const SECONDS = Number(process.env.PKTC_UPDATE_SECONDS ?? 3);
const UPDATES_A_SECOND = 100;
/** Fewer than the kernel can make in that time, so that they end with the updates or before. */
const FLOOD_A_SECOND = 1_000_000;
const LAST_CPU = availableParallelism() - 1;
const DROP = 1;
const PASS = 2;
/** Large enough that writing them takes as long as hundreds of packets do. */
const DATA_BYTES = 1 << 20;
const STEADY = 5000;

let object: Uint8Array;
beforeAll(() => {
  object = dataObject();
});

/**
 * Two sets. Numbers below 800 get opposite verdicts. Number 5000 passes in both, by a rule at the beginning of one and another near the
 * end of the other: of the first half of one set and the second half of the other, nothing would let it pass.
 */
function twoSets(): readonly [readonly RangeRule[], readonly RangeRule[]] {
  const blocks = (odd: boolean) =>
    Array.from({ length: 40 }, (_, index): RangeRule => {
      const verdict = (index % 2 === 1) === odd ? 'pass' : 'drop';
      return { name: `block${index}`, low: index * 20, high: index * 20 + 19, verdict };
    });
  const steady = (name: string): RangeRule => ({ name, low: STEADY, high: STEADY, verdict: 'pass' });
  const rest: RangeRule = { name: 'rest', low: 0, high: 0xffff_ffff, verdict: 'drop' };
  return [
    [steady('early'), ...blocks(true), rest],
    [...blocks(false).reverse(), steady('late'), rest],
  ];
}

function countersByName(loaded: LoadedProgram): ReadonlyMap<string, bigint> {
  const counters = loaded.counters();
  return new Map(counters.map(({ packets }, index) => [loaded.manifest.rules[index]?.name ?? 'default', packets]));
}

interface Traffic {
  readonly sets: readonly [Artifact, Artifact];
  readonly frame: (number: number) => Uint8Array;
  /** Packets of these numbers have opposite verdicts in the two sets. */
  readonly opposite: readonly number[];
  /** Numbers that no rule of either set lets pass. */
  readonly dropped: readonly number[];
}

async function changeUnderTraffic({ sets, frame, opposite, dropped }: Traffic): Promise<void> {
  const hex = (number: number) => Buffer.from(frame(number)).toString('hex');
  const packets: readonly JudgedPacket[] = [
    ...opposite.map((number) => ({ hex: hex(number), allowed: [DROP, PASS] })),
    ...[1, 2, 3].map(() => ({ hex: hex(STEADY), allowed: [PASS] })),
    ...dropped.map((number) => ({ hex: hex(number), allowed: [DROP] })),
  ];
  using loaded = loadArtifact(sets[0]);
  const [probe = 0] = opposite;
  const first = loaded.testRun(frame(probe)).returnValue;
  const judge = await startJudge(loaded.programs[0]!.id, packets, LAST_CPU);
  // And as many as the kernel itself can make: their verdicts are told by the counters.
  const flooded = SECONDS * FLOOD_A_SECOND;
  const flood = await prepareFlood(loaded.programs[0]!.id, frame(STEADY), flooded, LAST_CPU);
  flood.start();
  const updates = SECONDS * UPDATES_A_SECOND;
  const began_ms = performance.now();
  let tried = 1;
  for (let update = 1; update <= updates; update++) {
    const result = await loaded.replace(sets[update % 2]!);
    expect(result.replaced).toBe(true);
    // From here on every packet sees the new rules.
    expect(loaded.testRun(frame(probe)).returnValue).toBe(update % 2 === 0 ? first : DROP + PASS - first);
    tried++;
    const due_ms = began_ms + (update * 1000) / UPDATES_A_SECOND;
    if (due_ms > performance.now()) await sleep(due_ms - performance.now());
  }
  const took_s = (performance.now() - began_ms) / 1000;
  const judgement = await judge.stop();
  await flood.done;
  console.log(
    `${updates} updates of ${sets[0].data?.length} bytes in ${took_s.toFixed(1)} s (${(updates / took_s).toFixed(0)}/s), ` +
      `${judgement.packets} packets judged one by one, ${judgement.wrong} by a mixture; ${flooded} counted`,
  );
  expect(judgement.wrong).toBe(0);
  expect(judgement.packets).toBeGreaterThan(updates * 50);
  // Both sets were seen.
  for (const verdicts of judgement.verdicts.slice(0, opposite.length)) expect(Object.keys(verdicts).sort()).toEqual(['1', '2']);
  // Each packet counted once, by a rule that had it: of the rules that are not in this set, the counters come back with them.
  const now = countersByName(loaded);
  await loaded.replace(sets[(updates + 1) % 2]!);
  const both = new Map([...now, ...countersByName(loaded)]);
  const passed = (from: number, to: number) =>
    judgement.verdicts.slice(from, to).reduce((sum, verdicts) => sum + (verdicts[PASS] ?? 0), 0);
  const steady = passed(opposite.length, opposite.length + 3) + flooded;
  expect(both.get('early')! + both.get('late')!).toBe(BigInt(steady));
  expect(both.get('early')).toBeGreaterThan(0n);
  expect(both.get('late')).toBeGreaterThan(0n);
  expect([...both.values()].reduce((sum, count) => sum + count, 0n)).toBe(BigInt(judgement.packets + flooded + tried));
}

/** As in `twoSets`, among rules that no packet here matches: other addresses, which make the trees differ all over. */
function compiledSet(odd: boolean): Promise<Artifact> {
  const blocks = Array.from({ length: 40 }, (_, index) => {
    const verdict = (index % 2 === 1) === odd ? 'pass' : 'drop';
    return `block${index}: match udp dport ${index * 20}-${index * 20 + 19} -> ${verdict}\n`;
  });
  const others = Array.from({ length: 1000 }, (_, index) => {
    const net = odd ? `10.${index % 200}.${index % 256}.0/24` : `10.${(index * 7) % 200}.0.0/16`;
    return `other${index}: match src ${net} dst 192.168.${index % 256}.0/24 udp dport ${1 + index * 3} -> drop\n`;
  });
  const steady = (name: string) => `${name}: match src 10.0.0.0/8 udp dport ${STEADY} -> pass\n`;
  const rules = odd ? [steady('early'), ...blocks, ...others] : [...others, ...blocks.reverse(), steady('late')];
  return compileRules(`default drop\n${rules.join('')}`);
}

const udpFrame = (port: number) =>
  pad(frameOf(ipv4({ src: address('10.9.0.1'), dst: address('10.9.0.2'), proto: 17 }, udp({ sport: 7, dport: port }))));

describeKernel('rules that change under traffic', () => {
  test('a hundred times a second: every packet is judged by the rules before or after', async () => {
    const sets = twoSets().map((rules, index) => dataArtifact(object, rules, index + 1, DATA_BYTES)) as [Artifact, Artifact];
    const numbers = { opposite: [5, 25, 405, 425, 785], dropped: [900, 6000] };
    await changeUnderTraffic({ sets, frame: numberFrame, ...numbers });
  });

  test('a hundred times a second, compiled from rule files', async () => {
    // Those with more data first: room is made for them, and a sixteenth more.
    const sets = [await compiledSet(false), await compiledSet(true)] as const;
    expect(sets[0].data!.length).toBeGreaterThan(sets[1].data!.length);
    expect(sets.map(({ data }) => data === null)).toEqual([false, false]);
    const numbers = { opposite: [5, 25, 405, 425, 785], dropped: [900, 6000] };
    await changeUnderTraffic({ sets, frame: udpFrame, ...numbers });
  });

  test('a mixture would have been seen: the data changed where they lie', async () => {
    const sets = twoSets().map((rules, index) => dataArtifact(object, rules, index + 1, DATA_BYTES)) as [Artifact, Artifact];
    using loaded = loadArtifact(sets[0]);
    // The slots of either set are in its own table; the two are the same where a rule has the same row.
    const data = sets.map(({ data }) => data!);
    const memory = mapMemory(loaded.internals.libc, {
      fd: storedMap(loaded),
      length_bytes: DATA_BYTES,
      offset_bytes: 0,
      writable: true,
    });
    const bytes = new Uint8Array(memory.buffer);
    const steady = { hex: Buffer.from(numberFrame(STEADY)).toString('hex'), allowed: [PASS] };
    const judge = await startJudge(loaded.programs[0]!.id, [steady], LAST_CPU);
    for (let update = 1; update <= 300; update++) {
      // In two halves, so that it does not depend on who has the CPUs.
      bytes.set(data[update % 2]!.subarray(0, DATA_BYTES / 2));
      await sleep(1);
      bytes.set(data[update % 2]!.subarray(DATA_BYTES / 2), DATA_BYTES / 2);
    }
    const judgement = await judge.stop();
    memory.close();
    expect(judgement.wrong).toBeGreaterThan(0);
  });
});

/** A descriptor of the map that holds the data now, which stays open until the process ends. */
function storedMap(loaded: LoadedProgram): number {
  const { libbpf } = loaded.internals;
  for (const { fd, type } of mapsOf(loaded.programs[0]!)) {
    const inner = stableMemory(4);
    if (type !== BPF_MAP_TYPE_ARRAY_OF_MAPS) continue;
    libbpf.map_lookup_elem(fd, stableMemory(4).bytes, inner.bytes);
    return libbpf.map_get_fd_by_id(new Uint32Array(inner.bytes.buffer)[0] ?? 0);
  }
  throw new Error('the program has no array of maps');
}
