/** Long lists in the kernel: at both ends of every kind of row, beside the interpreter, and as large as they may be. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Predicate } from '../../compiler/2-resolve/program.ts';
import { LIST_RANGES_MAX, predicatesOf } from '../../compiler/4-plan/long-lists.ts';
import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { compile } from '../../compiler/index.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { printIpv4 } from '../../grammar/values/ipv4.ts';
import { printIpv6 } from '../../grammar/values/ipv6.ts';
import { printMac } from '../../grammar/values/mac.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { ROOT } from '../house/source-tree.ts';
import { ethernet, integer, ipv4, ipv6, pad, tcp } from '../packets/build-packet.ts';
import { createRandom } from '../packets/random.ts';
import { awkwardSets } from '../sets/awkward-sets.ts';
import { type Files, referencedFiles } from '../sets/files-in-memory.ts';
import { describeKernel } from './environment.ts';

const LOCAL = integer(0x0a000001, 4);

const from4 = (address: number): Uint8Array =>
  pad(ethernet({ type: 0x0800 }, ipv4({ src: integer(address, 4), dst: LOCAL, proto: 17 }, new Uint8Array(8))));
const from6 = (address: bigint): Uint8Array =>
  ethernet({ type: 0x86dd }, ipv6({ src: integer(address, 16), dst: integer(1n, 16), next: 17 }, new Uint8Array(8)));
const toPort = (port: number): Uint8Array =>
  pad(ethernet({ type: 0x0800 }, ipv4({ src: LOCAL, dst: LOCAL, proto: 6 }, tcp({ sport: 1, dport: port }))));
const fromMac = (address: number): Uint8Array => pad(ethernet({ smac: integer(BigInt(address), 6), type: 0x0806 }));

/** What a packet of each kind makes of values of each kind of predicate; those that are out of range are left out. */
function frameFor(predicate: Predicate, value: number | bigint): readonly Uint8Array[] {
  if (value < 0) return [];
  if (typeof value === 'bigint') return value < 2n ** 128n ? [from6(value)] : [];
  if (predicate.field === 'dport') return value < 2 ** 16 ? [toPort(value)] : [];
  if (predicate.field === 'smac') return value < 2 ** 48 ? [fromMac(value)] : [];
  return value < 2 ** 32 ? [from4(value)] : [];
}

/** Frames at the edges of up to `most` ranges of every list, beside them and between them. */
function framesAround(predicate: Predicate, most: number): readonly Uint8Array[] {
  const lists = predicate.kind === 'address' ? [predicate.v4, predicate.v6] : predicate.kind === 'in' ? [predicate.ranges] : [];
  return lists.flatMap((list) => {
    const step = Math.max(1, Math.floor(list.length / most));
    const chosen = list.filter((_, index) => index % step === 0 || index < 3 || index > list.length - 4);
    return chosen.flatMap(([first, last]) => {
      const one = typeof first === 'bigint' ? 1n : 1;
      const near = [(first as number) - (one as number), first, last, (last as number) + (one as number)];
      return near.flatMap((value) => frameFor(predicate, value));
    });
  });
}

async function load(files: Files) {
  const main = { name: 'main.rules', text: files['main.rules'] ?? '' };
  const compiled = await compile(main, { hook: 'xdp', files: referencedFiles(main, files), cache: false });
  const { artifact, diagnostics, program } = compiled;
  if (artifact === null) throw new Error(renderDiagnostics(diagnostics, { color: false }));
  return { program, loaded: loadArtifact(artifact) };
}

/** Both engines over frames at the edges of every list. @returns how many packets were dropped */
async function compare(files: Files, most: number): Promise<{ readonly frames: number; readonly dropped: number }> {
  const { program, loaded } = await load(files);
  using _ = loaded;
  const decide = createInterpreter(program);
  const frames = program.rules.flatMap((rule) => predicatesOf(rule.condition)).flatMap((one) => framesAround(one, most));
  const matched = new Set<number>();
  let dropped = 0;
  for (const frame of frames) {
    const { verdict: expected, rules } = decide(frame);
    for (const rule of rules) matched.add(rule);
    const actual = loaded.testRun(frame).outcome;
    if (actual !== expected)
      expect({ frame: Buffer.from(frame).toString('hex'), actual }).toEqual({ frame: '', actual: expected });
    if (actual === 'drop') dropped += 1;
  }
  expect([...matched].sort(), 'every rule decides about some packet').toEqual(program.rules.map(({ index }) => index));
  return { frames: frames.length, dropped };
}

const SETS = path.join(ROOT, '../shared/sets');
const random = createRandom(20);
const unsigned = (): number => random.int(0, 2 ** 32 - 1);

describeKernel('long lists', () => {
  it('are exact at the edges of random lists of every length about a power of two', async () => {
    for (const length of [13, 15, 16, 17, 31, 33, 64, 127, 1000]) {
      const addresses = Array.from({ length }, () => printIpv4(unsigned()));
      const text = 'set x from "x.txt"\nmatch src in x -> drop\n';
      const { frames, dropped } = await compare({ 'main.rules': text, 'x.txt': addresses.join('\n') }, 1000);
      expect(dropped).toBeGreaterThanOrEqual(length);
      expect(dropped).toBeLessThan(frames);
    }
  });

  it('hold ranges at both ends of the numbers', async () => {
    const list = Array.from({ length: 20 }, (_, index) => `10.0.${index}.0-10.0.${index}.9`);
    const x = ['0.0.0.0/24', '255.255.255.0/24', '127.255.255.255', '128.0.0.1', ...list].join('\n');
    const { dropped } = await compare({ 'main.rules': 'set x from "x.txt"\nmatch src in x -> drop\n', 'x.txt': x }, 1000);
    expect(dropped).toBeGreaterThan(40);
  });

  it('are exact whatever shape a set has', async () => {
    const print = { 32: (value: bigint) => printIpv4(Number(value)), 128: printIpv6 } as const;
    for (const bits of [32, 128] as const) {
      for (const { name, ranges } of awkwardSets(bits, random)) {
        // Shorter ones are compared.
        if (ranges.length < 20) continue;
        const x = ranges.map(([first, last]) => `${print[bits](first)}-${print[bits](last)}`).join('\n');
        const text = 'set x from "x.txt"\nmatch src in x -> drop\n';
        const { frames, dropped } = await compare({ 'main.rules': text, 'x.txt': x }, 150);
        expect([name, dropped > 0 && dropped < frames]).toEqual([name, true]);
      }
    }
  });

  it('are exact as lines, with prefixes of all lengths, crowds, single addresses and ranges that are neither', async () => {
    const site = (bits: number) => (0x2a00n << 112n) | (random.bigint(bits) << 96n);
    const prefixes = Array.from({ length: 22_000 }, (_, index) => {
      const length = random.pick([31, 32, 36, 40, 44, 48, 48, 48, 56, 64, 128]);
      const address = site(index % 9 === 0 ? 2 : 20) | random.bigint(96);
      return `${printIpv6((address >> BigInt(128 - length)) << BigInt(128 - length))}/${length}`;
    });
    const odd = Array.from({ length: 300 }, () => {
      const first = site(20) | random.bigint(96);
      return `${printIpv6(first)}-${printIpv6(first + random.bigint(random.int(1, 80)))}`;
    });
    const files = {
      'main.rules': 'set x from "x.txt"\nmatch src in x -> drop\n',
      'x.txt': [...prefixes, ...odd, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '::'].join('\n'),
    };
    const main = { name: 'main.rules', text: files['main.rules'] };
    const { emission } = await compile(main, { hook: 'xdp', files: referencedFiles(main, files), cache: false });
    expect(emission?.c).toContain('pktc_in_lines(');
    const { frames, dropped } = await compare(files, 2500);
    expect(dropped).toBeGreaterThan(4000);
    expect(dropped).toBeLessThan(frames);
  });

  it('hold IPv6 addresses, ports and MAC addresses, several lists in one program, negated too', async () => {
    const wide = Array.from({ length: 300 }, () => {
      const address = random.bigint(128);
      const length = random.pick([33n, 64n, 65n, 127n, 128n]);
      const host = 128n - length;
      return length === 128n ? printIpv6(address) : `${printIpv6((address >> host) << host)}/${length}`;
    });
    const files = {
      'main.rules': `${['wide', 'narrow', 'other', 'ports', 'macs'].map((name) => `set ${name} from "${name}.txt"\n`).join('')}
match smac macs -> drop
match tcp dport ports -> drop
match src { wide, narrow } -> drop
match src in other -> pass
match ip6 src != wide -> pass
match not src in { other, 0.0.0.0/1 } ip -> drop
`,
      'wide.txt': `::/128\nffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n${wide.join('\n')}`,
      'narrow.txt': Array.from({ length: 200 }, () => printIpv4(unsigned())).join('\n'),
      'other.txt': Array.from({ length: 300 }, () => `${printIpv4(random.int(0, 2 ** 24 - 1) * 256)}/24`).join('\n'),
      'ports.txt': Array.from({ length: 100 }, (_, index) => `${index * 600}-${index * 600 + (index % 7)}`).join('\n'),
      'macs.txt': Array.from({ length: 100 }, () => printMac(Number(random.bigint(48)))).join('\n'),
    };
    const { frames, dropped } = await compare(files, 400);
    expect(frames).toBeGreaterThan(3000);
    expect(dropped).toBeGreaterThan(500);
    expect(dropped).toBeLessThan(frames);
  });

  it('hold lists that others publish, where they are there', async () => {
    if (!existsSync(SETS)) {
      console.warn(`skipped: lists that others publish in the kernel, because ${SETS} is not there`);
      return;
    }
    const read = (file: string) => readFileSync(path.join(SETS, file), 'utf8');
    const files = {
      'main.rules':
        'set bad from "bad.txt"\nset us from "us.txt"\nset us6 from "us6.txt"\n' +
        'match src in bad -> drop\nmatch src in us -> pass\nmatch src us6 -> drop\nmatch src 0.0.0.0/2 -> drop\n',
      'bad.txt': read('levels__1.txt'),
      'us.txt': read('ipv4__us.cidr'),
      'us6.txt': read('ipv6__us.cidr'),
    };
    const { frames, dropped } = await compare(files, 700);
    expect(frames).toBeGreaterThan(5000);
    expect(dropped).toBeGreaterThan(1000);
    expect(dropped).toBeLessThan(frames);
  });

  it('may have two million ranges, and the kernel takes the program', async () => {
    const lines: string[] = [];
    for (let address = 1; lines.length < LIST_RANGES_MAX; address += 2048) lines.push(printIpv4(address));
    const files = { 'main.rules': 'set x from "x.txt"\nmatch src in x -> drop\n', 'x.txt': lines.join('\n') };
    const { loaded } = await load(files);
    using _ = loaded;
    const last = 1 + 2048 * (LIST_RANGES_MAX - 1);
    for (const [address, outcome] of [
      [0, 'pass'],
      [1, 'drop'],
      [2, 'pass'],
      [2048, 'pass'],
      [2049, 'drop'],
      [last - 2048, 'drop'],
      [last - 1, 'pass'],
      [last, 'drop'],
      [last + 1, 'pass'],
      [0xffffffff, 'pass'],
    ] as const) {
      expect([address, loaded.testRun(from4(address)).outcome]).toEqual([address, outcome]);
    }
  });

  it('leaves the C, and so the cached object, as it is when only values change', async () => {
    const text = 'set x from "x.txt"\nmatch src in x -> drop\n';
    const list = (step: number) => Array.from({ length: 50 }, (_, index) => printIpv4(0x0a000000 + step * index)).join('\n');
    const compiled = await Promise.all(
      [2, 3].map((step) => {
        const main = { name: 'main.rules', text };
        const files = referencedFiles(main, { 'main.rules': text, 'x.txt': list(step) });
        return compile(main, { hook: 'xdp', files, cache: false });
      }),
    );
    const [a, b] = compiled;
    expect(a?.emission?.c).toBe(b?.emission?.c);
    expect(a?.artifact?.manifest.object_sha256).not.toBe(b?.artifact?.manifest.object_sha256);
  });
});
