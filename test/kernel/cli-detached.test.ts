/** `pktc run --detach` and the commands that find what it has left, on a BPF file system of the test's own. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tcpFrame, udpFrame } from '../../cli/demo/frames.ts';
import { LAUNCHER, pktc, plainEnvironment, temporaryFolder } from '../cli/pktc.ts';
import { describeKernel, type NetworkEnd, openInjector, withIpv4Network as withNetwork, xdpProgramId } from './environment.ts';

const folder = temporaryFolder();
const RULES = path.join(folder, 'edge.rules');
const WEB = tcpFrame({ src: '10.9.9.9', dst: '192.0.2.1' }, [4000, 80], 2);
const DNS = udpFrame({ src: '203.0.113.9', dst: '192.0.2.1' }, [5353, 53], 'question');

let bpffs = '';
beforeAll(async () => {
  // The first start may have to build.
  await pktc(['--version']);
});
beforeEach(() => {
  writeFileSync(RULES, 'web: match tcp dport 80 -> drop\nnames: match udp dport 53 -> log, pass\n');
});

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function at(end: NetworkEnd, ...parameters: string[]): Promise<Result> {
  return new Promise((resolve) => {
    const child = end.spawn(process.execPath, [LAUNCHER, ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...plainEnvironment(), PKTC_BPFFS: bpffs },
    });
    const texts = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        texts[stream] += text;
      });
    }
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}

function send(end: NetworkEnd, frame: Uint8Array, times: number): void {
  const injector = openInjector(end);
  for (let sent = 0; sent < times; sent++) injector.send(frame);
  injector.close();
}

const lines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

describeKernel('a detached program', () => {
  beforeAll(() => {
    bpffs = mkdtempSync(path.join(tmpdir(), 'pktc-bpffs-'));
    execFileSync('mount', ['-t', 'bpf', '-o', 'mode=0700', 'bpf', bpffs]);
  });
  afterAll(() => {
    execFileSync('umount', [bpffs]);
    rmdirSync(bpffs);
  });

  test('has sets that can be looked into and changed, all of a change or nothing', async () => {
    writeFileSync(RULES, 'let lan = { 10.0.0.0/8 }\nset bad : src size 4 timeout 1h\nmatch src in bad src != lan -> drop\n');
    await withNetwork(async ({ near }) => {
      const set = (...rest: string[]) => at(near, 'set', 'edge', ...rest);
      expect(await at(near, 'run', RULES, '-i', near.ifname, '--detach')).toMatchObject({ code: 0 });
      const list = path.join(folder, 'bad.txt');
      writeFileSync(list, '203.0.113.1\n2001:db8::7 timeout 10m # for now\n203.0.113.0/24\n');
      const wrong = await set('add', 'bad', '198.51.100.1', '--file', list);
      expect(wrong).toMatchObject({ code: 1, stdout: '' });
      expect(wrong.stderr).toMatch(/PKT6091.*line 3 of .*`203\.0\.113\.0\/24` is no element of `bad`/);
      expect(lines((await set('ls', '--json')).stdout)).toEqual([
        { set: 'bad', key: ['src'], elements: 0, size: 4, timeout_ms: 3_600_000, refused: 0 },
      ]);
      writeFileSync(list, '203.0.113.1\n2001:db8::7 timeout 10m # for now\n');
      const added = await set('add', 'bad', '198.51.100.1', '--file', list, '--json');
      expect(lines(added.stdout)).toEqual([{ set: 'bad', added: 3, extended: 0, deleted: 0, missing: 0, full: 0 }]);
      const shown = (await set('ls', 'bad')).stdout.trimEnd().split('\n').sort();
      expect(shown).toEqual([
        expect.stringMatching(/^198\.51\.100\.1 timeout (3600|35\d\d)s$/),
        expect.stringMatching(/^2001:db8::7 timeout (600|5\d\d)s$/),
        expect.stringMatching(/^203\.0\.113\.1 timeout (3600|35\d\d)s$/),
      ]);
      const replaced = await set('replace', 'bad', '192.0.2.1', '198.51.100.1', '--json');
      expect(lines(replaced.stdout)).toEqual([{ set: 'bad', added: 1, extended: 1, deleted: 2, missing: 0, full: 0 }]);
      const full = await set('add', 'bad', '192.0.2.2', '192.0.2.3', '192.0.2.4');
      expect(full).toMatchObject({ code: 1, stderr: expect.stringMatching(/PKT6092.*`bad` is full: 1 of the elements/) });
      expect((await at(near, 'status', 'edge')).stdout).toMatch(/^bad +src +4 +4 +1h +1$/m);
      expect(await set('del', 'bad', '192.0.2.9')).toMatchObject({ code: 0, stderr: 'bad: 1 not there\n' });
      expect(await set('add', 'lan', '10.0.0.1')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/PKT6090.*pktc reload edge/s),
      });
      expect(await set('add', 'bad')).toMatchObject({ code: 2 });
      expect(await at(near, 'stop', 'edge')).toMatchObject({ code: 0 });
    });
  });

  test('goes on when the command has ended, is found by its name, counts, and is stopped', async () => {
    await withNetwork(async ({ near, far }) => {
      const started = await at(near, 'run', RULES, '-i', near.ifname, '--detach', '--json');
      expect(started).toMatchObject({ code: 0 });
      expect(lines(started.stdout)).toEqual([
        { name: 'edge', attached: [{ place: near.ifname, ifindex: near.ifindex, mode: 'native' }], rules: 2 },
      ]);
      const program = xdpProgramId(near);
      expect(program).not.toBeNull();
      send(far, WEB, 3);
      send(far, DNS, 2);

      const listed = lines((await at(near, 'ls', '--json')).stdout);
      expect(listed).toEqual([
        expect.objectContaining({
          name: 'edge',
          source: RULES,
          hook: 'xdp',
          attached: [{ place: near.ifname, ifindex: near.ifindex, mode: 'native', gone: false }],
          rules: 2,
          packets: 5,
        }),
      ]);
      expect(lines((await at(near, 'counters', 'edge', '--json')).stdout)).toEqual([
        { rule: 'web', verdict: 'drop', packets: 3, bytes: 3 * WEB.length, logged: 0, lost: 0 },
        { rule: 'names', verdict: 'pass', packets: 2, bytes: 2 * DNS.length, logged: 2, lost: 0 },
        { rule: null, verdict: 'pass', packets: 0, bytes: 0, logged: 0, lost: 0 },
      ]);
      const status = await at(near, 'status', 'edge', '--json');
      expect(status.code).toBe(0);
      expect(lines(status.stdout)).toEqual([expect.objectContaining({ name: 'edge', program_ids: [program], packets: 5 })]);
      const text = (await at(near, 'status', 'edge')).stdout;
      expect(text).toMatch(/^attached to +\S+ \(native\)$/m);
      expect(text).toMatch(new RegExp(`^web +drop +3 +${3 * WEB.length} `, 'm'));

      expect((await at(near, 'stop', 'edge')).code).toBe(0);
      expect(xdpProgramId(near)).toBeNull();
      expect(readdirSync(path.join(bpffs, 'pktc'))).toEqual([]);
      expect(await at(near, 'status', 'edge')).toMatchObject({ code: 1, stderr: expect.stringContaining('PKT6062') });
    });
  });

  test('with rules that are data has its counters, too', async () => {
    await withNetwork(async ({ near, far }) => {
      const many = Array.from({ length: 2000 }, (_, at) => `match src 10.${at >> 8}.${at & 255}.0/24 tcp dport 80 -> drop`);
      writeFileSync(RULES, `${many.join('\n')}\nlast: match src 10.9.9.0/24 udp dport 53 -> drop\n`);
      expect((await at(near, 'run', RULES, '-i', near.ifname, '--detach', '--name', 'many')).code).toBe(0);
      const frame = tcpFrame({ src: '10.3.7.9', dst: '192.0.2.1' }, [4000, 80], 2);
      send(far, frame, 4);
      const counted = lines((await at(near, 'counters', 'many', '--json')).stdout) as { packets: number }[];
      expect(counted).toHaveLength(2002);
      expect(counted.flatMap(({ packets }, rule) => (packets > 0 ? [[rule, packets]] : []))).toEqual([[3 * 256 + 7, 4]]);
      expect((await at(near, 'stop', '--all')).code).toBe(0);
    });
  });

  test('has a name that nobody else has, and can be named', async () => {
    await withNetwork(async ({ near }) => {
      expect((await at(near, 'run', RULES, '-i', near.ifname, '--detach', '--name', 'one')).code).toBe(0);
      const program = xdpProgramId(near);
      const again = await at(near, 'run', RULES, '-i', near.ifname, '--detach', '--name', 'one');
      expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('PKT6061') });
      expect(xdpProgramId(near)).toBe(program);
      for (const name of ['../one', '_new', 'a b', '', '.x', 'x'.repeat(33), 'a\x1b[2J']) {
        const refused = await at(near, 'run', RULES, '-i', near.ifname, '--detach', `--name=${name}`);
        expect(refused.code, name).not.toBe(0);
      }
      expect(readdirSync(path.join(bpffs, 'pktc'))).toEqual(['one']);
      expect((await at(near, 'stop', '--all')).stderr).toBe('stopped one\n');
      expect(xdpProgramId(near)).toBeNull();
    });
  });

  test('whose interface has gone says so', async () => {
    await withNetwork(async ({ near }) => {
      expect((await at(near, 'run', RULES, '-i', near.ifname, '--detach')).code).toBe(0);
      near.exec('ip', ['link', 'del', near.ifname]);
      expect(await at(near, 'status', 'edge')).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('(gone)'),
        stderr: expect.stringContaining('went away'),
      });
      expect((await at(near, 'stop', 'edge')).code).toBe(0);
    });
  });

  test('is not what a socket or a bounded run can be; nothing is left then', async () => {
    await withNetwork(async ({ near }) => {
      writeFileSync(RULES, 'hook socket\nmatch tcp -> count\n');
      expect(await at(near, 'run', RULES, '-i', near.ifname, '--detach')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('PKT6063'),
      });
      for (const option of ['--for=1s', '--count=1', '--watch', '--strict', '-w=x.pcapng']) {
        expect((await at(near, 'run', RULES, '-i', near.ifname, '--detach', option)).code, option).toBe(2);
      }
      expect((await at(near, 'run', RULES, '-i', near.ifname, '--name', 'edge')).code).toBe(2);
      expect(readdirSync(path.join(bpffs, 'pktc'))).toEqual([]);
    });
  });

  test('that was not finished when its process was killed is taken away by the next command', async () => {
    await withNetwork(async ({ near }) => {
      expect((await at(near, 'run', RULES, '-i', near.ifname, '--detach')).code).toBe(0);
      const root = path.join(bpffs, 'pktc');
      // As it is before it gets its name, of a process that is no more.
      renameSync(path.join(root, 'edge'), path.join(root, '_new_4194305_1_edge'));
      expect(xdpProgramId(near)).not.toBeNull();
      expect((await at(near, 'ls')).stderr).toContain('no program is detached');
      expect(readdirSync(root)).toEqual([]);
      expect(xdpProgramId(near)).toBeNull();
    });
  });

  describe('is refused', () => {
    const root = () => path.join(bpffs, 'pktc');
    test.each([
      ['a directory that is open to others', () => chmodSync(root(), 0o755), () => chmodSync(root(), 0o700), 'open to others'],
      [
        'a directory of somebody else',
        () => chownSync(root(), 65534, 65534),
        () => chownSync(root(), 0, 0),
        'belongs to user 65534',
      ],
      ['a link', () => link(root()), () => unlink(root()), 'is a link'],
    ])('in %s', async (_, spoil, mend, says) => {
      await withNetwork(async ({ near }) => {
        expect((await at(near, 'ls')).code).toBe(0);
        spoil();
        try {
          const refused = await at(near, 'run', RULES, '-i', near.ifname, '--detach');
          expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining(says) });
          expect(xdpProgramId(near)).toBeNull();
        } finally {
          mend();
        }
      });
    });

    test('on another file system', async () => {
      await withNetwork(async ({ near }) => {
        const before = bpffs;
        bpffs = folder;
        try {
          expect(await at(near, 'ls')).toMatchObject({ code: 4, stderr: expect.stringContaining('mount -t bpf bpf') });
        } finally {
          bpffs = before;
        }
      });
    });
  });
});

function link(root: string): void {
  rmdirSync(root);
  mkdirSync(`${root}-elsewhere`, { mode: 0o700 });
  symlinkSync(`${root}-elsewhere`, root);
}

function unlink(root: string): void {
  execFileSync('rm', [root]);
  rmdirSync(`${root}-elsewhere`);
}
