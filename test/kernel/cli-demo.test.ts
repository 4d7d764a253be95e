/** `pktc demo`: real packets, and nothing left behind, however it ends. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { LAUNCHER, pktc, plainEnvironment } from '../cli/pktc.ts';
import { describeKernel, eventually } from './environment.ts';

function demo(...parameters: readonly string[]) {
  // A group of its own, to send it what a terminal sends on Ctrl-C.
  const child = spawn(process.execPath, [LAUNCHER, 'demo', ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: plainEnvironment(),
    detached: true,
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  return { pid: child.pid ?? 0, texts, ended };
}

/** Namespaces and processes of this demo that are still there. */
function leftovers(pid: number): readonly string[] {
  const namespaces = readdirSync('/run/netns').filter((name) => name.startsWith(`pktc-demo-${pid}-`));
  const group = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && groupOf(name) === pid);
  return [...namespaces, ...group];
}

/** The fifth field of proc_pid_stat(5); not of a zombie, which has ended and only waits for init to notice. */
function groupOf(pid: string): number | null {
  try {
    return Number(/\) [^Z] \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]);
  } catch {
    return null;
  }
}

describeKernel('pktc demo', () => {
  beforeAll(async () => {
    await pktc(['--version']);
  });

  test('shows events of both families, some dropped, then the counters; leaves nothing', async () => {
    const { pid, texts, ended } = demo('--seconds', '3');
    expect(await ended).toBe(0);
    expect(texts.stderr).toContain('$ pktc run examples/quickstart.rules -i pktc0 --for 3s');
    expect(texts.stdout).toMatch(/ visit +- .* tcp SYN +10\.77\.0\.2:\d+ +→ 10\.77\.0\.1:80$/m);
    expect(texts.stdout).toMatch(/ telnet +drop .* tcp SYN +10\.77\.0\.2:\d+ +→ 10\.77\.0\.1:23$/m);
    expect(texts.stdout).toMatch(/ ping +- .* icmp echo-request +10\.77\.0\.2 +→ 10\.77\.0\.1$/m);
    expect(texts.stdout).toMatch(/ visit +- .* \[fd77::2\]:\d+ +→ \[fd77::1\]:8080$/m);
    expect(texts.stdout).toMatch(/^names +- +[1-9]/m);
    expect(texts.stdout).toMatch(/^telnet +drop +[1-9]/m);
    expect(texts.stdout).toMatch(/^default +pass +[1-9]/m);
    expect(leftovers(pid)).toEqual([]);
  });

  test.each([
    ['SIGINT', 'group'],
    ['SIGINT', 'process'],
    ['SIGTERM', 'process'],
    ['SIGTERM', 'group'],
    ['SIGHUP', 'group'],
  ] as const)('%s to the %s: the counters, and nothing left', async (signal, whom) => {
    const { pid, texts, ended } = demo('--seconds', '60');
    await eventually('events', () => / visit /.test(texts.stdout));
    process.kill(whom === 'group' ? -pid : pid, signal);
    expect(await ended).toBe(0);
    expect(texts.stdout).toMatch(/^default +pass +\d/m);
    expect(leftovers(pid)).toEqual([]);
  });

  test('interrupted while it begins, it leaves nothing either', async () => {
    for (const wait_ms of [100, 200, 300, 400, 500]) {
      const { pid, ended } = demo('--seconds', '60');
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
      process.kill(-pid, 'SIGINT');
      await ended;
      await eventually('nothing is left', () => leftovers(pid).length === 0);
    }
  });

  test('after a kill -9 its processes end, and the next demo removes the namespaces', async () => {
    const first = demo('--seconds', '4');
    await eventually('events', () => / visit /.test(first.texts.stdout));
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    await eventually('only namespaces are left', () => leftovers(first.pid).length === 2);
    expect(leftovers(first.pid).every((name) => name.startsWith('pktc-demo-'))).toBe(true);
    const second = demo('--seconds', '1');
    expect(await second.ended).toBe(0);
    expect([...leftovers(first.pid), ...leftovers(second.pid)]).toEqual([]);
  });
});
