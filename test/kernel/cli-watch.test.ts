/** `pktc run --watch`: rules that are saved take over while packets come. */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { tcpFrame, udpFrame } from '../../cli/demo/frames.ts';
import { pktc, temporaryFolder } from '../cli/pktc.ts';
import {
  describeKernel,
  eventually,
  type NetworkEnd,
  openInjector,
  withIpv4Network as withNetwork,
  xdpProgramId,
} from './environment.ts';
import { type Running, start } from './run-command.ts';

const folder = temporaryFolder();
const WEB = tcpFrame({ src: '10.9.9.9', dst: '192.0.2.1' }, [4000, 80], 2);
const DNS = udpFrame({ src: '203.0.113.9', dst: '192.0.2.1' }, [5353, 53], 'question');

function send(end: NetworkEnd, frame: Uint8Array, times: number): void {
  const injector = openInjector(end);
  for (let sent = 0; sent < times; sent++) injector.send(frame);
  injector.close();
}

/** As an editor saves. */
function save(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

async function watching(end: NetworkEnd, file: string): Promise<Running> {
  const running = start(end, [file, '-i', end.ifname, '--watch']);
  await eventually(`attached: ${running.stderr()}`, () => running.stderr().includes('watching ') && xdpProgramId(end) !== null);
  return running;
}

/** How often it has said so. */
const said = (running: Running, text: string): number => running.stderr().split(text).length - 1;

describeKernel('pktc run --watch', () => {
  beforeAll(async () => {
    // The first start may have to build.
    await pktc(['--version']);
  });

  test('what is saved takes over, what stays keeps its counter, an error changes nothing', async () => {
    await withNetwork(async ({ near, far }) => {
      const file = path.join(folder, 'edge.rules');
      save(file, 'web: match tcp dport 80 -> count\nnames: match udp dport 53 -> log, pass\n');
      const running = await watching(near, file);
      send(far, WEB, 3);
      send(far, DNS, 2);
      await eventually('two events', () => running.stdout().split(' names ').length === 3);

      save(file, 'late: match udp dport 53 -> log, drop\nweb: match tcp dport 80 -> count\n');
      await eventually(`loaded again: ${running.stderr()}`, () => said(running, 'loaded again: ') === 1);
      expect(running.stderr()).toContain('loaded again: 1 rule new, 1 rule gone, 1 stayed with their counters');
      send(far, WEB, 4);
      send(far, DNS, 1);
      await eventually('the event of the new rule', () => / late +drop /.test(running.stdout()));

      save(file, 'late: match udp dport 53 -> log, drop\nmatch bogus 1 -> drop\n');
      await eventually('the error', () => said(running, 'the rules from before stay at work') === 1);
      expect(running.stderr()).toMatch(/error\[PKT2\d{3}\][\s\S]*edge\.rules:2:7/);
      send(far, DNS, 1);
      await eventually('still dropped', () => running.stdout().split(/ late +drop /).length === 3);

      running.child.kill('SIGINT');
      expect(await running.ended).toBe(0);
      expect(xdpProgramId(near)).toBeNull();
      expect(running.stdout()).toMatch(/^late +drop +2 /m);
      expect(running.stdout()).toMatch(new RegExp(`^web +- +7 +${7 * WEB.length} `, 'm'));
    });
  });

  test('columns are named again only where others come', async () => {
    await withNetwork(async ({ near, far }) => {
      const file = path.join(folder, 'columns.rules');
      save(file, 'dns: match udp dport 53 -> log, drop\n');
      const running = await watching(near, file);
      const heads = () => running.stdout().split('SOURCE → DESTINATION').length - 1;
      const eventOf = (rule: string, times: number) =>
        eventually(`${times} of ${rule}`, () => running.stdout().split(` ${rule} `).length - 1 === times);
      send(far, DNS, 1);
      await eventOf('dns', 1);
      save(file, 'dns: match udp dport 53 -> log, drop\nweb: match tcp dport 80 -> count\n');
      await eventually('loaded again', () => said(running, 'loaded again: ') === 1);
      send(far, DNS, 1);
      await eventOf('dns', 2);
      expect(heads()).toBe(1);
      save(file, 'name-service: match udp dport 53 -> log, drop\n');
      await eventually('loaded again', () => said(running, 'loaded again: ') === 2);
      send(far, DNS, 1);
      await eventOf('name-service', 1);
      expect(heads()).toBe(2);
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(0);
    });
  });

  test('files that it names are watched, also one that comes late', async () => {
    await withNetwork(async ({ near, far }) => {
      const file = path.join(folder, 'main.rules');
      const part = path.join(folder, 'part.rules');
      save(part, 'match udp dport 53 -> count\n');
      save(file, 'include "part.rules"\ndefault pass\n');
      const running = await watching(near, file);
      save(part, 'dns: match udp dport 53 -> log, drop\n');
      await eventually('loaded again', () => said(running, 'loaded again: ') === 1);
      send(far, DNS, 1);
      await eventually('the event', () => / dns +drop /.test(running.stdout()));

      save(file, 'include "part.rules"\ninclude "late.rules"\ndefault pass\n');
      await eventually('an error', () => said(running, 'the rules from before stay at work') === 1);
      save(path.join(folder, 'late.rules'), 'web: match tcp dport 80 -> log, drop\n');
      await eventually('loaded again', () => said(running, 'loaded again: ') === 2);
      send(far, WEB, 1);
      await eventually('the event', () => / web +drop /.test(running.stdout()));
      running.child.kill('SIGTERM');
      expect(await running.ended).toBe(0);
    });
  });

  test('rules for another hook stay out', async () => {
    await withNetwork(async ({ near }) => {
      const file = path.join(folder, 'hook.rules');
      save(file, 'match tcp -> count\n');
      const running = await watching(near, file);
      const program = xdpProgramId(near);
      save(file, 'hook tc ingress\nmatch tcp -> count\n');
      await eventually('refused', () => said(running, 'the rules from before stay at work') === 1);
      expect(running.stderr()).toContain('PKT6041');
      expect(xdpProgramId(near)).toBe(program);
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(0);
    });
  });

  test.each([[['-e', 'match tcp -> count']], [['edge.bpf.o']], [['-']]])('%j: there is no file to watch', async (rules) => {
    const result = await pktc(['run', ...rules, '-i', 'lo', '--watch']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('`--watch` is for a rule file');
  });
});
