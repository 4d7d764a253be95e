/** Attaching to traffic control, to a packet socket and to a control group: what passes, what does not, and that nothing stays. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { udpFrame } from '../../cli/demo/frames.ts';
import { type Attachment, attach, attachAll, attachCgroup } from '../../runtime/attach.ts';
import { cgroupRoot } from '../../runtime/attach-cgroup.ts';
import { attachClsact } from '../../runtime/attach-tc.ts';
import { openEvents, type PacketEvent } from '../../runtime/events.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { failureOf } from '../runtime/failure-of.ts';
import { isLoaded, linksOf } from './bpf-objects.ts';
import { withCgroup } from './cgroup.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel, eventually, ip, type NetworkEnd, openInjector, withIpv4Network, withNetwork } from './environment.ts';
import { startPeer } from './peer.ts';

function tc(end: NetworkEnd, ...args: readonly string[]): string {
  return end.exec('tc', args);
}

/** Everything of traffic control that is on an interface, as `tc` has it. */
function tcState(end: NetworkEnd): string {
  const filters = ['ingress', 'egress'].map((direction) => tc(end, 'filter', 'show', 'dev', end.ifname, direction));
  return [tc(end, 'qdisc', 'show', 'dev', end.ifname, 'clsact'), ...filters].join('');
}

/** Somebody else's filter, which drops all that comes to it: one instruction that returns TC_ACT_SHOT. */
function addFilter(end: NetworkEnd, priority: number): void {
  const where = ['dev', end.ifname, 'ingress', 'prio', String(priority)];
  tc(end, 'filter', 'add', ...where, 'bpf', 'direct-action', 'bytecode', '1,6 0 0 2,');
}

function droppedBy(end: NetworkEnd): number {
  return Number(/dropped (\d+)/.exec(tc(end, '-s', 'qdisc', 'show', 'dev', end.ifname, 'clsact'))?.[1]);
}

const packets = (loaded: LoadedProgram, rule: number) => loaded.counters()[rule]?.packets ?? 0n;

/** Reads until so many events have come. */
async function eventsOf(loaded: LoadedProgram, count: number): Promise<readonly PacketEvent[]> {
  using stream = openEvents(loaded);
  const events: PacketEvent[] = [];
  await eventually('the events come', () => {
    events.push(...stream.read());
    return events.length >= count;
  });
  return events;
}

const TC_RULES = `
hook tc
match direction ingress udp dport 1001 -> log payload 8, drop
match direction egress udp dport 1002 -> log payload 8, drop
match udp dport 1003 -> count
`;

type AttachTc = (loaded: LoadedProgram, end: NetworkEnd) => Attachment;
const WAYS: readonly (readonly [way: 'tcx' | 'clsact', attachTc: AttachTc])[] = [
  ['tcx', (loaded, end) => end.run(() => attach(loaded, end.ifname, 'auto'))],
  ['clsact', (loaded, end) => end.run(() => attachClsact(loaded, end))],
];

describeKernel('traffic control', () => {
  test.each(WAYS)('%s, both directions: drops, counts, logs, and leaves nothing', async (way, attachTc) => {
    const artifact = await compileRules(TC_RULES, 'tc');
    await withNetwork(async ({ near, far }) => {
      const loaded = loadArtifact(artifact);
      const before = tcState(near);
      const attachment = attachTc(loaded, near);
      expect(attachment).toMatchObject({ place: near.ifname, ifname: near.ifname, ifindex: near.ifindex, mode: way });
      expect(near.run(() => attachment.gone())).toBe(false);
      expect(linksOf(loaded.programs)).toBe(way === 'tcx' ? 2 : 0);
      using inside = startPeer(near);
      using outside = startPeer(far);
      for (const port of [1001, 1002, 1003]) {
        await outside.udp({ host: '10.0.0.1', port, messages: ['from outside'] });
        await inside.udp({ host: '10.0.0.2', port, messages: ['from inside'] });
      }
      await eventually('all are counted', () => packets(loaded, 2) === 2n);
      const events = await eventsOf(loaded, 2);
      expect(
        events.map(({ dport, verdict, ifindex, payload }) => [dport, verdict, ifindex, Buffer.from(payload).toString()]),
      ).toEqual([
        [1001, 'drop', near.ifindex, 'from out'],
        [1002, 'drop', near.ifindex, 'from ins'],
      ]);
      expect([0, 1, 2].map((rule) => packets(loaded, rule))).toEqual([1n, 1n, 2n]);
      near.run(() => attachment.close());
      attachment.close();
      expect(tcState(near)).toBe(before);
      expect(linksOf(loaded.programs)).toBe(0);
      await outside.udp({ host: '10.0.0.1', port: 1003, messages: ['again'] });
      expect(packets(loaded, 2)).toBe(2n);
      loaded.close();
      await eventually('the programs are gone', () => !loaded.programs.some(isLoaded));
    });
  });

  test.each(WAYS)('%s: others go on with what passes, and stay', async (way, attachTc) => {
    const artifact = await compileRules('match udp dport 1001 -> drop\nmatch udp dport 1003 -> count\n', 'tc ingress');
    // The filter drops all that comes, reports of IPv6 among it.
    await withIpv4Network(async ({ near, far }) => {
      tc(near, 'qdisc', 'add', 'dev', near.ifname, 'clsact');
      addFilter(near, 7);
      const before = tcState(near);
      const dropped = droppedBy(near);
      using first = loadArtifact(artifact);
      using second = loadArtifact(artifact);
      const attachments = [attachTc(first, near), attachTc(second, near)];
      const sender = openInjector(far);
      const udp = (port: number) => sender.send(udpFrame({ src: '10.0.0.2', dst: '10.0.0.1' }, [5, port], 'x'));
      udp(1001);
      udp(1003);
      sender.close();
      await eventually('both see what passes', () => packets(first, 1) === 1n && packets(second, 1) === 1n);
      // The one that comes first drops, so that the other does not see it.
      expect(packets(first, 0) + packets(second, 0)).toBe(1n);
      // The discipline counts what filters of its own drop: what the first program does before it (tcx) is not among it.
      await eventually('the filter drops it', () => droppedBy(near) === dropped + (way === 'tcx' ? 1 : 2));
      near.run(() => {
        for (const attachment of attachments) attachment.close();
      });
      expect(tcState(near)).toBe(before);
    });
  });

  test('clsact: a filter that came later keeps the discipline, and one that was taken off counts as gone', async () => {
    const artifact = await compileRules('match any -> count\n', 'tc egress');
    await withNetwork(({ near }) => {
      using loaded = loadArtifact(artifact);
      const attachment = near.run(() => attachClsact(loaded, near));
      addFilter(near, 3);
      expect(near.run(() => attachment.gone())).toBe(false);
      near.run(() => attachment.close());
      expect(tcState(near)).toContain('pref 3 bpf');
      expect(tcState(near)).not.toContain('pktc');
      const again = near.run(() => attachClsact(loaded, near));
      tc(near, 'filter', 'del', 'dev', near.ifname, 'egress');
      expect(near.run(() => again.gone())).toBe(true);
      near.run(() => again.close());
    });
  });

  test('tcx: notices that the interface went away', async () => {
    const artifact = await compileRules('match any -> count\n', 'tc');
    await withNetwork(({ near }) => {
      using loaded = loadArtifact(artifact);
      const attachment = near.run(() => attach(loaded, near.ifname, 'auto'));
      ip('-n', near.name, 'link', 'delete', near.ifname);
      expect(attachment.gone()).toBe(true);
    });
  });

  test('an interface without Ethernet is refused, whatever the hook', async () => {
    await withNetwork(async ({ near }) => {
      ip('-n', near.name, 'tuntap', 'add', 'tun7', 'mode', 'tun');
      for (const hook of ['xdp', 'tc', 'socket'] as const) {
        using loaded = loadArtifact(await compileRules('match any -> count\n', hook));
        const error = failureOf(() => near.run(() => attachAll(loaded, [near.ifname, 'tun7'], 'auto')));
        expect(error).toMatchObject({ code: 'PKT6030', message: expect.stringContaining('`tun7`') });
        expect(linksOf(loaded.programs)).toBe(0);
      }
    });
  });
});

describeKernel('a packet socket', () => {
  test('sees both ways, harms nothing, and leaves nothing', async () => {
    const rules =
      'match direction ingress udp dport 1001 -> log, drop\nmatch direction egress udp dport 1001 -> log, drop\nmatch udp dport 1002 -> pass\n';
    const artifact = await compileRules(rules, 'socket');
    await withNetwork(async ({ near, far }) => {
      using loaded = loadArtifact(artifact);
      const attachment = near.run(() => attach(loaded, near.ifname, 'auto'));
      expect(attachment).toMatchObject({ mode: 'filter', ifname: near.ifname });
      using inside = startPeer(near);
      using outside = startPeer(far);
      const port = await inside.listen({ host: '10.0.0.1' });
      await outside.udp({ host: '10.0.0.1', port: 1001, messages: ['in'] });
      await inside.udp({ host: '10.0.0.2', port: 1001, messages: ['out', 'out'] });
      // More than the socket has room for: its filter goes on all the same.
      await outside.udp({ host: '10.0.0.1', port: 1002, messages: Array.from({ length: 500 }, () => 'x'.repeat(100)) });
      await eventually('all are counted', () => packets(loaded, 2) === 500n);
      expect([packets(loaded, 0), packets(loaded, 1)]).toEqual([1n, 2n]);
      expect((await eventsOf(loaded, 3)).map(({ verdict, ifindex }) => [verdict, ifindex])).toEqual(
        Array.from({ length: 3 }, () => ['drop', near.ifindex]),
      );
      // What the filter drops, the socket does not get; the connection knows nothing of it.
      expect((await outside.connect({ host: '10.0.0.1', port, say: 'hello', timeout_ms: 2000 })).outcome).toBe('echoed');
      expect(attachment.gone()).toBe(false);
      attachment.close();
      await outside.udp({ host: '10.0.0.1', port: 1002, messages: ['more'] });
      expect(packets(loaded, 2)).toBe(500n);
    });
  });

  test('notices that the interface went away, and not that it is down', async () => {
    const artifact = await compileRules('match any -> count\n', 'socket');
    await withNetwork(({ near }) => {
      using loaded = loadArtifact(artifact);
      const attachment = near.run(() => attach(loaded, near.ifname, 'auto'));
      ip('-n', near.name, 'link', 'set', near.ifname, 'down');
      expect(attachment.gone()).toBe(false);
      ip('-n', near.name, 'link', 'delete', near.ifname);
      expect(attachment.gone()).toBe(true);
    });
  });
});

describeKernel('a control group', () => {
  const RULES =
    'match direction egress udp dport 1001 -> log payload 4, drop\nmatch direction ingress tcp sport 1004 -> drop\nmatch ip udp dport 1003 -> count\nmatch ip6 udp dport 1003 -> count\nmatch mark 9 -> count\n';

  test('its processes, and no others; both directions and families', async () => {
    const artifact = await compileRules(RULES, 'cgroup');
    await withCgroup(async ({ directory, admit }) => {
      await withNetwork(async ({ near, far }) => {
        using loaded = loadArtifact(artifact);
        const attachment = attachCgroup(loaded, path.basename(directory));
        expect(attachment).toMatchObject({ place: directory, ifname: null, ifindex: null, mode: 'link' });
        expect(linksOf(loaded.programs)).toBe(2);
        using member = startPeer(near);
        using stranger = startPeer(near);
        using server = startPeer(far);
        // It has answered, so it is there to be moved.
        await member.listen({ host: '10.0.0.1' });
        await stranger.listen({ host: '10.0.0.1' });
        admit(member.pid);
        await server.listen({ host: '10.0.0.2', port: 1004 });
        await server.listen({ host: '10.0.0.2', port: 1005 });
        for (const peer of [member, stranger]) {
          await peer.udp({ host: '10.0.0.2', port: 1003, messages: ['x'] });
          await peer.udp({ host: 'fd00::2', port: 1003, messages: ['x'] });
        }
        await expect(member.udp({ host: '10.0.0.2', port: 1001, messages: ['drop'] })).rejects.toThrow(/EPERM/);
        await stranger.udp({ host: '10.0.0.2', port: 1001, messages: ['drop'] });
        const connect = (port: number) => ({ host: '10.0.0.2', port, say: 'hello', timeout_ms: 700 });
        expect((await member.connect(connect(1004))).outcome).toBe('timeout');
        expect((await member.connect(connect(1005))).outcome).toBe('echoed');
        expect((await stranger.connect(connect(1004))).outcome).toBe('echoed');
        expect([0, 2, 3].map((rule) => packets(loaded, rule))).toEqual([1n, 1n, 1n]);
        expect(packets(loaded, 1)).toBeGreaterThan(0n);
        // 20 and 8 bytes of headers, 1 of data: the packet begins at the network layer.
        expect(loaded.counters()[2]?.bytes).toBe(29n);
        const [event] = await eventsOf(loaded, 1);
        expect(event).toMatchObject({ verdict: 'drop', dport: 1001, vlan: null, dst: '10.0.0.2', ifindex: near.ifindex });
        expect(Buffer.from(event?.payload ?? []).toString()).toBe('drop');
        attachment.close();
        expect(linksOf(loaded.programs)).toBe(0);
        await member.udp({ host: '10.0.0.2', port: 1001, messages: ['drop'] });
        expect(packets(loaded, 0)).toBe(1n);
      });
    });
  });

  test('notices that the group went away', async () => {
    using loaded = loadArtifact(await compileRules('match any -> count\n', 'cgroup ingress'));
    let attachment: Attachment | null = null;
    await withCgroup(({ directory }) => {
      attachment = attachCgroup(loaded, directory);
      expect(attachment.gone()).toBe(false);
    });
    await eventually('it is gone', () => attachment?.gone() === true);
  });

  test('what is no control group is refused with a way out', async () => {
    using loaded = loadArtifact(await compileRules('match any -> count\n', 'cgroup ingress'));
    for (const directory of ['/proc', '/no/such/group', 'no-such-group', '/etc/hosts']) {
      const error = failureOf(() => attachCgroup(loaded, directory));
      expect(error).toMatchObject({ code: 'PKT6032', help: expect.stringContaining(cgroupRoot() ?? '?') });
    }
    expect(linksOf(loaded.programs)).toBe(0);
  });
});
