/** What a program remembers of the flows that it has seen, looked at in its map. */
import { expect, test } from 'vitest';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { mapMemory } from '../../runtime/mapped-memory.ts';
import { frameOf, integer, ipv4, ipv6, pad, udp } from '../packets/build-packet.ts';
import { createRandom, type Random } from '../packets/random.ts';
import { mapsOf } from './bpf-objects.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel } from './environment.ts';

/** Few enough for the smallest cache: 8,192 lines, in pairs, two of which a flow may lie in. */
const RULES = 100;
const FLOWS = 4096;
/** Flows that drive each other out at first have all found a place after three to eight rounds, by arithmetic; with one pair each, 420 of them never do. */
const ROUNDS = 20;

/** Packets, of which so many are looked up though none was known: PKTC_FLOW_ROUND and PKTC_FLOW_TRIES. */
const FLOOD = 1024;
const TRIES = 16;
/** Of new flows: more than two CPUs have lines. */
const FLOODS = 100;

/** Of any packet here; so that ports and destinations tell flows apart. */
const ASKED = 'dst { 192.168.0.0/16, 2001:db8:ffff::/48 } udp dport 1-60000';

/** PKTC_FLOW_ENTRY, and PKTC_ENTRY_NUMBER. */
const ENTRY = 0x8000_0000;
const ENTRY_NUMBER = 0xfffff;

/** Ahead of the lines of a CPU, in 8-byte words: `struct pktc_flow_lines`. */
const HEAD_WORDS = 2056;

/** 8-byte words of a line, and which of them is what was decided: `struct pktc_flow_line4` and `6`. */
const FAMILIES = [
  { family: 'IPv4', words: 4, decided: 2, rule: (of: number) => `src 10.${of}.0.0/16`, frame: frame4 },
  { family: 'IPv6', words: 8, decided: 5, rule: (of: number) => `src 2001:db8:${of.toString(16)}::/48`, frame: frame6 },
] as const;

interface Flow {
  readonly net: number;
  readonly host: number;
  readonly to: number;
  readonly port: number;
}

/** What differs from flow to flow: bytes that lie far apart, or in one place of several words. */
const FLOWS_OF = [
  { what: 'any host', make: (random) => ({ net: random.int(0, 2 * RULES - 1), host: random.int(0, 0xffff), to: 1, port: 53 }) },
  { what: 'neighbours', make: (_, at) => ({ net: 7, host: at & 63, to: (at >> 6) & 15, port: 53 + (at >> 10) }) },
  { what: 'ports', make: (_, at) => ({ net: 7, host: at & 7, to: 1, port: 1 + (at >> 3) }) },
] as const satisfies readonly { readonly what: string; readonly make: (random: Random, at: number) => Flow }[];

function frame4({ net, host, to, port }: Flow): Uint8Array {
  const src = integer((10 << 24) | (net << 16) | host, 4);
  const dst = integer((192 << 24) | (168 << 16) | to, 4);
  return pad(frameOf(ipv4({ proto: 17, src, dst }, udp({ dport: port }))));
}

function frame6({ net, host, to, port }: Flow): Uint8Array {
  const src = integer((0x20010db8n << 96n) | (BigInt(net) << 80n) | BigInt(host), 16);
  const dst = integer((0x20010db8n << 96n) | (0xffffn << 80n) | BigInt(to), 16);
  return pad(frameOf(ipv6({ next: 17, src, dst }, udp({ dport: port }))), 74);
}

function rulesOf(rule: (of: number) => string): string {
  return Array.from({ length: RULES }, (_, of) => `match ${rule(of)} ${ASKED} -> ${of % 2 === 0 ? 'drop' : 'pass'}`).join('\n');
}

/** No rule is about the networks behind those of the rules. */
function verdictOf({ net }: Flow): 'drop' | 'pass' {
  return net < RULES && net % 2 === 0 ? 'drop' : 'pass';
}

describeKernel('the flow cache', () => {
  const cases = FAMILIES.flatMap((family) => FLOWS_OF.map((flows) => ({ ...family, ...flows })));

  test.each(cases)('finds a place for each flow of $family, and finds it again: $what', async (one) => {
    const { words, decided, rule, frame, make } = one;
    using loaded = loadArtifact(await compileRules(rulesOf(rule), 'xdp', { classifier: 'tree' }));
    const random = createRandom(FLOWS);
    const flows = Array.from({ length: FLOWS }, (_, at) => make(random, at));
    let settled = false;
    for (let round = 0; round < ROUNDS && !settled; round++) {
      const before = linesOf(loaded, words, decided);
      const wrong = flows.filter((flow) => loaded.testRun(frame(flow)).outcome !== verdictOf(flow));
      expect(wrong).toEqual([]);
      const after = linesOf(loaded, words, decided);
      settled = after.every((line, at) => line.every((word, of) => word === before[at]![of]));
    }
    expect(settled).toBe(true);
    const kept = linesOf(loaded, words, decided).filter((line) => line[decided] !== 0n).length;
    expect(kept).toBeGreaterThanOrEqual(new Set(flows.map((flow) => JSON.stringify(flow))).size);
  });

  test.each(FAMILIES)(
    'has little to do with a flood of new flows, until one is known again: $family',
    async ({ words, decided, rule, frame }) => {
      using loaded = loadArtifact(await compileRules(rulesOf(rule), 'xdp', { classifier: 'tree' }));
      let sent = 0n;
      const judge = (flow: Flow) => {
        sent++;
        expect(loaded.testRun(frame(flow)).outcome).toBe(verdictOf(flow));
      };
      let flows = 0;
      const newFlow = () => judge({ net: flows % (2 * RULES), host: flows >> 4, to: 1, port: 1 + (flows++ & 15) });
      const written = (work: () => void) => {
        const before = linesOf(loaded, words, decided);
        work();
        return linesOf(loaded, words, decided).filter((line, at) => line.some((word, of) => word !== before[at]![of])).length;
      };
      // Of each CPU that this process is moved to, the lines fill up first.
      const floods = (most: number) => written(() => repeat(FLOOD, newFlow)) < most;
      expect(floods(FLOOD)).toBe(false);
      expect(repeatUntil(FLOODS, () => floods(FLOOD / 4))).toBe(true);
      const heavy = { net: 0, host: 0xffff, to: 2, port: 53 };
      const knownAgain = () => {
        repeat(FLOOD, () => judge(heavy));
        return written(() => repeat(TRIES / 2, newFlow)) >= TRIES / 2;
      };
      expect(repeatUntil(FLOODS, knownAgain)).toBe(true);
      expect(loaded.counters().reduce((sum, { packets }) => sum + packets, 0n)).toBe(sent);
    },
  );

  test('keeps what a long leaf came to, and which rule logs', async () => {
    // All of them hold for ports in the middle, and none covers another: no tree can take them apart.
    const crossing = Array.from({ length: 60 }, (_, at) => {
      const verdict = at === 0 ? 'drop' : 'pass';
      return `match src 10.1.0.0/16 udp sport ${at}-${60_000 + at} dport ${100 - at}-${60_100 - at} -> ${verdict}`;
    });
    const rules = [...crossing, 'match src 10.2.0.0/16 -> log, drop'];
    using loaded = loadArtifact(await compileRules(rules.join('\n'), 'xdp', { classifier: 'tree' }));
    const send = (src: number) => {
      const frame = pad(frameOf(ipv4({ proto: 17, src: integer(src, 4) }, udp({ sport: 30_000, dport: 30_000 }))));
      return [loaded.testRun(frame).outcome, loaded.testRun(frame).outcome];
    };
    const [words, decided] = [4, 2];
    const kept = () =>
      linesOf(loaded, words, decided).flatMap((line) => (line[decided] === 0n ? [] : [Number(line[decided]! & 0xffff_ffffn)]));
    expect(send(0x0a01_0001)).toEqual(['drop', 'drop']);
    expect(kept().filter((decision) => decision < ENTRY)).not.toEqual([]);
    expect(send(0x0a02_0001)).toEqual(['drop', 'drop']);
    const logging = kept().filter((decision) => decision >= ENTRY);
    expect(logging.map((decision) => decision & ENTRY_NUMBER)).toContain(crossing.length);
    expect(
      loaded
        .counters()
        .map(({ packets }) => packets)
        .filter((packets) => packets > 0n),
    ).toEqual([2n, 2n]);
    expect(
      loaded
        .counters()
        .map(({ logged }) => logged)
        .filter((logged) => logged > 0n),
    ).toEqual([2n]);
  });
});

function repeat(times: number, work: () => void): void {
  for (let time = 0; time < times; time++) work();
}

function repeatUntil(times: number, works: () => boolean): boolean {
  for (let time = 0; time < times; time++) if (works()) return true;
  return false;
}

/** Of each CPU, what lines know flows by, and what was decided for them; not what they have counted. */
function linesOf(loaded: LoadedProgram, words: number, decided: number): readonly BigUint64Array[] {
  const flows = [...mapsOf(loaded.programs[0]!)].find(({ name }) => name === 'pktc_flows');
  if (flows === undefined) throw new Error('the program has no flow cache');
  const length_bytes = flows.entries * flows.value_bytes;
  const memory = mapMemory(loaded.internals.libc, { fd: flows.fd, length_bytes, offset_bytes: 0, writable: false });
  const all = new BigUint64Array(memory.buffer.slice(0));
  memory.close();
  const row = flows.value_bytes / 8;
  return Array.from({ length: flows.entries }, (_, cpu) =>
    Array.from({ length: (row - HEAD_WORDS) / words }, (_, line) => {
      const at = cpu * row + HEAD_WORDS + line * words;
      return all.subarray(at, at + decided + 1);
    }),
  ).flat();
}
