/**
 * Kernels other than this machine's: the golden programs load there, decide as the interpreter says, and attach. Debian's
 * kernels in qemu; `npm run test:kernels` installs what that takes.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Verdict } from '../../compiler/2-resolve/program.ts';
import { compile } from '../../compiler/index.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import type { Outcome } from '../../runtime/test-run.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { hintsOf } from '../packets/hints.ts';
import { createRandom } from '../packets/random.ts';
import { boot, guestScript, kernelOf, packInitramfs } from './machine.ts';

const SERIES = ['6.1', '6.12'];
const CASES = path.join(import.meta.dirname, '../golden/cases');
const CACHE = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'pktc', 'kernels');
const PACKETS = 100;
const BOOT_LIMIT_MS = 170_000;

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

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pktc-kernels-'));
  const programs = path.join(folder, 'work/programs');
  await mkdir(programs, { recursive: true });
  await writeFile(path.join(folder, 'work/guest.mjs'), await guestScript());
  for (const file of await goldenFiles()) await writeProgram(file, programs);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function goldenFiles(): Promise<readonly string[]> {
  return (await readdir(CASES)).filter((file) => file.endsWith('.rules'));
}

/** The object, its manifest, and frames with what the interpreter decides of each. */
async function writeProgram(file: string, to: string): Promise<void> {
  const text = await readFile(path.join(CASES, file), 'utf8');
  const { artifact, program } = await compile({ name: file, text }, { hook: null });
  if (artifact === null) throw new Error(`${file} does not compile`);
  const interpret = createInterpreter(program);
  const random = createRandom(6);
  const hints = hintsOf(program);
  const frames = Array.from({ length: PACKETS }, () => generatePacket(random, { hints, minLength: 14 })).map((frame) => {
    const { verdict, rules } = interpret(frame);
    const counted = rules.length > 0 && program.rules[rules.at(-1) ?? 0]?.actions.verdict !== null;
    const moved = counted ? rules : [...rules, program.rules.length];
    return { frame: Buffer.from(frame).toString('hex'), outcomes: OUTCOMES[verdict], rules: moved };
  });
  const name = path.join(to, path.basename(file, '.rules'));
  await writeFile(`${name}.bpf.o`, artifact.object);
  if (artifact.data !== null) await writeFile(`${name}.data`, artifact.data);
  await writeFile(`${name}.manifest.json`, JSON.stringify(artifact.manifest));
  await writeFile(`${name}.frames.json`, JSON.stringify(frames));
}

/** Why nothing can be booted here; null: it can. */
const UNABLE =
  process.arch !== 'x64' ? 'needs an x86-64 machine' : existsSync('/usr/bin/apt-get') ? null : "needs Debian's package manager";
if (UNABLE !== null) console.info(`skipped: other kernels: ${UNABLE}`);

describe.skipIf(UNABLE !== null).each(SERIES)('Debian kernel %s', (series) => {
  test('loads the golden programs, decides as the interpreter does, attaches', { timeout: 2 * BOOT_LIMIT_MS }, async () => {
    const kernel = await kernelOf(series, CACHE);
    const at = path.join(folder, kernel.release);
    const { answer, console } = await boot(kernel, await packInitramfs(kernel, path.join(folder, 'work'), at), BOOT_LIMIT_MS);
    await rm(at, { recursive: true, force: true });
    expect(answer, console.slice(-3000)).not.toBeNull();
    const { release, programs, vlan } = answer as { release: string; programs: readonly GuestProgram[]; vlan: unknown };
    expect(release).toBe(kernel.release);
    expect(programs.map(({ name, error, differences }) => ({ name, error, differences }))).toEqual(
      (await goldenFiles()).map((file) => ({ name: path.basename(file, '.rules'), error: null, differences: [] })),
    );
    for (const { name, frames, attached } of programs) {
      expect(frames, name).toBeGreaterThan(/-(tc|cgroup)$/.test(name) ? PACKETS / 4 : PACKETS - 1);
      expect(attached, name).toBe(modeOf(name, series));
    }
    // One that arrives and one that leaves: tagged on the interface below, without a tag on the VLAN interface.
    expect(vlan).toEqual([
      [2, 0, expect.any(Number)],
      [0, 2, expect.any(Number)],
    ]);
  });
});

/** On a veth device, which sends nothing from native XDP; TCX came with 6.6. */
function modeOf(name: string, series: string): string {
  if (name.endsWith('-socket')) return 'filter';
  if (name.endsWith('-cgroup')) return 'link';
  if (name.endsWith('-tc')) return series === '6.1' ? 'clsact' : 'tcx';
  return name === 'actions' ? 'generic' : 'native';
}
