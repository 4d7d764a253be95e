/**
 * Processes that are killed while they attach, reload, confirm and stop a detached program, at any moment: what they leave is the old or the
 * new, no packet goes by, and whoever comes next puts it in order.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../cli/bench/seeded-random.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import { attach } from '../../runtime/attach.ts';
import { loadArtifact } from '../../runtime/load.ts';
import {
  openPinned,
  openPinRoot,
  pinnedNames,
  pinProgram,
  recoverAll,
  stopPinned,
} from '../../runtime/pinned/pinned-program.ts';
import { confirmPinned, reloadPinned } from '../../runtime/pinned/reload.ts';
import { bundleInto } from '../bundle.ts';
import { temporaryFolder } from '../cli/pktc.ts';
import { dataArtifact, dataObject, numberFrame, type RangeRule } from '../runtime/data-fixture.ts';
import { type BpfFileSystem, mountBpfFileSystem } from './bpf-file-system.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel, type NetworkEnd, openInjector, withIpv4Network, xdpProgramId } from './environment.ts';
import { generationsOf } from './generations.ts';

const KILLS = { attach: 70, reload: 140 } as const;
/** A process has done all of it some times by then. */
const LATEST_MS = { attach: 40, reload: 100 } as const;
const folder = temporaryFolder();
/** What the processes run. */
let script = '';
const DROP = 1;
const PASS = 2;
const STEADY = 7000;
/** What becomes of the numbers 100 and 200, by set. */
const PATTERNS = [
  [DROP, PASS],
  [PASS, DROP],
  [DROP, DROP],
] as const;
const PROBES = [100, 200] as const;

function setsOf(objects: readonly [Uint8Array, Uint8Array]): readonly Artifact[] {
  const rule = (name: string, number: number, verdict: RangeRule['verdict']) => ({ name, low: number, high: number, verdict });
  return PATTERNS.map((pattern, set) => {
    const probes = PROBES.map((number, at) => rule(`set${set}-${number}`, number, pattern[at] === DROP ? 'drop' : 'pass'));
    const steady = rule('steady', STEADY, 'drop');
    return dataArtifact(objects[set === 2 ? 1 : 0], set === 1 ? [...probes, steady] : [steady, ...probes], set + 1);
  });
}

interface Target {
  readonly child: ChildProcess;
  /** Until it has begun. */
  begin(): Promise<void>;
  kill(): Promise<void>;
}

function startTarget(near: NetworkEnd, what: string, system: BpfFileSystem, seed: number): Target {
  const child = near.spawn(process.execPath, [script, what, system.path, near.ifname, folder, String(seed)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exit = once(child, 'exit');
  let said = '';
  let complained = '';
  child.stdout?.on('data', (data: Buffer) => {
    said += data.toString();
  });
  child.stderr?.on('data', (data: Buffer) => {
    complained += data.toString();
  });
  return {
    child,
    async begin() {
      child.stdin?.on('error', () => {}).write('go\n');
      while (!said.includes('begun') && child.exitCode === null) await sleep(1);
    },
    async kill() {
      child.kill('SIGKILL');
      const [, signal] = await exit;
      // Nothing else ends it: what it does works beside what was left to it.
      expect({ signal, complained }).toEqual({ signal: 'SIGKILL', complained: '' });
    },
  };
}

/** The rules at work are those that the state speaks of, whole, and nothing else is there. */
function checkWhole(near: NetworkEnd, root: string): 'pending' | 'settled' {
  const program = openPinned(root, 'edge');
  try {
    const { loaded, unconfirmed_ms } = program;
    expect(loaded.programs.map(({ id }) => id)).toEqual([xdpProgramId(near)]);
    const set = Number(/^set(\d)/.exec(loaded.manifest.rules.find(({ name }) => name !== 'steady')?.name ?? '')?.[1]);
    const matched = loaded.watchCounters();
    for (const [at, number] of PROBES.entries()) {
      expect(loaded.testRun(numberFrame(number)).returnValue).toBe(PATTERNS[set]?.[at]);
      expect(matched().map((rule) => loaded.manifest.rules[rule]?.name)).toEqual([`set${set}-${number}`]);
    }
    const { remembered, atWork } = generationsOf(loaded);
    expect(remembered).toBe(atWork);
    const inside = readdirSync(path.join(root, 'edge'));
    const editions = inside.filter((entry) => entry.startsWith('edition_'));
    const generations = editions.flatMap((edition) =>
      readdirSync(path.join(root, 'edge', edition)).filter((entry) => /^(?:data|rules)_/.test(entry)),
    );
    expect(inside.filter((entry) => entry.startsWith('_'))).toEqual([]);
    const sets = unconfirmed_ms === null || inside.length === 0 ? [1] : [1, 2];
    expect(sets).toContain(generations.length / 2);
    expect(editions.length).toBeLessThanOrEqual(sets.length);
    return unconfirmed_ms === null ? 'settled' : 'pending';
  } finally {
    program.close();
  }
}

function entries(root: string): string {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).sort().join();
}

describeKernel('a process that is killed', () => {
  let sets: readonly Artifact[];
  beforeAll(async () => {
    script = await bundleInto(folder, path.join(import.meta.dirname, 'changing-process.mjs'));
    sets = setsOf([dataObject(), dataObject(1)]);
    for (const [set, { object, manifest, data }] of sets.entries()) {
      writeFileSync(path.join(folder, `${set}.o`), object);
      writeFileSync(path.join(folder, `${set}.json`), JSON.stringify(manifest));
      writeFileSync(path.join(folder, `${set}.data`), data ?? new Uint8Array());
    }
  });

  test.each(['attach', 'reload'] as const)('while it is to %s leaves nothing by half', async (what) => {
    const system = mountBpfFileSystem();
    const random = seededRandom(what === 'attach' ? 11 : 12);
    const found: Record<string, number> = {};
    try {
      await withIpv4Network(async ({ near, far }) => {
        const root = openPinRoot({ PKTC_BPFFS: system.path });
        const [first] = sets as [Artifact];
        const put = () =>
          near.run(() => {
            const loaded = loadArtifact(first);
            attach(loaded, near.ifname, 'auto');
            pinProgram(root, 'edge', first, loaded);
            loaded.close();
          });
        if (what === 'reload') put();
        const behind = loadArtifact(await compileRules('match any -> pass\n', 'tc ingress'));
        near.run(() => attach(behind, near.ifname, 'auto'));
        const injector = openInjector(far);
        let sent = 0;
        let next = startTarget(near, what, system, 0);
        try {
          for (let kill = 1; kill <= KILLS[what]; kill++) {
            const target = next;
            await target.begin();
            const late_ms = random(LATEST_MS[what]);
            const end_ms = performance.now() + late_ms;
            do {
              if (what === 'reload') sent += sendSome(injector);
              await sleep(1);
            } while (performance.now() < end_ms);
            await target.kill();
            if (kill < KILLS[what]) next = startTarget(near, what, system, random(12));
            if (what === 'reload') sent += sendSome(injector);
            const before = entries(root);
            openPinRoot({ PKTC_BPFFS: system.path });
            await recoverAll(root);
            const mended = before === entries(root) ? 'in order' : 'put in order';
            const left = pinnedNames(root).length === 0 ? 'nothing' : checkWhole(near, root);
            if (left === 'nothing') expect([what, xdpProgramId(near)]).toEqual(['attach', null]);
            const state = `${left}, ${mended}`;
            found[state] = (found[state] ?? 0) + 1;
            if (left === 'pending') expect(await confirmPinned(root, 'edge')).toEqual({ confirmed: true });
          }
          console.log(`${KILLS[what]} processes killed that were to ${what}:`, found);
          // Kills came at many moments, or this shows nothing.
          const mended = Object.entries(found).filter(([state]) => state.endsWith('put in order'));
          expect(mended.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(KILLS[what] / 10);
          if (what === 'reload') {
            expect(behind.counters().map(({ packets }) => packets)).toEqual([0n, 0n]);
            await reloadPinned(root, 'edge', sets[1]!, { origin: null, sources: null, confirm_ms: null });
            const program = openPinned(root, 'edge');
            const steady = program.loaded.manifest.rules.findIndex(({ name }) => name === 'steady');
            expect(program.loaded.counters()[steady]?.packets).toBe(BigInt(sent));
            program.close();
          }
          for (const name of pinnedNames(root)) await stopPinned(root, name);
          expect(xdpProgramId(near)).toBeNull();
        } finally {
          next.child.kill('SIGKILL');
          injector.close();
          behind.close();
        }
      });
    } finally {
      system.close();
    }
  });
});

const SOME = 5;

function sendSome(injector: { send(frame: Uint8Array): void }): number {
  for (let sent = 0; sent < SOME; sent++) injector.send(numberFrame(STEADY));
  return SOME;
}
