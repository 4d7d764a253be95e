/** What is left to `pktc run` once it has attached, in the kernel's own words, thread by thread: `docs/security.md` says the same. */
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { tcpFrame, udpFrame } from '../../cli/demo/frames.ts';
import { kernelOlderThan } from '../../runtime/kernel-version.ts';
import { pktc, ROOT, temporaryFolder } from '../cli/pktc.ts';
import { withCgroup } from './cgroup.ts';
import { describeKernel, eventually, ip, openInjector, withNetwork } from './environment.ts';
import { type Running, start } from './run-command.ts';

const folder = temporaryFolder();

/** The launcher of a copy of what is published, for users who may not look into the checkout. */
function installed(): string {
  const parts = [
    'package.json',
    'cli/launcher.cjs',
    'cli/load-program.cjs',
    'dist',
    'templates',
    'node_modules/koffi',
    'node_modules/@koromix',
  ];
  for (const part of parts)
    cpSync(path.join(ROOT, part), path.join(folder, 'pktc', part), { recursive: true, dereference: true });
  return path.join(folder, 'pktc', 'cli', 'launcher.cjs');
}
const DNS = udpFrame({ src: '10.9.9.9', dst: '10.0.0.1' }, [5353, 53], 'abc');
const SYN = tcpFrame({ src: '10.9.9.9', dst: '10.0.0.1' }, [4000, 22], 2);
const CAPABILITIES = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'];

function fieldOf(status: string, name: string): string {
  return new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(status)?.[1] ?? `no ${name}`;
}

/** By thread, the main one first. */
function statusesOf(pid: number): readonly string[] {
  const read = (thread: string) => readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1');
  return [
    read(String(pid)),
    ...readdirSync(`/proc/${pid}/task`)
      .filter((thread) => Number(thread) !== pid)
      .map(read),
  ];
}

const none = (status: string) => CAPABILITIES.every((set) => BigInt(`0x${fieldOf(status, set)}`) === 0n);

/** Exactly what is promised: nothing more of any thread, nothing less. */
function expectLeastPrivilege(statuses: readonly string[]): void {
  const [main = '', ...others] = statuses;
  // Linux before 5.19 wants CAP_BPF for maps that are one's own.
  if (!kernelOlderThan(5, 19)) expect(none(main), main).toBe(true);
  expect(fieldOf(main, 'CapInh')).toMatch(/^0+$/);
  expect(fieldOf(main, 'CapAmb')).toMatch(/^0+$/);
  expect(others.length).toBeGreaterThan(0);
  for (const status of statuses) {
    expect(fieldOf(status, 'NoNewPrivs'), status).toBe('1');
    // SECCOMP_MODE_FILTER
    expect(fieldOf(status, 'Seccomp'), status).toBe('2');
  }
}

async function attached(running: Running): Promise<void> {
  await eventually(`attached: ${running.stderr()}`, () => /attached to .*\n/.test(running.stderr()));
}

async function finish(running: Running) {
  running.child.kill('SIGINT');
  expect(await running.ended, running.stderr()).toBe(0);
  const lines = running.stdout().trimEnd().split('\n');
  return JSON.parse(lines[lines.length - 1] ?? '').summary;
}

let files = 0;
function rulesFile(text: string): string {
  const file = path.join(folder, `rules-${++files}.rules`);
  writeFileSync(file, text);
  return file;
}

describeKernel('least privilege after attaching', () => {
  beforeAll(async () => {
    // The first start may have to build; the tests wait for the others.
    await pktc(['--version']);
  });

  test.each(['xdp', 'tc', 'tc ingress', 'socket'])('%s: events, counters and detaching need none', async (hook) => {
    // Interfaces by name are looked up again each second, and answers are read by a system call.
    const verdict = hook === 'xdp' ? 'reject' : 'count';
    const rules = `hook ${hook}\ndns: match iface "late*" udp dport 53 -> log\nscan: match tcp dport 22 -> ${verdict}\n`;
    await withNetwork(
      async ({ near, far }) => {
        const running = start(near, [rulesFile(rules), '-i', near.ifname, '--json']);
        await attached(running);
        expect(running.stderr()).not.toContain('could not give up');
        const pid = running.child.pid ?? 0;
        expectLeastPrivilege(statusesOf(pid));
        ip('-n', near.name, 'link', 'set', near.ifname, 'down');
        ip('-n', near.name, 'link', 'set', near.ifname, 'name', 'late0', 'up');
        // Longer than the interval between two looks at the interfaces.
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        const injector = openInjector(far);
        for (const frame of [DNS, SYN, DNS]) injector.send(frame);
        injector.close();
        await eventually('two events', () => running.stdout().trimEnd().split('\n').length >= 2);
        expectLeastPrivilege(statusesOf(pid));
        const summary = await finish(running);
        expect(summary.rules[0]).toMatchObject({ rule: 'dns', packets: 2, logged: 2, lost: 0 });
        expect(summary.rules[1]).toMatchObject({ rule: 'scan', packets: 1 });
        expect(ip('-n', near.name, 'link', 'show')).toContain('late0');
        expect(ip('-n', near.name, 'link', 'show')).not.toContain('prog/');
        expect(running.stderr()).not.toMatch(/error|EPERM/);
      },
      { near: ['10.0.0.1/8'], far: ['10.0.0.2/8'] },
    );
  });

  test('cgroup', async () => {
    await withCgroup(async ({ directory }) => {
      await withNetwork(async ({ near }) => {
        const file = rulesFile('hook cgroup egress\nall: match udp -> log\n');
        const running = start(near, [file, '--cgroup', directory, '--json']);
        await attached(running);
        expectLeastPrivilege(statusesOf(running.child.pid ?? 0));
        expect((await finish(running)).rules[0]).toMatchObject({ rule: 'all', packets: 0 });
      });
    });
  });

  test('a user of its own with three capabilities', async () => {
    await withNetwork(async ({ near }) => {
      const three = '-all,+bpf,+net_admin,+perfmon';
      const user = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
      const sets = ['--inh-caps', three, '--ambient-caps', three, '--bounding-set', three];
      const command = [process.execPath, installed(), 'run', '-e', 'match udp', '-i', near.ifname, '--for', '20s', '--json'];
      const child = near.spawn('setpriv', [...user, ...sets, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      const ended = new Promise((resolve) => child.on('exit', resolve));
      await eventually(`attached: ${said}`, () => /attached to .*\n/.test(said));
      const [main = '', ...others] = statusesOf(child.pid ?? 0);
      if (!kernelOlderThan(5, 19)) expect(fieldOf(main, 'CapPrm')).toMatch(/^0+$/);
      for (const status of [main, ...others]) {
        expect(fieldOf(status, 'NoNewPrivs')).toBe('1');
        expect(fieldOf(status, 'Seccomp')).toBe('2');
      }
      // CAP_NET_ADMIN, CAP_PERFMON and CAP_BPF, bits 12, 38 and 39, and never more.
      for (const status of others) expect(BigInt(`0x${fieldOf(status, 'CapPrm')}`) & ~0xc0_0000_1000n).toBe(0n);
      child.kill('SIGINT');
      expect(await ended, said).toBe(0);
      expect(said).not.toContain('could not give up');
    });
  });

  describe('in a process that tries', () => {
    interface Tried {
      readonly program: string;
      readonly poolUnshare: number;
      readonly poolBounding: number;
      readonly poolPackets: boolean;
      readonly poolLocal: boolean;
      readonly file: boolean;
    }
    let tried: {
      readonly before: Tried;
      readonly after: Tried;
      readonly kept: readonly string[];
      readonly refused: readonly string[];
      readonly newThread: string;
      readonly statuses: readonly string[];
      readonly again: { readonly refused: readonly string[] };
    };
    beforeAll(() => {
      const here = (name: string) => path.join(import.meta.dirname, name);
      const parameters = ['--import', here('typescript-loader.mjs'), here('least-privilege-process.ts')];
      tried = JSON.parse(execFileSync(process.execPath, parameters, { encoding: 'utf8' }));
    });

    test('what worked before is refused, on threads that were there before too', () => {
      expect(tried.before).toMatchObject({ program: 'runs', poolUnshare: 0, poolPackets: true, file: true });
      expect(tried.after).toMatchObject({ program: 'EPERM', poolUnshare: -1, poolPackets: false, file: true });
      expect(tried.refused).toEqual([]);
    });

    test('threads that were there before keep capabilities, which the documentation admits', () => {
      expectLeastPrivilege(tried.statuses);
      expect(tried.statuses.filter(none)).toHaveLength(1);
      expect(tried.after.poolBounding).toBe(1);
    });

    test('a thread that is started later has none', () => {
      expectLeastPrivilege([tried.newThread, tried.newThread]);
    });

    test('what cannot be given up is said', () => {
      // Once the filter is there it refuses to change capabilities; there are none left, so nothing is tried.
      expect(tried.again.refused).toEqual([]);
    });
  });
});
