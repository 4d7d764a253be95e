/** `pktc reload` and `pktc confirm` as people run them: what changes, what is said, and what goes back by itself. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { tcpFrame } from '../../cli/demo/frames.ts';
import { createInterpreter } from '../../compiler/interpret.ts';
import { openPinned, openPinRoot, pinnedNames, stopPinned } from '../../runtime/pinned/pinned-program.ts';
import { unconfirmedOf } from '../../runtime/pinned/reload.ts';
import { LAUNCHER, pktc, plainEnvironment, temporaryFolder } from '../cli/pktc.ts';
import { type BpfFileSystem, mountBpfFileSystem } from './bpf-file-system.ts';
import { compileBoth } from './compile-rules.ts';
import { describeKernel, eventually, type NetworkEnd, openInjector, withIpv4Network, xdpProgramId } from './environment.ts';

const folder = temporaryFolder();
const RULES = path.join(folder, 'edge.rules');
const OLD = 'web: match tcp dport 80 -> drop\nrest: match frag later -> pass\n';
const NEW =
  'web: match tcp dport 80-89 -> drop\nssh: match tcp dport 22 src 203.0.113.0/24 -> drop\nrest: match frag later -> pass\n';
const WEB = tcpFrame({ src: '10.9.9.9', dst: '192.0.2.1' }, [4000, 80], 2);
const SSH = tcpFrame({ src: '203.0.113.7', dst: '192.0.2.1' }, [4000, 22], 2);

let system: BpfFileSystem;
let root = '';

function at(end: NetworkEnd, parameters: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return started(end, [process.execPath, LAUNCHER, ...parameters], env);
}

function started(end: NetworkEnd, [command = '', ...rest]: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child: ChildProcess = end.spawn(command, rest, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...plainEnvironment(), PKTC_BPFFS: system.path, ...env },
  });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      texts[stream] += text;
    });
  }
  const ended = new Promise<typeof texts & { code: number | null }>((resolve) => {
    // Not `close`: a process that waits for the confirmation must not hold these pipes, but a broken one would.
    child.on('close', (code) => resolve({ code, ...texts }));
  });
  return { child, texts, ended };
}

const run = (...args: Parameters<typeof at>) => at(...args).ended;

function send(end: NetworkEnd, frame: Uint8Array, times: number): void {
  const injector = openInjector(end);
  for (let sent = 0; sent < times; sent++) injector.send(frame);
  injector.close();
}

function counted(): Readonly<Record<string, number>> {
  const program = openPinned(root, 'edge');
  const { rules } = program.loaded.manifest;
  const counters = program.loaded.counters();
  program.close();
  return Object.fromEntries(counters.map(({ packets }, index) => [rules[index]?.name ?? 'default', Number(packets)]));
}

/** Those that wait for a confirmation on this file system: pid, session. */
function waiting(): readonly { readonly pid: number; readonly session: number }[] {
  return readdirSync('/proc').flatMap((entry) => {
    try {
      const pid = Number(entry);
      const environment = readFileSync(`/proc/${entry}/environ`, 'latin1');
      if (!readFileSync(`/proc/${entry}/cmdline`, 'latin1').includes('\0--wait\0') || !environment.includes(system.path))
        return [];
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
      return [{ pid, session: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]) }];
    } catch {
      return [];
    }
  });
}

describeKernel('pktc reload', () => {
  beforeAll(async () => {
    await pktc(['--version']);
    system = mountBpfFileSystem();
    root = openPinRoot({ PKTC_BPFFS: system.path });
  });
  beforeEach(async () => {
    for (const name of pinnedNames(root)) await stopPinned(root, name);
    writeFileSync(RULES, OLD);
  });
  afterAll(async () => {
    for (const name of pinnedNames(root)) await stopPinned(root, name);
    await eventually('nobody waits any more', () => waiting().length === 0);
    system.close();
  });

  test('says what would change and for which packets, changes nothing for an error, and then changes it', async () => {
    await withIpv4Network(async ({ near, far }) => {
      expect(await run(near, ['run', RULES, '-i', near.ifname, '--detach'])).toMatchObject({ code: 0 });
      send(far, WEB, 3);
      const program = xdpProgramId(near);
      writeFileSync(RULES, `${NEW}match dport 99999 -> drop\n`);
      const wrong = await run(near, ['reload', 'edge']);
      expect(wrong).toMatchObject({ code: 3, stderr: expect.stringContaining('error[PKT') });
      expect([xdpProgramId(near), counted()]).toEqual([program, { web: 3, rest: 0, default: 0 }]);

      writeFileSync(RULES, NEW);
      const planned = await run(near, ['reload', 'edge', '--plan', '--json']);
      expect(planned).toMatchObject({ code: 0 });
      const plan = JSON.parse(planned.stdout);
      expect(plan).toMatchObject({
        name: 'edge',
        change: 'program',
        changed: [{ rule: 'web', before: 'web: match tcp dport 80 -> drop', now: 'web: match tcp dport 80-89 -> drop' }],
        added: [{ rule: 'ssh' }],
        removed: [],
      });
      // Each packet is what it says, and the reference interpreter has the same opinions of it.
      const [before, now] = [await compileBoth(OLD), await compileBoth(NEW)];
      const judges = { before: createInterpreter(before.program), now: createInterpreter(now.program) };
      expect(plan.packets.length).toBeGreaterThan(2);
      for (const { frame_hex, ...judged } of plan.packets) {
        const frame = new Uint8Array(Buffer.from(frame_hex, 'hex'));
        expect(judges.before(frame).verdict).toBe(judged.before.verdict);
        expect(judges.now(frame).verdict).toBe(judged.now.verdict);
        expect(judged.before.verdict).not.toBe(judged.now.verdict);
      }
      const by = new Set(plan.packets.map((packet: { now: { rule: string } }) => packet.now.rule));
      expect(by).toEqual(new Set(['web', 'ssh']));
      expect([xdpProgramId(near), counted()]).toEqual([program, { web: 3, rest: 0, default: 0 }]);

      // The file that it was started with is the one that is read.
      const done = await run(near, ['reload', 'edge', '--json']);
      expect(done).toMatchObject({ code: 0 });
      const changes = { rules: 3, new: 1, gone: 0, changed: 1 };
      expect(JSON.parse(done.stdout)).toEqual({ name: 'edge', change: 'program', ...changes, confirm_s: null });
      send(far, WEB, 2);
      send(far, SSH, 1);
      expect(counted()).toEqual({ web: 5, ssh: 1, rest: 0, default: 0 });
    });
  });

  test('sets that rules fill live on, also through the way back', async () => {
    const sets = (port: string) => `set seen : src size 100 timeout 10m
mark: match tcp dport ${port} -> add src to seen
again: match src in seen tcp dport 22 -> drop
scan: match tcp dport 23 -> block src for 10m else drop
`;
    await withIpv4Network(async ({ near, far }) => {
      writeFileSync(RULES, sets('80'));
      expect(await run(near, ['run', RULES, '-i', near.ifname, '--detach', '--name', 'edge'])).toMatchObject({ code: 0 });
      send(far, WEB, 1);
      send(far, tcpFrame({ src: '203.0.113.7', dst: '192.0.2.1' }, [4000, 23], 2), 1);
      writeFileSync(RULES, sets('{ 80, 81 }'));
      expect(await run(near, ['reload', 'edge', '--confirm', '1h'])).toMatchObject({ code: 0 });
      send(far, tcpFrame({ src: '10.9.9.9', dst: '192.0.2.1' }, [4000, 22], 2), 2);
      send(far, SSH, 3);
      expect(counted()).toMatchObject({ again: 2, 'block.src': 3 });
      send(far, tcpFrame({ src: '10.8.8.8', dst: '192.0.2.1' }, [4000, 81], 2), 1);
      expect(await run(near, ['confirm', 'edge', '--undo'])).toMatchObject({ code: 0 });
      const { stdout } = await run(near, ['set', 'edge', 'ls', 'seen', '--json']);
      const elements = stdout
        .trimEnd()
        .split('\n')
        .map((text) => (JSON.parse(text) as { element: string }).element);
      expect(elements.sort()).toEqual(['10.8.8.8', '10.9.9.9']);
    });
  });

  test('goes back when nobody confirms it, and stays when somebody does', async () => {
    await withIpv4Network(async ({ near, far }) => {
      expect(await run(near, ['run', RULES, '-i', near.ifname, '--detach'])).toMatchObject({ code: 0 });
      const program = xdpProgramId(near);
      writeFileSync(RULES, NEW);
      const asked = await run(near, ['reload', 'edge', '--confirm', '600s']);
      expect(asked).toMatchObject({ code: 0, stderr: expect.stringContaining('`pktc confirm edge` within 600 s keeps it') });
      expect(xdpProgramId(near)).not.toBe(program);
      const [watcher] = waiting();
      // In a session of its own, which no terminal ends.
      expect(watcher?.session).toBe(watcher?.pid);
      const again = await run(near, ['reload', 'edge']);
      expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('PKT6071') });
      expect(await run(near, ['confirm', 'edge'])).toMatchObject({ code: 0, stderr: 'confirmed edge\n' });
      await eventually('it waits no longer', () => waiting().length === 0);
      const confirmed = xdpProgramId(near);
      expect(await run(near, ['confirm', 'edge'])).toMatchObject({ code: 1, stderr: expect.stringContaining('PKT6072') });

      writeFileSync(RULES, OLD);
      const short = await run(near, ['reload', 'edge', '--confirm', '2s', '--json']);
      expect(short).toMatchObject({ code: 0 });
      expect(JSON.parse(short.stdout)).toMatchObject({ change: 'program', gone: 1, confirm_s: 2 });
      // No command has to come.
      await eventually('the rules from before', () => xdpProgramId(near) === confirmed && waiting().length === 0);
      send(far, SSH, 2);
      expect(counted()).toEqual({ web: 0, ssh: 2, rest: 0, default: 0 });
    });
  });

  test('asks on a terminal: Enter keeps it; it goes back when who asked is killed, and its waiting process, too', async () => {
    await withIpv4Network(async ({ near }) => {
      expect(await run(near, ['run', RULES, '-i', near.ifname, '--detach'])).toMatchObject({ code: 0 });
      const program = xdpProgramId(near);
      writeFileSync(RULES, NEW);
      const ended = `${RULES}.ended`;
      const terminal = (...parameters: string[]) => {
        const line = [process.execPath, LAUNCHER, 'reload', 'edge', ...parameters].map((word) => `'${word}'`).join(' ');
        return started(near, ['script', '-qefc', `trap '' HUP; ${line}; echo $? > '${ended}'`, '/dev/null']);
      };
      const one = terminal('--confirm', '600s');
      await eventually('it asks', () => one.texts.stdout.includes('Enter within 600 s'));
      one.child.stdin?.write('\r');
      await eventually('confirmed', () => one.texts.stdout.includes('confirmed'));
      const confirmed = xdpProgramId(near);
      expect(confirmed).not.toBe(program);

      writeFileSync(RULES, OLD);
      const other = terminal('--confirm', '3s');
      await eventually('it asks again', () => other.texts.stdout.includes('Enter within 3 s'));
      expect(other.texts.stdout).toContain('1 rule gone');
      // The terminal goes, and with it everything that belongs to it.
      other.child.kill('SIGKILL');
      await eventually('the rules from before', () => xdpProgramId(near) === confirmed);
      await eventually('nobody waits any more', () => waiting().length === 0);
      // Of the signal that says so, and not of an error of Node's.
      await eventually(
        'who asked has ended',
        () => existsSync(ended) && readFileSync(ended, 'utf8') === `${128 + constants.signals.SIGHUP}\n`,
      );

      // Should even that process be killed, the next command sees to it.
      expect(await run(near, ['reload', 'edge', '--confirm', '1s'])).toMatchObject({ code: 0 });
      for (const { pid } of waiting()) process.kill(pid, 'SIGKILL');
      await eventually('its time is over', () => (unconfirmedOf(root, 'edge') ?? 0) === 0);
      const listed = await run(near, ['ls']);
      expect(listed).toMatchObject({ code: 0 });
      expect(xdpProgramId(near)).toBe(confirmed);
    });
  });

  test('asks the guard of SSH sessions, which knows of --confirm; run --detach --confirm is stopped unless confirmed', async () => {
    await withIpv4Network(async ({ near }) => {
      const session = { SSH_CONNECTION: '10.0.0.2 4000 10.0.0.1 22' };
      expect(await run(near, ['run', RULES, '-i', near.ifname, '--detach', '--confirm', '600s'], session)).toMatchObject({
        code: 0,
      });
      expect(await run(near, ['confirm', 'edge'])).toMatchObject({ code: 0 });
      const program = xdpProgramId(near);
      writeFileSync(RULES, 'everything: match any -> drop\n');
      const refused = await run(near, ['reload', 'edge'], session);
      expect(refused).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/PKT6050[\s\S]*with `--confirm 30s` it goes back/),
      });
      expect(xdpProgramId(near)).toBe(program);
      const tried = await run(near, ['reload', 'edge', '--confirm', '600s'], session);
      expect(tried).toMatchObject({ code: 0, stderr: expect.stringContaining('warning[PKT6050]') });
      expect(await run(near, ['confirm', 'edge', '--undo'])).toMatchObject({ code: 0 });
      expect(xdpProgramId(near)).toBe(program);
      await stopPinned(root, 'edge');
      writeFileSync(RULES, OLD);
      expect(await run(near, ['run', RULES, '-i', near.ifname, '--detach', '--confirm', '1s'])).toMatchObject({ code: 0 });
      await eventually('it is stopped', () => xdpProgramId(near) === null && pinnedNames(root).length === 0);
    });
  });
});
