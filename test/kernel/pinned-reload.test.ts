/** Other rules for a program that no process holds, in process: what is at work, what it has counted, what is left in the kernel. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { notesOf } from '../../cli/detached/origin.ts';
import { planReload } from '../../cli/detached/plan-reload.ts';
import { openTerminal } from '../../cli/terminal.ts';
import type { Artifact } from '../../runtime/abi/manifest.ts';
import { attach, attachAll, attachCgroup } from '../../runtime/attach.ts';
import { allocate, LINK_INFO, openLibbpf } from '../../runtime/ffi/libbpf.ts';
import { openLibc } from '../../runtime/ffi/libc.ts';
import { loadArtifact, type RuleCounter } from '../../runtime/load.ts';
import { lockPinned } from '../../runtime/pinned/lock.ts';
import {
  openPinned,
  openPinRoot,
  pinnedNames,
  pinProgram,
  recoverAll,
  stopPinned,
} from '../../runtime/pinned/pinned-program.ts';
import { confirmPinned, reloadPinned, undoPinned } from '../../runtime/pinned/reload.ts';
import { dataArtifact, dataObject, numberFrame, type RangeRule } from '../runtime/data-fixture.ts';
import { type BpfFileSystem, mountBpfFileSystem } from './bpf-file-system.ts';
import { withCgroup } from './cgroup.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel, type NetworkEnd, openInjector, withIpv4Network, xdpProgramId } from './environment.ts';
import { generationsOf } from './generations.ts';
import { startSender } from './sender.ts';

const rule = (name: string, low: number, high: number, verdict: RangeRule['verdict']): RangeRule => ({
  name,
  low,
  high,
  verdict,
});
const NOTES = { origin: null, sources: null };
const KEPT = { ...NOTES, confirm_ms: null };

let objects: readonly [Uint8Array, Uint8Array];
let system: BpfFileSystem;
let root = '';

function pinned(near: NetworkEnd, artifact: Artifact, options = {}): void {
  near.run(() => {
    const loaded = loadArtifact(artifact);
    try {
      attach(loaded, near.ifname, 'auto');
      pinProgram(root, 'edge', artifact, loaded, { ...NOTES, ...options });
    } finally {
      loaded.close();
    }
  });
}

function send(far: NetworkEnd, ...numbers: number[]): void {
  const injector = openInjector(far);
  for (const number of numbers) injector.send(numberFrame(number));
  injector.close();
}

/** By rule. */
function counted(): Readonly<Record<string, number>> {
  using program = openPinned(root, 'edge');
  const { rules } = program.loaded.manifest;
  return Object.fromEntries(
    program.loaded.counters().map(({ packets }, at) => [rules[at]?.name ?? 'default', Number(packets)]),
  );
}

function generations(): readonly number[] {
  using program = openPinned(root, 'edge');
  const { remembered, atWork } = generationsOf(program.loaded);
  return [remembered, atWork];
}

function openPinnedText(): string | undefined {
  using program = openPinned(root, 'edge');
  return program.loaded.manifest.rules.at(-1)?.text;
}

function linkedProgram(link: string): number {
  const [libbpf, libc] = [openLibbpf(), openLibc()];
  const fd = libbpf.obj_get(path.join(root, 'edge', link));
  const info = allocate(LINK_INFO);
  libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length]));
  libc.close(fd);
  return info.get('prog_id');
}

interface Shown {
  readonly packet: string;
  readonly before: { readonly verdict: string; readonly rule: string | null };
  readonly now: { readonly verdict: string; readonly rule: string | null };
}

/** Everything below the directory of the program, but its links. */
function entries(folder = path.join(root, 'edge')): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((entry) => !/link_|map_|program_|current\//.test(entry))
    .sort();
}

const total = (counters: readonly RuleCounter[]) => counters.reduce((sum, { packets }) => sum + Number(packets), 0);

describeKernel('other rules for a detached program', () => {
  beforeAll(() => {
    objects = [dataObject(), dataObject(1)];
    system = mountBpfFileSystem();
    root = openPinRoot({ PKTC_BPFFS: system.path });
  });
  afterEach(async () => {
    for (const name of pinnedNames(root)) await stopPinned(root, name);
  });
  afterAll(() => system.close());

  const first = () => dataArtifact(objects[0], [rule('a', 1, 10, 'drop'), rule('b', 11, 20, 'pass')]);

  test('are data where that will do; counters live on, and the slots of these rules are known to whoever comes later', async () => {
    await withIpv4Network(async ({ near, far }) => {
      pinned(near, first());
      const program = xdpProgramId(near);
      send(far, 1, 2, 3, 11);
      // The order changes, one goes, two come: no slot is at its place any more.
      const second = dataArtifact(objects[0], [
        rule('c', 21, 30, 'drop'),
        rule('b', 11, 20, 'drop'),
        rule('d', 31, 40, 'pass'),
      ]);
      expect(await reloadPinned(root, 'edge', second, KEPT)).toMatchObject({ how: 'replaced' });
      expect(xdpProgramId(near)).toBe(program);
      send(far, 1, 11, 21, 22, 31);
      expect(counted()).toEqual({ c: 2, b: 2, d: 1, default: 1 });
      expect(generations()).toEqual([2, 2]);
      expect(await reloadPinned(root, 'edge', first(), KEPT)).toMatchObject({ how: 'replaced' });
      send(far, 1);
      expect(counted()).toEqual({ a: 4, b: 2, default: 1 });
      expect(entries()).toEqual(['about', 'current', 'edition_1', 'edition_1/data_3', 'edition_1/object', 'edition_1/rules_3']);
      const opened = openPinned(root, 'edge');
      expect(opened.artifact()).toEqual(first());
      opened.close();
      await stopPinned(root, 'edge');
      expect([xdpProgramId(near), readdirSync(root)]).toEqual([null, []]);
    });
  });

  test('are another program where they have to be; counters live on through that, too', async () => {
    await withIpv4Network(async ({ near, far }) => {
      pinned(near, first());
      const program = xdpProgramId(near);
      send(far, 1, 11, 11);
      const second = dataArtifact(objects[1], [rule('b', 11, 20, 'drop'), rule('c', 21, 30, 'drop')]);
      expect(await reloadPinned(root, 'edge', second, KEPT)).toMatchObject({ how: 'switched', why: 'program' });
      expect(xdpProgramId(near)).not.toBe(program);
      send(far, 11, 21, 99);
      expect(counted()).toEqual({ b: 3, c: 1, default: 1 });
      expect(await reloadPinned(root, 'edge', first(), KEPT)).toMatchObject({ how: 'switched', why: 'program' });
      // One that was gone begins anew.
      expect(counted()).toEqual({ a: 0, b: 3, default: 1 });
      expect(entries()).toEqual([
        'about',
        'counted',
        'current',
        'edition_3',
        'edition_3/data_1',
        'edition_3/object',
        'edition_3/rules_1',
      ]);
      await stopPinned(root, 'edge');
    });
  });

  test.each([
    ['data', 0],
    ['another program', 1],
  ] as const)('that are %s go back unless they are confirmed', async (_, object) => {
    await withIpv4Network(async ({ near, far }) => {
      pinned(near, first());
      const program = xdpProgramId(near);
      const second = dataArtifact(objects[object], [rule('b', 11, 20, 'drop'), rule('c', 21, 30, 'drop')]);
      send(far, 1, 11);
      await reloadPinned(root, 'edge', second, { ...NOTES, confirm_ms: 60_000 });
      send(far, 11, 21);
      expect(counted()).toEqual({ b: 2, c: 1, default: 0 });
      await expect(reloadPinned(root, 'edge', first(), KEPT)).rejects.toMatchObject({ code: 'PKT6071' });
      expect(await undoPinned(root, 'edge')).toEqual({ undone: 'rules' });
      expect(xdpProgramId(near)).toBe(program);
      send(far, 1, 11, 21);
      expect(counted()).toEqual({ a: 2, b: 3, default: 1 });
      expect(generations()).toEqual(object === 0 ? [3, 3] : [1, 1]);
      expect(await confirmPinned(root, 'edge')).toEqual({ confirmed: false, undone: 'no' });

      // Again, and nobody does anything: the next command finds that its time is over.
      await reloadPinned(root, 'edge', second, { ...NOTES, confirm_ms: 100 });
      await new Promise((resolve) => setTimeout(resolve, 100));
      await recoverAll(root);
      expect(xdpProgramId(near)).toBe(program);

      await reloadPinned(root, 'edge', second, { ...NOTES, confirm_ms: 60_000 });
      expect(await confirmPinned(root, 'edge')).toEqual({ confirmed: true });
      send(far, 21);
      // What went with its program and came again has begun anew.
      expect(counted()).toEqual({ b: 3, c: object === 0 ? 2 : 1, default: 1 });
      expect(entries().filter((entry) => /data|pending/.test(entry))).toHaveLength(1);
      await stopPinned(root, 'edge');
    });
  });

  test('come while packets do, and none goes by', async () => {
    await withIpv4Network(async ({ near, far }) => {
      // Both sets drop what is sent, by a rule at another place: what arrives behind the program was judged by none.
      const early = [rule('steady', 7000, 7000, 'drop'), ...[1, 2, 3].map((at) => rule(`x${at}`, at, at, 'pass'))];
      const late = [...[4, 5, 6].map((at) => rule(`y${at}`, at, at, 'pass')), rule('steady', 7000, 7000, 'drop')];
      const sets = [dataArtifact(objects[0], early), dataArtifact(objects[0], late, 2), dataArtifact(objects[1], early, 3)];
      pinned(near, sets[0]!);
      const behind = loadArtifact(await compileRules('match any -> pass\n', 'tc ingress'));
      try {
        near.run(() => attach(behind, near.ifname, 'auto'));
        send(far, 1, 1, 1);
        expect(total(behind.counters())).toBe(3);
        const sender = await startSender(far, [numberFrame(7000)]);
        const how: Record<string, number> = {};
        for (let reload = 1; reload <= 30; reload++) {
          const done = await reloadPinned(root, 'edge', sets[reload % 3]!, KEPT);
          how[done.how] = (how[done.how] ?? 0) + 1;
        }
        const [sent = 0] = await sender.stop();
        expect(how).toEqual({ replaced: 10, switched: 20 });
        expect(sent).toBeGreaterThan(1000);
        expect(total(behind.counters())).toBe(3);
        // And each was counted once, whoever counted it.
        expect(counted()).toMatchObject({ steady: sent, default: 0 });
      } finally {
        behind.close();
      }
    });
  });

  test.each(['tc', 'cgroup'] as const)(
    'for %s are on every attachment; one that a dead process switched goes back',
    async (hook) => {
      await withIpv4Network(async ({ near }) => {
        near.exec('ip', ['link', 'add', 'second0', 'type', 'veth', 'peer', 'name', 'second1']);
        const [before, next, other, xdp] = [
          await compileRules('match tcp -> drop\n', hook),
          await compileRules('match udp -> drop\n', hook),
          await compileRules('match icmp -> drop\n', hook),
          await compileRules('match udp -> drop\n'),
        ];
        await withCgroup(async ({ directory }) => {
          near.run(() => {
            const loaded = loadArtifact(before);
            if (hook === 'tc') attachAll(loaded, [near.ifname, 'second0'], 'auto');
            else attachCgroup(loaded, directory);
            pinProgram(root, 'edge', before, loaded, NOTES);
            loaded.close();
          });
          expect(await reloadPinned(root, 'edge', next, KEPT)).toMatchObject({ how: 'switched' });
          const links = readdirSync(path.join(root, 'edge')).filter((entry) => entry.startsWith('link_'));
          expect(links).toHaveLength(hook === 'tc' ? 4 : 2);
          const isWhole = () => {
            using program = openPinned(root, 'edge');
            const ids = program.loaded.programs.map(({ id }) => id);
            return links.every((link, index) => linkedProgram(link) === ids[index % 2]);
          };
          expect(isWhole()).toBe(true);
          const entriesBefore = entries();
          await expect(reloadPinned(root, 'edge', xdp, KEPT)).rejects.toMatchObject({ code: 'PKT6041' });
          expect([entries(), isWhole()]).toEqual([entriesBefore, true]);
          // As it is when a process dies between one attachment and the next.
          const dead = loadArtifact(other);
          const { libbpf, libc } = dead.internals;
          const fd = libbpf.obj_get(path.join(root, 'edge', links[0] ?? ''));
          expect(libbpf.link_update(fd, dead.programs[0]?.fd ?? -1)).toBe(0);
          libc.close(fd);
          expect(isWhole()).toBe(false);
          await recoverAll(root);
          expect(isWhole()).toBe(true);
          dead.close();
          await stopPinned(root, 'edge');
        });
      });
    },
  );

  test('are told beforehand: what differs, and packets that show it; nothing changes', async () => {
    await withIpv4Network(async ({ near }) => {
      const many = Array.from({ length: 1500 }, (_, at) => `match src 10.${at >> 8}.${at & 255}.0/24 tcp dport 80 -> drop\n`);
      const text = (last: number) =>
        `${many.join('')}bad: match src { 10.200.0.0/16, 10.201.${last}.0/24 } tcp dport 80 -> drop\n`;
      const sourcesOf = (count: number) => ({ main: { name: 'x.rules', text: text(count) }, files: new Map() });
      const [before, next] = [await compileRules(text(1)), await compileRules(text(7))];
      const origin = { file: null, roots: [], hook: null, flow_cache: null };
      pinned(near, before, notesOf(origin, sourcesOf(1)));
      const printed: string[] = [];
      const terminal = { ...openTerminal(), print: async (line: string) => printed.push(line) > 0 };
      await planReload(root, 'edge', { artifact: next, sources: sourcesOf(7), origin }, { json: true }, terminal);
      const plan = JSON.parse(printed.join(''));
      expect(plan).toMatchObject({ change: 'data', why: null, added: [], removed: [], moved: false });
      expect(plan.changed.map(({ rule }: { rule: string }) => rule)).toEqual(['bad']);
      // Of what `bad` says only that is looked at which is different, on both sides.
      const shown = plan.packets.map(({ packet, before: was, now }: Shown) => {
        const network = / 10\.201\.(\d+)\.\d+:/.exec(packet)?.[1];
        return `${network} ${was.verdict} ${was.rule} ${now.verdict} ${now.rule}`;
      });
      expect(new Set(shown)).toEqual(new Set(['7 pass null drop bad', '1 drop bad pass null']));
      // The program that was asked is another than the one at work.
      expect(Object.values(counted()).every((count) => count === 0)).toBe(true);
      expect(openPinnedText()).toBe(before.manifest.rules.at(-1)?.text);
      await reloadPinned(root, 'edge', next, KEPT);
      expect(openPinnedText()).toBe(next.manifest.rules.at(-1)?.text);
    });
  });

  test('wait for one another, or are refused', async () => {
    await withIpv4Network(async ({ near, far }) => {
      pinned(near, first());
      const lock = await lockPinned(root, 'edge');
      await expect(lockPinned(root, 'edge', 20)).rejects.toMatchObject({ code: 'PKT6070' });
      const second = dataArtifact(objects[0], [rule('b', 11, 20, 'drop')]);
      const waiting = Promise.all([reloadPinned(root, 'edge', second, KEPT), reloadPinned(root, 'edge', second, KEPT)]);
      // Nothing that is not changing it has to wait.
      expect(counted()).toEqual({ a: 0, b: 0, default: 0 });
      lock.release();
      expect(await waiting).toMatchObject([{ how: 'replaced' }, { how: 'replaced' }]);
      send(far, 11);
      expect(counted()).toEqual({ b: 1, default: 0 });
      await stopPinned(root, 'edge');
    });
  });

  test('that were never there are stopped when nobody confirms them', async () => {
    await withIpv4Network(async ({ near }) => {
      pinned(near, first(), { confirm_ms: 60_000 });
      expect(xdpProgramId(near)).not.toBeNull();
      expect(await undoPinned(root, 'edge')).toEqual({ undone: 'stopped' });
      expect([xdpProgramId(near), readdirSync(root)]).toEqual([null, []]);
      pinned(near, first(), { confirm_ms: 60_000 });
      expect(await confirmPinned(root, 'edge')).toEqual({ confirmed: true });
      expect(await undoPinned(root, 'edge')).toEqual({ undone: 'no' });
      expect(xdpProgramId(near)).not.toBeNull();
      await stopPinned(root, 'edge');
    });
  });
});
