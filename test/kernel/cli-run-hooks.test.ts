/** `pktc run` at the hooks behind XDP, on several interfaces, and on interfaces that are made of others. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { udpFrame } from '../../cli/demo/frames.ts';
import { pktc, temporaryFolder } from '../cli/pktc.ts';
import { withCgroup } from './cgroup.ts';
import { describeKernel, eventually, ip, type Network, openInjector, withIpv4Network as withNetwork } from './environment.ts';
import { startPeer } from './peer.ts';
import { type Running, start } from './run-command.ts';

const folder = temporaryFolder();
let files = 0;
function rulesFile(text: string): string {
  const file = path.join(folder, `rules-${++files}.rules`);
  writeFileSync(file, text);
  return file;
}

const DNS = udpFrame({ src: '10.9.9.9', dst: '10.0.0.1' }, [5353, 53], 'abc');

async function attached(running: Running): Promise<string> {
  await eventually(`attached: ${running.stderr()}`, () => /attached to .*\n/.test(running.stderr()));
  return /attached to (.*): \d+ rules?;/.exec(running.stderr())?.[1] ?? '';
}

async function finish(running: Running) {
  running.child.kill('SIGINT');
  expect(await running.ended).toBe(0);
  const lines = running.stdout().trimEnd().split('\n');
  const [last, ...events] = lines.map((line) => JSON.parse(line)).reverse();
  return { events: events.reverse(), summary: last.summary };
}

/**
 * A second veth pair, both ends near; a bridge over one end and the first pair. Nothing is said but by the test: there are no addresses, and
 * the bridge does not look into multicast, which has it report itself as a listener.
 */
function addBridge({ near }: Network): { readonly bridge: string; readonly port: string } {
  const port = `${near.ifname}b`;
  const peer = `${near.ifname}c`;
  ip('-n', near.name, 'link', 'add', port, 'type', 'veth', 'peer', 'name', peer);
  ip('-n', near.name, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
  for (const name of [port, peer, 'br0']) ip('-n', near.name, 'link', 'set', name, 'addrgenmode', 'none', 'up');
  ip('-n', near.name, 'address', 'flush', 'dev', near.ifname);
  for (const name of [port, near.ifname]) ip('-n', near.name, 'link', 'set', name, 'master', 'br0');
  return { bridge: 'br0', port };
}

describeKernel('pktc run, hook by hook', () => {
  beforeAll(async () => {
    // The first start may have to build; the tests time the others.
    await pktc(['--version']);
  });

  test('tc on two interfaces at once, by pattern; rules ask for the interface', async () => {
    const rules =
      'hook tc\nfirst: match iface "*n" udp dport 53 -> log\nsecond: match iface != "*n" udp dport 53 -> log, drop\n';
    await withNetwork(async (network) => {
      const { near, far } = network;
      const other = `${near.ifname}x`;
      ip('-n', near.name, 'link', 'add', other, 'type', 'veth', 'peer', 'name', 'beyond');
      for (const name of [other, 'beyond']) ip('-n', near.name, 'link', 'set', name, 'addrgenmode', 'none', 'up');
      const pattern = `${near.ifname.slice(0, -1)}*`;
      const running = start(near, [rulesFile(rules), '-i', pattern, '-i', near.ifname, '--json']);
      expect(await attached(running)).toBe(`${near.ifname} (tc, tcx), ${other} (tc, tcx)`);
      const injector = openInjector(far);
      injector.send(DNS);
      injector.close();
      const [link] = JSON.parse(ip('-n', near.name, '-j', 'link', 'show', 'beyond'));
      const beyond = openInjector({ ...near, ifname: 'beyond', ifindex: link.ifindex, mac: '' });
      beyond.send(DNS);
      beyond.close();
      await eventually('two events', () => running.stdout().split('\n').length > 2);
      const { events, summary } = await finish(running);
      expect(events.map(({ rule, verdict, in_iface }) => [rule, verdict, in_iface])).toEqual([
        ['first', null, near.ifname],
        ['second', 'drop', other],
      ]);
      expect(summary.rules.map(({ packets }: { packets: number }) => packets)).toEqual([1, 1]);
    });
  });

  test('an interface that comes later is known to the rules soon', async () => {
    await withNetwork(async ({ near, far }) => {
      const rules =
        'hook tc ingress\nrenamed: match iface "fresh" udp dport 53 -> count\nknown: match iface any udp dport 53 -> log\n';
      const running = start(near, [rulesFile(rules), '-i', near.ifname, '--json']);
      await attached(running);
      ip('-n', near.name, 'link', 'set', near.ifname, 'name', 'fresh');
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const injector = openInjector(far);
      injector.send(DNS);
      injector.close();
      await eventually('the event', () => running.stdout().includes('known'));
      const { summary } = await finish(running);
      expect(summary.rules.map(({ packets }: { packets: number }) => packets)).toEqual([1, 1]);
    });
  });

  test.each(['xdp', 'tc', 'socket'] as const)('%s on a bridge, and on its ports', async (hook) => {
    await withNetwork(async (network) => {
      const { near, far } = network;
      const { bridge, port } = addBridge(network);
      const ports = () =>
        ip('-n', near.name, '-d', 'link', 'show', port) + ip('-n', near.name, '-d', 'link', 'show', near.ifname);
      await eventually('the bridge forwards', () => (ports().match(/state forwarding/g) ?? []).length === 2, 40_000);
      const file = rulesFile(`hook ${hook}\ndns: match udp dport 53 -> log\n`);
      const running = start(near, [file, '-i', bridge, '-i', near.ifname, '--json']);
      const where = await attached(running);
      expect(where).toContain(`${bridge} (`);
      if (hook === 'xdp') {
        expect(where).toBe(`${bridge} (generic), ${near.ifname} (native)`);
        expect(running.stderr()).toContain('a bridge has no native XDP, its ports may have');
      }
      // To everybody, so that the bridge takes it itself, too.
      const injector = openInjector(far);
      injector.send(Uint8Array.from([...new Array<number>(6).fill(0xff), ...DNS.subarray(6)]));
      injector.close();
      await eventually('two events', () => running.stdout().split('\n').length > 2);
      const { events } = await finish(running);
      expect(events.map(({ in_iface }) => in_iface).sort()).toEqual([bridge, near.ifname].sort());
    });
  });

  test('tc on a VLAN interface: the tag is off', async () => {
    await withNetwork(async ({ near, far }) => {
      try {
        ip('-n', near.name, 'link', 'add', 'link', near.ifname, 'name', 'v100', 'type', 'vlan', 'id', '100');
      } catch (error) {
        if (!String(error).includes('Unknown device type')) throw error;
        console.warn('skipped: VLAN interfaces: this kernel has none (CONFIG_VLAN_8021Q)');
        return;
      }
      ip('-n', near.name, 'link', 'set', 'v100', 'up');
      const rules =
        'hook tc ingress\ntagged: match vlan 100 udp dport 53 -> log\nplain: match vlan.depth 0 udp dport 53 -> log\n';
      const running = start(near, [rulesFile(rules), '-i', 'v100', '-i', near.ifname, '--json']);
      expect(await attached(running)).toBe(`v100 (tc ingress, tcx), ${near.ifname} (tc ingress, tcx)`);
      const injector = openInjector(far);
      const [link] = JSON.parse(ip('-n', near.name, '-j', 'link', 'show', 'v100'));
      const mac = link.address.split(':').map((byte: string) => Number.parseInt(byte, 16));
      injector.send(Uint8Array.from([...mac, ...DNS.subarray(6, 12), 0x81, 0, 0, 100, ...DNS.subarray(12)]));
      injector.close();
      await eventually('two events', () => running.stdout().split('\n').length > 2);
      const { events } = await finish(running);
      expect(events.map(({ rule, in_iface }) => [rule, in_iface])).toEqual([
        ['tagged', near.ifname],
        ['plain', 'v100'],
      ]);
    });
  });

  test('a control group; events name the interface', async () => {
    await withNetwork(async ({ near }) => {
      await withCgroup(async ({ directory, admit }) => {
        const file = rulesFile('hook cgroup egress\nout: match udp dport 53 -> log, drop\n');
        const running = start(near, [file, '--cgroup', path.basename(directory), '--json']);
        expect(await attached(running)).toBe(`${directory} (cgroup egress, link)`);
        using member = startPeer(near);
        await member.listen({ host: '10.0.0.1' });
        admit(member.pid);
        await expect(member.udp({ host: '10.0.0.2', port: 53, messages: ['x'] })).rejects.toThrow(/EPERM/);
        await eventually('the event', () => running.stdout().includes('"out"'));
        const { events } = await finish(running);
        expect(events).toMatchObject([
          { rule: 'out', verdict: 'drop', in_iface: near.ifname, dest_ip: '10.0.0.2', vlan: null },
        ]);
      });
    });
  });

  test('a place that is not there, or that the hook does not take, ends with the way out', async () => {
    await withNetwork(async ({ near }) => {
      const xdp = rulesFile('match any -> count\n');
      const cgroup = rulesFile('hook cgroup\nmatch any -> count\n');
      const said = async (...parameters: readonly string[]) => {
        const running = start(near, parameters);
        return { code: await running.ended, stderr: running.stderr() };
      };
      const nothing = await said(xdp, '-i', 'nix*');
      expect(nothing.code).not.toBe(0);
      expect(nothing.stderr).toContain('no interface is called "nix*"');
      expect(nothing.stderr).toContain(near.ifname);
      for (const [parameters, help] of [
        [[cgroup, '-i', near.ifname], /attached to a control group, not to an interface[\s\S]*--cgroup/],
        [[xdp, '--cgroup', '/x'], /attached to an interface, not to a control group[\s\S]*-i/],
        [[xdp, '--hook', 'tc', '-i', near.ifname, '--mode', 'native'], /`--mode native` is for XDP/],
        [[xdp], /needs an interface/],
      ] as const) {
        const { code, stderr } = await said(...parameters);
        expect(code).toBe(2);
        expect(stderr).toMatch(help);
      }
      const missing = await said(cgroup, '--cgroup', 'no-such-group');
      expect(missing.stderr).toMatch(/PKT6032[\s\S]*there is no such directory/);
    });
  });
});
