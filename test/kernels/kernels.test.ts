/**
 * Kernels other than this machine's: the golden programs load there, decide as the interpreter says, and attach; random trees load. Debian's
 * kernels in qemu; `npm run test:kernels` installs what that takes.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Program, Verdict } from '../../compiler/2-resolve/program.ts';
import { planProgram } from '../../compiler/4-plan/plan-program.ts';
import { compile } from '../../compiler/index.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { targetFor } from '../../compiler/targets/target.ts';
import { printIpv6 } from '../../grammar/values/ipv6.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import type { Outcome } from '../../runtime/test-run.ts';
import { limitOf } from '../differential/compare-engines.ts';
import { generateRuleFile } from '../differential/generate-rules.ts';
import { programOf } from '../differential/program-of.ts';
import { printRuleFile } from '../differential/rule-file.ts';
import { compileGolden, compileRules, goldenFiles } from '../golden/compile-golden.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { hintsOf } from '../packets/hints.ts';
import { createRandom, seedOf } from '../packets/random.ts';
import { compileC } from '../runtime/fixture.ts';
import { referencedFiles } from '../sets/files-in-memory.ts';
import { boot, type Kernel, kernelOf, packInitramfs } from './machine.ts';

const SERIES = ['6.1', '6.12'];
const CACHE = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'pktc', 'kernels');
const PACKETS = 100;
const TREES = 15;
const CHAINS = 30;
const BOOT_LIMIT_MS = 170_000;

/** What programs on a VLAN interface and on a bridge see of a tag: in the packet, beside it, taken off. */
const TAG_RULES = 'match vlan 100 vlan.depth 1 len 64 udp dport 53 -> count\nmatch vlan.depth 0 len 60 udp dport 53 -> count\n';

/** What may become of a packet for each verdict; a reject that gets no answer is a drop. */
const OUTCOMES: Readonly<Record<Verdict, readonly Outcome[]>> = {
  drop: ['drop'],
  pass: ['pass'],
  audit: ['pass'],
  reject: ['drop', 'transmit', 'redirect'],
  redirect: ['redirect'],
};

interface GuestProgram {
  readonly name: string;
  readonly frames: number;
  readonly differences: readonly unknown[];
  readonly attached: string | null;
  readonly error: string | null;
}

interface GuestAnswer {
  readonly release: string;
  readonly programs: readonly GuestProgram[];
  /** Programs of random rules, trees and chains, that the kernel does not load. */
  readonly refused: readonly string[];
  readonly devices: unknown;
}

/** Programs that reject packets, beside others: 6.12 wants a dispatcher that is newer than that of Debian 12. */
const REJECTING: Readonly<Record<string, string | null>> = {
  '6.1': null,
  '6.12': 'PKT6121 the dispatcher of this libxdp and this kernel take no programs that reject packets',
};

/**
 * What `guest-dispatcher.mjs` saw: programs in the order of their calls, and of two packets to port 53 and one to another port those that reached
 * the other program, that pktc's rule dropped, and that no rule of pktc caught.
 */
const besideOthers = (series: string) => ({
  alone: [['other'], [3]],
  refused: [
    'PKT6011',
    expect.stringMatching(/^interface `pktc4` already has an XDP program: `xdp_dispatcher` \(program N\)/),
    expect.stringContaining('join it with `--dispatcher`'),
  ],
  ahead: ['dispatcher', '`pktc4`: what the rules pass goes on to `other` (program N)', ['pktc_xdp', 'other'], [1, 2, 1]],
  behind: [
    '`pktc4`: what is ahead decides first: `pktc_xdp` (program N), `other` (program N)',
    ['pktc_xdp', 'other', 'pktc_xdp'],
    [1, 0, 1],
    false,
  ],
  oneLess: [['pktc_xdp', 'other'], [1, 2, 1], false],
  switched: [
    'PKT6041',
    'the rules cannot be replaced: the dispatcher on `pktc4` cannot put another program into the place of this one at once',
    ['pktc_xdp', 'other'],
    [1, 2, 1],
  ],
  notTaken: [
    ['PKT6122', 'the dispatcher on `pktc4` is attached in native mode', expect.stringContaining('leave `--mode generic` out')],
    [
      'PKT6122',
      expect.stringMatching(/does not take the program \(EBUSY\): Existing program is not/),
      expect.stringContaining('bpfman'),
    ],
    ['PKT6122', 'the dispatcher on `pktc4` has as many programs as it can have', expect.stringContaining('take one out')],
    10,
  ],
  left: [['other'], [3], []],
  takenOut: [
    expect.stringMatching(
      /^attached to pktc4 \(dispatcher\), lo \(dispatcher\): 1 rule.*\nthe program has been taken out of the dispatcher on pktc4\n$/m,
    ),
    1,
    ['other'],
    [],
  ],
  killed: [expect.stringContaining('attached to pktc4 (dispatcher): 1 rule'), null, ['pktc_xdp', 'other'], [1]],
  cleared: [
    '`pktc4`: taken out, as a run of pktc that was killed had left it: `pktc_xdp` (program N); what is ahead decides first: `other` (program N)',
    ['other', 'pktc_xdp'],
    [3],
    1,
  ],
  made: [null, ['pktc_xdp'], '`lo`: the dispatcher runs in generic mode, which is slower', 'xdp_dispatcher skb'],
  none: [[], [], []],
  programs: goldenFiles()
    .map((file) => path.basename(file, '.rules'))
    .filter((name) => !/-(tc|cgroup|socket)$/.test(name))
    .map((name) => [name, name === 'actions' ? REJECTING[series] : null]),
});

type Folders = [string, string, string];

let folder = '';
/** How many of the random programs are trees. */
let asTrees = 0;
/** Rules of each golden program that frames are counted by. */
const tried = new Map<string, ReadonlySet<number>>();
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pktc-kernels-'));
  const [programs, devices, trees] = ['programs', 'devices', 'trees'].map((name) => path.join(folder, 'work', name)) as Folders;
  for (const one of [programs, devices, trees]) await mkdir(one, { recursive: true });
  for (const file of goldenFiles()) await writeProgram(file, programs);
  for (const hook of ['tc', 'xdp']) {
    const { artifact } = await compileRules(hook, `hook ${hook}\n${TAG_RULES}`, false);
    await writeArtifact(artifact, path.join(devices, `seen-${hook}`));
  }
  await cp(programs, path.join(folder, 'beside', 'programs'), { recursive: true });
  await writeDispatched(path.join(folder, 'beside', 'dispatcher'));
  asTrees = await writeTrees(trees);
  await writeChains(trees);
  await writeLined(trees);
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A program of somebody else, and rules to join it. */
async function writeDispatched(to: string): Promise<void> {
  await mkdir(to);
  await writeFile(path.join(to, 'other.o'), compileC(path.join(import.meta.dirname, 'other.bpf.c')));
  const { artifact } = await compileRules('dns', 'dns: match udp dport 53 -> log, drop\n', false);
  await writeArtifact(artifact, path.join(to, 'rules'));
}

/** The object, its manifest, and frames with what the interpreter decides of each. */
async function writeProgram(file: string, to: string): Promise<void> {
  const { artifact, program } = await compileGolden(file);
  const interpret = createInterpreter(program);
  const random = createRandom(6);
  const hints = hintsOf(program);
  const frames = Array.from({ length: PACKETS }, () => generatePacket(random, { hints, minLength: 14 })).map((frame) => {
    const { verdict, rules } = interpret(frame);
    const counted = rules.length > 0 && program.rules[rules.at(-1) ?? 0]?.actions.verdict !== null;
    const moved = counted ? rules : [...rules, program.rules.length];
    return { frame: Buffer.from(frame).toString('hex'), outcomes: OUTCOMES[verdict], rules: moved };
  });
  const name = path.basename(file, '.rules');
  tried.set(name, new Set(frames.flatMap(({ rules }) => rules)));
  await writeArtifact(artifact, path.join(to, name));
  await writeFile(path.join(to, `${name}.frames.json`), JSON.stringify(frames));
}

/** Programs of random rules, to be loaded: clang lays each out in another way. Returns how many could be trees. */
async function writeTrees(to: string): Promise<number> {
  let written = 0;
  for (let part = 0; part < TREES; part++) {
    const text = printRuleFile(generateRuleFile(createRandom(seedOf(61, part))));
    if (limitOf(text) !== null || planAsTree(programOf(text)) === null) continue;
    const { artifact } = await compileRules(`random ${part}`, text, true);
    await writeArtifact(artifact, path.join(to, `random-${part}`));
    written++;
  }
  return written;
}

/** The same for rules as C, with what else they can ask and do. */
async function writeChains(to: string): Promise<void> {
  for (let part = 0; part < CHAINS; part++) {
    const text = printRuleFile(generateRuleFile(createRandom(seedOf(612, part))));
    if (limitOf(text) !== null) continue;
    const { artifact } = await compileRules(`chain ${part}`, text, false);
    await writeArtifact(artifact, path.join(to, `chain-${part}`));
  }
}

/** A set of IPv6 prefixes that is long enough for lines (`set_lines.h`), of all the lengths that lines keep apart. */
async function writeLined(to: string): Promise<void> {
  const random = createRandom(64);
  const prefixes = Array.from({ length: 20_000 }, () => {
    const length = random.pick([32, 40, 48, 48, 64, 128]);
    const address = (0x2a00n << 112n) | random.bigint(112);
    return `${printIpv6((address >> BigInt(128 - length)) << BigInt(128 - length))}/${length}`;
  });
  const files = { 'x.txt': prefixes.join('\n') };
  const main = { name: 'lined.rules', text: 'hook xdp\nset x from "x.txt"\nmatch src in x -> drop\nmatch dst in x -> count\n' };
  const { artifact, emission } = await compile(main, { hook: null, files: referencedFiles(main, files), cache: false });
  expect(emission?.c).toContain('pktc_in_lines(');
  await writeArtifact(artifact as Artifact, path.join(to, 'lined'));
}

function planAsTree(program: Program) {
  return planProgram(program, targetFor(program.hook), { classifier: 'tree' }).value;
}

async function writeArtifact({ object, manifest, data }: Artifact, to: string): Promise<void> {
  await writeFile(`${to}.bpf.o`, object);
  if (data !== null) await writeFile(`${to}.data`, data);
  await writeFile(`${to}.manifest.json`, JSON.stringify(manifest));
}

/** Why nothing can be booted here; null: it can. */
const UNABLE =
  process.arch !== 'x64' ? 'needs an x86-64 machine' : existsSync('/usr/bin/apt-get') ? null : "needs Debian's package manager";
if (UNABLE !== null) console.info(`skipped: other kernels: ${UNABLE}`);

describe.skipIf(UNABLE !== null).each(SERIES)('Debian kernel %s', (series) => {
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await kernelOf(series, CACHE);
  }, 2 * BOOT_LIMIT_MS);

  test.concurrent('loads the golden programs and random ones, decides as the interpreter does, attaches', {
    timeout: 2 * BOOT_LIMIT_MS,
  }, async () => {
    const at = path.join(folder, kernel.release);
    const { answer, console } = await boot(kernel, await packInitramfs(kernel, path.join(folder, 'work'), at), BOOT_LIMIT_MS);
    await rm(at, { recursive: true, force: true });
    expect(answer, console.slice(-3000)).not.toBeNull();
    const { release, programs, refused, devices } = answer as GuestAnswer;
    expect(release).toBe(kernel.release);
    expect(refused).toEqual([]);
    expect(asTrees).toBeGreaterThan(TREES / 2);
    expect(programs.map(({ name, error, differences }) => ({ name, error, differences }))).toEqual(
      goldenFiles().map((file) => ({ name: path.basename(file, '.rules'), error: null, differences: [] })),
    );
    for (const { name, frames, attached } of programs) {
      expect(frames, name).toBeGreaterThan(/-(tc|cgroup)$/.test(name) ? PACKETS / 4 : PACKETS - 1);
      expect(attached, name).toBe(modeOf(name, series));
    }
    // Of a tree with 14 rules and a default, with and without verdict, in both families.
    for (const name of ['tree', 'tree-tc']) expect(tried.get(name)?.size, name).toBeGreaterThanOrEqual(10);
    const tc = series === '6.1' ? 'clsact' : 'tcx';
    expect(devices).toEqual({
      // One frame that arrives and one that leaves: tagged on the interface below, without a tag on the VLAN interface.
      tcVlan: { pktc0: [tc, 2, 0], 'pktc0.100': [tc, 0, 2] },
      // The kernel keeps a tag beside the packet, where tc can look.
      tcBridge: { pktc2: [tc, 1, 1], pktcbr: [tc, 1, 1] },
      // XDP cannot: frames come to both devices with their tags off, to the VLAN interface only those that were its own.
      xdpVlan: { pktc0: ['native', 1, 1], 'pktc0.100': ['generic', 0, 1] },
      xdpBridge: { pktc2: ['native', 1, 1], pktcbr: ['generic', 0, 2] },
    });
  });

  test.concurrent("joins libxdp's dispatcher beside another program, and leaves it as it was", {
    timeout: 2 * BOOT_LIMIT_MS,
  }, async () => {
    const at = path.join(folder, `${kernel.release}-beside`);
    const packed = await packInitramfs(kernel, path.join(folder, 'beside'), at, 'guest-dispatcher.mjs');
    const { answer, console } = await boot(kernel, packed, BOOT_LIMIT_MS);
    await rm(at, { recursive: true, force: true });
    expect(answer, console.slice(-3000)).not.toBeNull();
    // Numbers of programs are the kernel's.
    expect(JSON.parse(JSON.stringify(answer).replace(/\(program \d+\)/g, '(program N)'))).toEqual(besideOthers(series));
  });
});

/** On a veth device, which sends nothing from native XDP; TCX came with 6.6. */
function modeOf(name: string, series: string): string {
  if (name.endsWith('-socket')) return 'filter';
  if (name.endsWith('-cgroup')) return 'link';
  if (name.endsWith('-tc')) return series === '6.1' ? 'clsact' : 'tcx';
  return name === 'actions' ? 'generic' : 'native';
}
