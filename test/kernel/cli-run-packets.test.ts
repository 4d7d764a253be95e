/** `pktc run -w`: real packets, as Wireshark finds them in the file, whatever happens to the disk and to the process. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { pingFrame, tcpFrame, udpFrame } from '../../cli/demo/frames.ts';
import { readCapture } from '../../runtime/capture/read-capture.ts';
import { framesOfTshark, wiresharkMissing } from '../capture/wireshark.ts';
import { pktc, temporaryFolder } from '../cli/pktc.ts';
import {
  describeKernel,
  eventually,
  type Network,
  type NetworkEnd,
  openInjector,
  withNetwork as withNetworkOf,
  xdpProgramId,
} from './environment.ts';
import { type Running, start } from './run-command.ts';

/** Without IPv6 addresses, for which the kernel sends reports: packets are counted to the last one here. */
const withNetwork = (work: (network: Network) => Promise<void> | void): Promise<void> =>
  withNetworkOf(work, { near: [], far: [] });

const folder = temporaryFolder();
const RULES = path.join(folder, 'edge.rules');
writeFileSync(
  RULES,
  `syn_scan: match src 10.0.0.0/8 proto tcp flags SYN,!ACK -> count/drop/log
names: match udp dport 53 -> log payload 4, pass
seen: match udp -> log sample 1/1
`,
);
const SYN = tcpFrame({ src: '10.9.9.9', dst: '192.0.2.1' }, [4000, 22], 2);
const DNS = udpFrame({ src: '203.0.113.9', dst: '192.0.2.1' }, [5353, 53], 'n'.repeat(300));
const OTHER = udpFrame({ src: '203.0.113.9', dst: '192.0.2.1' }, [5353, 99], 'x');
const UNSEEN = pingFrame({ src: '203.0.113.9', dst: '192.0.2.1' }, 20);

const missing = wiresharkMissing();
if (missing !== null) console.warn(`skipped: packet files and Wireshark: ${missing}`);
const describeWithWireshark = missing === null ? describeKernel : describe.skip;

function tshark(file: string, ...fields: readonly string[]): readonly (readonly string[])[] {
  const asked = fields.flatMap((field) => ['-e', field]);
  return execFileSync('tshark', ['-n', '-r', file, '-T', 'fields', ...asked], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .trimEnd()
    .split('\n')
    .map((row) => row.split('\t'));
}

async function attached(running: Running): Promise<void> {
  await eventually(`attached: ${running.stderr()}`, () => running.stderr().includes('attached to '));
}

function send(from: NetworkEnd, frames: readonly Uint8Array[]): void {
  const injector = openInjector(from);
  for (const frame of frames) injector.send(frame);
  injector.close();
}

const summaryOf = (running: Running) => JSON.parse(running.stdout().trimEnd().split('\n').at(-1) ?? '').summary;
const times = <T>(count: number, one: T): readonly T[] => Array.from({ length: count }, () => one);

describeWithWireshark('pktc run -w', () => {
  beforeAll(async () => {
    // The first start may have to build; the tests time the others.
    await pktc(['--version']);
  });

  test('the packets that rules log, byte for byte, and what was decided about each', async () => {
    const file = path.join(folder, 'edge.pcapng');
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname, '-w', file]);
      await attached(running);
      send(far, [SYN, DNS, UNSEEN, OTHER, SYN]);
      await eventually('the events are printed', () => running.stdout().split('\n').length >= 6);
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(0);
      expect(running.stdout()).toContain(`4 packets written to \`${file}\`\n`);
      const frames = framesOfTshark(file);
      expect(frames.map(({ data }) => Buffer.from(data).toString('hex'))).toEqual(
        [SYN, DNS, OTHER, SYN].map((frame) => Buffer.from(frame.subarray(0, 256)).toString('hex')),
      );
      expect(frames.map(({ original_len }) => original_len)).toEqual([SYN, DNS, OTHER, SYN].map((frame) => frame.length));
      const ordered = frames.map(({ time_ns }) => time_ns).sort((a, b) => Number(a - b));
      expect(frames.map(({ time_ns }) => time_ns)).toEqual(ordered);
      for (const time_ns of ordered) expect(Math.abs(Number(time_ns / 1_000_000n) - Date.now())).toBeLessThan(60_000);
      const drop = ['rule=syn_scan verdict=drop', near.ifname, '0x00000001', '1'];
      expect(
        tshark(file, 'frame.comment', 'frame.interface_name', 'frame.packet_flags_direction', 'frame.verdict.ebpf_xdp'),
      ).toEqual([
        drop,
        ['rule=names verdict=pass', near.ifname, '0x00000001', '2'],
        ['rule=seen verdict=none', near.ifname, '0x00000001', ''],
        drop,
      ]);
      expect(statSync(file).mode & 0o777).toBe(0o600);
    });
  });

  test('the times are those of the events', async () => {
    const file = path.join(folder, 'times.pcapng');
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname, '--json', '-w', file, '--count', '3']);
      await attached(running);
      send(far, [SYN, DNS, SYN, SYN]);
      expect(await running.ended).toBe(0);
      const events = running.stdout().trimEnd().split('\n').slice(0, 3);
      const nanoseconds = (text: string) =>
        BigInt(Date.parse(`${text.slice(0, 19)}Z`)) * 1_000_000n + BigInt(text.slice(20, 29));
      expect(framesOfTshark(file).map(({ time_ns }) => time_ns)).toEqual(
        events.map((line) => nanoseconds(JSON.parse(line).timestamp)),
      );
      expect(summaryOf(running)).toMatchObject({ events: 3, written: { file, files: 1, packets: 3, lost: 0 } });
    });
  });

  test('tc, both ways, cut where --snaplen says', async () => {
    const file = path.join(folder, 'tc.pcapng');
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [
        '-e',
        'all: match udp -> audit drop, log',
        '--hook',
        'tc',
        '-i',
        near.ifname,
        '-w',
        file,
        '--snaplen',
        '64',
      ]);
      await attached(running);
      send(far, [DNS]);
      await eventually('the first event', () => running.stdout().includes(' all '));
      send(near, [OTHER]);
      await eventually('the second event', () => running.stdout().split(' all ').length > 2);
      running.child.kill('SIGTERM');
      expect(await running.ended).toBe(0);
      expect(tshark(file, 'frame.packet_flags_direction', 'frame.cap_len', 'frame.len', 'frame.verdict.ebpf_tc')).toEqual([
        ['0x00000001', '64', String(DNS.length), '-1'],
        ['0x00000002', String(Math.min(64, OTHER.length)), String(OTHER.length), '-1'],
      ]);
    });
  });

  test('several files', async () => {
    const there = path.join(folder, 'several');
    mkdirSync(there);
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [
        RULES,
        '-i',
        near.ifname,
        '--json',
        '-w',
        path.join(there, 'x.pcapng'),
        '--rotate-size',
        '64K',
      ]);
      await attached(running);
      send(far, times(600, DNS));
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(0);
      const names = readdirSync(there);
      expect(names).toEqual(['x.00001.pcapng', 'x.00002.pcapng', 'x.00003.pcapng', 'x.pcapng']);
      expect(summaryOf(running)).toMatchObject({
        written: { file: path.join(there, 'x.00003.pcapng'), files: 4, packets: 600, lost: 0 },
      });
      expect(names.flatMap((name) => framesOfTshark(path.join(there, name)))).toHaveLength(600);
      expect(Math.max(...names.map((name) => statSync(path.join(there, name)).size))).toBeLessThanOrEqual(64 << 10);
    });
  });

  test('killed outright: what is there is whole', async () => {
    const file = path.join(folder, 'killed.pcapng');
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname, '-w', file]);
      await attached(running);
      send(far, times(50, DNS));
      await eventually('the events are printed', () => running.stdout().split(' names ').length > 50);
      running.child.kill('SIGKILL');
      expect(await running.ended).toBeNull();
      const { frames, damage } = readCapture(readFileSync(file));
      expect({ frames: frames.length, damage }).toEqual({ frames: 50, damage: null });
    });
  });

  test('a file that is there, or no interface: nothing is attached, nothing is left or changed', async () => {
    const file = path.join(folder, 'there.pcapng');
    writeFileSync(file, 'precious');
    await withNetwork(async ({ near }) => {
      const refused = start(near, [RULES, '-i', near.ifname, '-w', file]);
      expect(await refused.ended).toBe(1);
      expect(refused.stderr()).toMatch(/there\.pcapng` is there already\n.*--overwrite/);
      expect(refused.stderr()).not.toContain('attached');
      expect(xdpProgramId(near)).toBeNull();
      expect(readFileSync(file, 'utf8')).toBe('precious');
      const nowhere = start(near, [RULES, '-i', 'nosuch0', '-w', path.join(folder, 'new.pcapng')]);
      expect(await nowhere.ended).toBe(1);
      expect(existsSync(path.join(folder, 'new.pcapng'))).toBe(false);
    });
  });

  test.each([
    [[], 1],
    [['--strict'], 5],
  ] as const)('a full disk %j: says so once, goes on, counts what is not written; exit code %i', async (strict, code) => {
    const disk = path.join(folder, 'disk');
    mkdirSync(disk, { recursive: true });
    const file = path.join(disk, 'full.pcapng');
    const starter = ['unshare', '-m', 'sh', '-c', `mount -t tmpfs -o size=128k none ${disk} && exec "$@"`, 'sh'];
    await withNetwork(async ({ near, far }) => {
      const running = start(near, [RULES, '-i', near.ifname, '--json', '-w', file, ...strict], { starter });
      await attached(running);
      send(far, times(600, DNS));
      await eventually('the disk is full', () => running.stderr().includes('the disk is full'));
      send(far, times(7, SYN));
      await eventually('all are printed', () => running.stdout().split('\n').length > 607);
      expect(xdpProgramId(near)).not.toBeNull();
      const copy = path.join(folder, `full-${code}.pcapng`);
      copyFileSync(`/proc/${running.child.pid}/root${file}`, copy);
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(code);
      expect(running.stderr().split('the disk is full')).toHaveLength(2);
      expect(running.stderr()).toMatch(/help:.*--rotate-size/);
      const { events, written } = summaryOf(running);
      expect(events).toBe(607);
      expect(written.packets + written.lost).toBe(607);
      expect(written.packets).toBeGreaterThan(200);
      expect(readCapture(readFileSync(copy)).damage).toBeNull();
      const frames = framesOfTshark(copy);
      expect(frames).toHaveLength(written.packets);
      expect(new Set(frames.map(({ data }) => Buffer.from(data).toString('hex')))).toEqual(
        new Set([Buffer.from(DNS.subarray(0, 256)).toString('hex')]),
      );
      expect(existsSync(file)).toBe(false);
    });
  });
});
