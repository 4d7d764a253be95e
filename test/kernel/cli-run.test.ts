/** `pktc run` as people start it, in a namespace of its own, with the kernel's word on what is attached. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { pingFrame, tcpFrame, udpFrame } from '../../cli/demo/frames.ts';
import { LAUNCHER, pktc, RAW_CONTROL, temporaryFolder } from '../cli/pktc.ts';
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
writeFileSync(
  RULES,
  `syn_scan: match src 10.0.0.0/8 proto tcp flags SYN,!ACK -> count/drop/log
names: match udp dport 53 -> log payload 4, pass
`,
);
const SYN = tcpFrame({ src: '10.9.9.9', dst: '192.0.2.1' }, [4000, 22], 2);
const DNS = udpFrame({ src: '203.0.113.9', dst: '192.0.2.1' }, [5353, 53], 'a\x1b[2J');
const OTHER = pingFrame({ src: '203.0.113.9', dst: '192.0.2.1' }, 20);

async function attached(running: Running, end: NetworkEnd): Promise<void> {
  await eventually(
    `attached: ${running.stderr()}`,
    () => running.stderr().includes('attached to ') && xdpProgramId(end) !== null,
  );
}

/** Three scans, two questions, one ping. */
function sendSix(far: NetworkEnd): void {
  const injector = openInjector(far);
  for (const frame of [SYN, DNS, SYN, OTHER, DNS, SYN]) injector.send(frame);
  injector.close();
}

const SUMMARY_ROWS = [
  /^syn_scan +drop +3 +162 +3 +0$/m,
  new RegExp(`^names +pass +2 +${2 * DNS.length} +2 +0$`, 'm'),
  new RegExp(`^default +pass +1 +${OTHER.length} +0 +0$`, 'm'),
];

describeKernel('pktc run', () => {
  beforeAll(async () => {
    // The first start may have to build; the tests time the others.
    await pktc(['--version']);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s: detached, everything printed, exit code 0', async (signal) => {
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname]);
      await attached(running, near);
      sendSix(far);
      await eventually('five events', () => running.stdout().split('\n').length >= 7);
      running.child.kill(signal);
      expect(await running.ended).toBe(0);
      expect(xdpProgramId(near)).toBeNull();
      const lines = running.stdout().split('\n');
      expect(lines[0]).toMatch(/^TIME +RULE +VERDICT +LEN +PROTOCOL +SOURCE → DESTINATION$/);
      expect(lines[1]).toMatch(/ syn_scan +drop +54 {2}tcp SYN +10\.9\.9\.9:4000 +→ 192\.0\.2\.1:22$/);
      expect(lines[2]).toMatch(/ names +pass +\d+ {2}udp +203\.0\.113\.9:5353 +→ 192\.0\.2\.1:53 {2}"a\\x1b\[2"$/);
      expect(lines.slice(1, 6).map((line) => line.split(/ +/)[1])).toEqual([
        'syn_scan',
        'names',
        'syn_scan',
        'names',
        'syn_scan',
      ]);
      for (const row of SUMMARY_ROWS) expect(running.stdout()).toMatch(row);
      expect(running.stdout()).toMatch(/^5 events in \d+\.\d s$/m);
      expect(running.stdout()).not.toMatch(RAW_CONTROL);
    });
  });

  test('--json: flat objects, the summary last; events that came just before the end are delivered', async () => {
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname, '--json']);
      await attached(running, near);
      sendSix(far);
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(0);
      const lines = running
        .stdout()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines).toHaveLength(6);
      expect(lines[0]).toMatchObject({
        rule: 'syn_scan',
        verdict: 'drop',
        event_type: 'packet',
        v: 1,
        in_iface: near.ifname,
        len: 54,
        proto: 'TCP',
        tcp_flags: 'SYN',
        src_ip: '10.9.9.9',
        src_port: 4000,
        dest_ip: '192.0.2.1',
        dest_port: 22,
        payload_hex: null,
      });
      expect(lines[1]).toMatchObject({
        rule: 'names',
        verdict: 'pass',
        proto: 'UDP',
        tcp_flags: null,
        payload_hex: '611b5b32',
      });
      expect(Math.abs(Date.parse(lines[0].timestamp) - Date.now())).toBeLessThan(60_000);
      expect(lines[5]).toEqual({
        event_type: 'summary',
        v: 1,
        summary: {
          duration_s: expect.any(Number),
          answers: null,
          stopped_by: 'SIGINT',
          events: 5,
          lost: 0,
          rules: [
            { rule: 'syn_scan', verdict: 'drop', packets: 3, bytes: 162, logged: 3, lost: 0 },
            { rule: 'names', verdict: 'pass', packets: 2, bytes: 2 * DNS.length, logged: 2, lost: 0 },
          ],
          default: { verdict: 'pass', packets: 1, bytes: OTHER.length },
        },
      });
    });
  });

  test('--for ends it', async () => {
    await withNetwork(async ({ near }) => {
      const running = start(near, [RULES, near.ifname, '--for', '300ms', '--json']);
      expect(await running.ended).toBe(0);
      expect(JSON.parse(running.stdout()).summary).toMatchObject({ stopped_by: 'time', events: 0 });
      expect(JSON.parse(running.stdout()).summary.duration_s).toBeGreaterThanOrEqual(0.3);
    });
  });

  test('--count prints exactly so many', async () => {
    await withNetwork(async ({ near, far }) => {
      const running = start(near, ['-e', 'match tcp dport 22', '-i', near.ifname, '--count', '7', '--json']);
      await attached(running, near);
      const injector = openInjector(far);
      for (let count = 0; count < 5000; count++) injector.send(SYN);
      injector.close();
      expect(await running.ended).toBe(0);
      const lines = running
        .stdout()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines).toHaveLength(8);
      expect(lines[0].rule).toBe('<expr>:1');
      expect(lines[7].summary).toMatchObject({ stopped_by: 'count', events: 7 });
    });
  });

  test('an exception that nobody caught: detached, the summary, exit code 1', async () => {
    await withNetwork(async ({ near, far }) => {
      const script = path.join(folder, 'boom.cjs');
      writeFileSync(script, `process.on('SIGUSR2', () => { throw new Error('boom from outside'); });\n`);
      const running = start(near, [RULES, '-i', near.ifname], { env: { NODE_OPTIONS: `--require=${script}` } });
      await attached(running, near);
      sendSix(far);
      await eventually('five events', () => running.stdout().split('\n').length >= 7);
      running.child.kill('SIGUSR2');
      expect(await running.ended).toBe(1);
      expect(xdpProgramId(near)).toBeNull();
      expect(running.stderr()).toContain('boom from outside');
      for (const row of SUMMARY_ROWS) expect(running.stdout()).toMatch(row);
    });
  });

  test('the interface goes away: says so, the summary, exit code 1', async () => {
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname]);
      await attached(running, near);
      sendSix(far);
      await eventually('five events', () => running.stdout().split('\n').length >= 7);
      ip('-n', near.name, 'link', 'del', near.ifname);
      expect(await running.ended).toBe(1);
      expect(running.stderr()).toContain(`${near.ifname} went away`);
      for (const row of SUMMARY_ROWS) expect(running.stdout()).toMatch(row);
    });
  });

  test('killed outright: the kernel detaches', async () => {
    await withNetwork(async ({ near }) => {
      const running = start(near, [RULES, '-i', near.ifname]);
      await attached(running, near);
      running.child.kill('SIGKILL');
      await running.ended;
      await eventually('detached', () => xdpProgramId(near) === null);
    });
  });

  test('a reader that goes away ends it quietly', async () => {
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname]);
      await attached(running, near);
      running.child.stdout?.destroy();
      sendSix(far);
      expect(await running.ended).toBe(0);
      expect(xdpProgramId(near)).toBeNull();
      expect(running.stderr()).not.toMatch(/error|EPIPE/);
    });
  });
});

describeKernel('pktc run, when nobody reads', () => {
  const FLOOD = 400_000;
  const RESIDENT_MIB = 400;

  test('memory stays bounded, losses are counted, --strict exits with 5, and SIGTERM still ends it', async () => {
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname, '--json', '--strict'], { read: false });
      await attached(running, near);
      const injector = openInjector(far);
      for (let count = 0; count < FLOOD; count++) injector.send(SYN);
      injector.close();
      const status = readFileSync(`/proc/${running.child.pid}/status`, 'utf8');
      expect(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024).toBeLessThan(RESIDENT_MIB);
      const asked = Date.now();
      running.child.kill('SIGTERM');
      expect(await running.ended).toBe(5);
      expect(Date.now() - asked).toBeLessThan(10_000);
      expect(xdpProgramId(near)).toBeNull();
      // stdout takes nothing more: each event is told on stderr, by where it was lost.
      const said = running.stderr();
      const counted = [
        /^([\d,]+) events? in \d/m,
        /([\d,]+) events? lost in the kernel.*: syn_scan \1$/m,
        /([\d,]+) events? read and not printed.*: syn_scan \1$/m,
      ];
      const counts = counted.map((pattern) => Number((pattern.exec(said)?.[1] ?? '').replaceAll(',', '')));
      expect(
        counts.reduce((sum, count) => sum + count, 0),
        said,
      ).toBe(FLOOD);
    });
  });

  test('what was lost is in the summary, and nothing is counted twice', async () => {
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname, '--json'], { read: false });
      await attached(running, near);
      const injector = openInjector(far);
      for (let count = 0; count < FLOOD; count++) injector.send(SYN);
      injector.close();
      let text = '';
      running.child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      running.child.stdout?.resume();
      const quiet = () => {
        const before = text.length;
        return new Promise<boolean>((resolve) => setTimeout(() => resolve(text.length === before && before > 0), 500));
      };
      while (!(await quiet()));
      const said = /[\d,]+ events lost so far, as they come faster than they are read: syn_scan [\d,]+$/m;
      await eventually('losses are said as they happen', () => said.test(running.stderr()));
      const closed = new Promise((resolve) => running.child.stdout?.on('close', resolve));
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(0);
      await closed;
      const lines = text.trimEnd().split('\n');
      const { summary } = JSON.parse(lines.at(-1) ?? '');
      const [scan] = summary.rules;
      expect(scan.packets).toBe(FLOOD);
      expect(scan.lost).toBeGreaterThan(0);
      expect(scan.logged + scan.lost).toBe(FLOOD);
      expect({ events: summary.events, lines: lines.length - 1 }).toEqual({ events: scan.logged, lines: scan.logged });
    });
  });
});

describeKernel('pktc run, when it cannot', () => {
  test('a second run on the interface says who holds it, and leaves it alone', async () => {
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname]);
      await attached(running, near);
      const before = xdpProgramId(near);
      const second = start(near, [RULES, '-i', near.ifname]);
      expect(await second.ended).toBe(1);
      expect(second.stderr()).toContain('error[PKT6011]');
      expect(second.stderr()).toContain(String(running.child.pid));
      expect(second.stdout()).toBe('');
      expect(xdpProgramId(near)).toBe(before);
      sendSix(far);
      await eventually('five events', () => running.stdout().split('\n').length >= 7);
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(0);
    });
  });

  test.each(['nowhere0', '$(touch x)', 'a b', '../lo', 'x'.repeat(64), 'new\nline', '\x1b[2J', '-', 'nix*', 'lo; reboot'])(
    'no interface %j: exit code 1, and nothing raw on the terminal',
    async (name) => {
      await withNetwork(async ({ near }) => {
        const running = start(near, [RULES, `--interface=${name}`]);
        expect(await running.ended).toBe(1);
        expect(running.stderr()).toMatch(/error\[PKT60(01|10|31)\]/);
        expect(running.stderr()).not.toMatch(RAW_CONTROL);
        expect(running.stdout()).toBe('');
      });
    },
  );

  test('one of two interfaces is missing: none is attached', async () => {
    await withNetwork(async ({ near }) => {
      const running = start(near, [RULES, '-i', near.ifname, '-i', 'nowhere0']);
      expect(await running.ended).toBe(1);
      expect(xdpProgramId(near)).toBeNull();
    });
  });

  test('without privilege: exit code 4, and what is missing', async () => {
    await withNetwork(async ({ near }) => {
      const child = near.spawn(
        'setpriv',
        ['--bounding-set=-all', '--inh-caps=-all', '--', process.execPath, LAUNCHER, 'run', RULES, '-i', near.ifname],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      let stderr = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      expect(await new Promise((resolve) => child.on('close', resolve))).toBe(4);
      expect(stderr).toContain('error[PKT6005]');
      expect(stderr).toMatch(/CAP_/);
    });
  });

  test('rules with errors: exit code 3, nothing attached', async () => {
    await withNetwork(async ({ near }) => {
      const running = start(near, ['-e', 'match prto tcp -> drop', '-i', near.ifname]);
      expect(await running.ended).toBe(3);
      expect(running.stderr()).toContain('--> <expr>:1:7');
      expect(xdpProgramId(near)).toBeNull();
    });
  });
});

describeKernel('compile, then run what was made', () => {
  const environment = () => ({
    PATH: path.join(folder, 'no-programs-here'),
    PKTC_CLANG: '',
    PKTC_CACHE_DIR: path.join(folder, 'no-cache'),
  });

  test('an object runs on a machine without clang; its own manifest is needed', async () => {
    const object = path.join(folder, 'made.bpf.o');
    const manifest = path.join(folder, 'made.manifest.json');
    const made = await pktc(['compile', RULES, '-o', object]);
    expect(made).toMatchObject({ code: 0, stdout: '' });
    expect(made.stderr).toContain('made.bpf.o');
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [object, '-i', near.ifname, '--count', '5'], { env: environment() });
      await attached(running, near);
      sendSix(far);
      expect(await running.ended).toBe(0);
      for (const row of SUMMARY_ROWS.slice(0, 2)) expect(running.stdout()).toMatch(row);

      const text = readFileSync(manifest, 'utf8');
      writeFileSync(manifest, text.replace(/"object_sha256": "../, '"object_sha256": "zz'));
      const differs = start(near, [object, '-i', near.ifname]);
      expect(await differs.ended).toBe(1);
      expect(differs.stderr()).toContain('PKT6004');

      for (const content of ['{}', 'null', '[]', 'not json', '']) {
        writeFileSync(manifest, content);
        const strange = start(near, [object, '-i', near.ifname]);
        expect(await strange.ended).toBe(1);
        expect(strange.stderr()).toContain('is not a manifest');
      }
      rmSync(manifest);
      const missing = start(near, [object, '-i', near.ifname]);
      expect(await missing.ended).toBe(1);
      expect(missing.stderr()).toContain('PKT6021');
    });
  });

  test('without clang, compiling exits with 4 and says what to install', async () => {
    const { code, stdout, stderr } = await pktc(['compile', RULES, '-o', folder], { env: environment() });
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toContain('error[PKT5001]');
    expect(stderr).toMatch(/apt-get install clang/);
  });
});
