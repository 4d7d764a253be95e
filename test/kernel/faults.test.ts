/** Faults that the kernel and the machine around it produce, each for real. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import koffi from 'koffi';
import { beforeAll, expect, test } from 'vitest';
import { tcpFrame, udpFrame } from '../../cli/demo/frames.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { LAUNCHER, pktc, temporaryFolder } from '../cli/pktc.ts';
import { compileRules } from './compile-rules.ts';
import {
  describeKernel,
  eventually,
  ip,
  type NetworkEnd,
  openInjector,
  withIpv4Network as withNetwork,
  xdpProgramId,
} from './environment.ts';
import { type Running, start } from './run-command.ts';

const folder = temporaryFolder();
const RULES = path.join(folder, 'edge.rules');
const SYN = tcpFrame({ src: '10.9.9.9', dst: '192.0.2.1' }, [4000, 22], 2);
const DNS = udpFrame({ src: '203.0.113.9', dst: '192.0.2.1' }, [5353, 53], 'question');

beforeAll(async () => {
  writeFileSync(RULES, 'scan: match tcp dport 22 -> log, drop\nnames: match udp dport 53 -> log, drop\n');
  // The first start may have to build.
  await pktc(['--version']);
});

async function attached(running: Running): Promise<void> {
  await eventually(`attached: ${running.stderr()}`, () => /attached to .*\n/.test(running.stderr()));
}

function send(far: NetworkEnd, frames: readonly Uint8Array[]): void {
  const injector = openInjector(far);
  for (const frame of frames) injector.send(frame);
  injector.close();
}

const setitimer = koffi.load(null).func('int setitimer(int, void *, void *)') as (
  which: number,
  to: BigInt64Array,
  old: null,
) => number;
const ITIMER_REAL = 0;

/** A signal to this process every `interval_us` microseconds while `work` is at it. */
function underSignals<T>(interval_us: number, work: () => T): T {
  const ignore = () => {};
  process.on('SIGALRM', ignore);
  const every = (us: number) => setitimer(ITIMER_REAL, new BigInt64Array([0n, BigInt(us), 0n, BigInt(us)]), null);
  try {
    expect(every(interval_us)).toBe(0);
    return work();
  } finally {
    every(0);
    process.off('SIGALRM', ignore);
  }
}

describeKernel('signals while the verifier works (EAGAIN)', () => {
  test('are no rejection: the program is loaded all the same, and a note says why it took longer', async () => {
    const rules = Array.from({ length: 20 }, (_, at) => `match tcp dport ${at + 1} payload contains "word${at}" -> drop`);
    const artifact = await compileRules(rules.join('\n'));
    using calm = loadArtifact(artifact);
    expect(calm.notes).toEqual([]);
    using loaded = underSignals(200, () => loadArtifact(artifact));
    expect(loaded.notes).toEqual([expect.stringContaining('EAGAIN')]);
    expect(loaded.programs[0]?.id).toBeGreaterThan(0);
  });
});

describeKernel('standard output that takes no more', () => {
  test('a full disk: rules go on deciding, what is not printed is counted by rule, exit code 5 under --strict', async () => {
    const disk = path.join(folder, 'disk');
    mkdirSync(disk);
    const starter = ['unshare', '-m', 'sh', '-c', `mount -t tmpfs -o size=64k none ${disk} && exec "$@" > ${disk}/out`, 'sh'];
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname, '--json', '--strict'], { starter });
      await attached(running);
      send(
        far,
        Array.from({ length: 900 }, (_, at) => (at % 3 === 0 ? SYN : DNS)),
      );
      await eventually('the disk is full', () => running.stderr().includes('the disk is full'));
      send(far, [SYN, SYN]);
      expect(xdpProgramId(near)).not.toBeNull();
      const text = readFileSync(`/proc/${running.child.pid}/root${disk}/out`, 'utf8');
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(5);
      const printed = text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).rule);
      const of = (rule: string) => printed.filter((one) => one === rule).length;
      const said = running.stderr();
      expect(said.match(/error\[PKT6102\]: cannot write to standard output: the disk is full/g)).toHaveLength(1);
      expect(said).toMatch(new RegExp(`^${printed.length} events in \\d`, 'm'));
      const [names, scan] = [600 - of('names'), 302 - of('scan')];
      expect(said).toContain(`${902 - printed.length} events read and not printed`);
      expect(said).toMatch(new RegExp(`: names ${names}, scan ${scan}$`, 'm'));
      expect(said).toMatch(/^scan +drop +302 /m);
    });
  });

  test('a reader that has gone: quiet, but not under --strict', async () => {
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname, '--strict']);
      await attached(running);
      running.child.stdout?.destroy();
      send(far, [SYN, DNS, SYN]);
      expect(await running.ended).toBe(5);
      expect(running.stderr()).toMatch(/read and not printed.*: scan/);
      expect(xdpProgramId(near)).toBeNull();
    });
  });

  test('other commands end with 1', async () => {
    await withNetwork(async ({ near }) => {
      const script = `exec "$0" "$@" > /dev/full`;
      const child = near.spawn('sh', ['-c', script, process.execPath, LAUNCHER, 'explain', 'PKT6001'], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      expect(await new Promise((resolve) => child.on('close', resolve))).toBe(1);
      expect(said).toContain('error[PKT6102]');
    });
  });
});

describeKernel('an interface under a program that is attached', () => {
  const indexOf = (namespace: string, ifname: string): number =>
    JSON.parse(ip('-n', namespace, '-j', 'link', 'show', 'dev', ifname))[0].ifindex;

  test('renamed, taken down, deleted and made again, moved to another namespace and back: `--reattach` goes on', async () => {
    await withNetwork(async ({ near, far }) => {
      const link = (...args: string[]) => ip('-n', near.name, 'link', ...args);
      const running = start(near, [RULES, '-i', near.ifname, '--json', '--reattach']);
      const says = (text: string) => eventually(`${text}: ${running.stderr()}`, () => running.stderr().includes(text));
      const events = () =>
        running
          .stdout()
          .trimEnd()
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line));
      await attached(running);
      link('set', near.ifname, 'down');
      await says(`${near.ifname} is down`);
      link('set', near.ifname, 'name', 'lan0');
      await says(`${near.ifname} is called lan0 now, and keeps the program`);
      link('set', 'lan0', 'up');
      await says('lan0 is up again');
      send(far, [SYN]);
      await eventually('an event', () => events().length === 1);
      expect(events()[0]).toMatchObject({ rule: 'scan', iface: 'lan0' });

      link('del', 'lan0');
      await says('lan0 went away, and the program with it: waiting for it to come back');
      link('add', near.ifname, 'type', 'veth', 'peer', 'name', far.ifname, 'netns', far.name);
      await says(`${near.ifname} is back: attached again (native)`);
      link('set', near.ifname, 'up');
      ip('-n', far.name, 'link', 'set', far.ifname, 'up');
      send({ ...far, ifindex: indexOf(far.name, far.ifname) }, [DNS]);
      await eventually('another event', () => events().length === 2);
      expect(events()[1]).toMatchObject({ rule: 'names', iface: near.ifname });

      link('set', near.ifname, 'netns', far.name);
      await says(`${near.ifname} is in another network namespace now, with the program`);
      ip('-n', far.name, 'link', 'set', near.ifname, 'netns', near.name);
      await says(`${near.ifname} is here again`);
      expect(xdpProgramId(near)).not.toBeNull();
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(0);
      expect(xdpProgramId(near)).toBeNull();
      expect(events().at(-1).summary).toMatchObject({ events: 2, lost: 0 });
    });
  });
});
