/** Packets that are longer than a page: jumbo frames at XDP, and what segmentation offload makes at the other hooks. */
import { expect, test } from 'vitest';
import { udpFrame } from '../../cli/demo/frames.ts';
import { attach } from '../../runtime/attach.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';
import { fixtureArtifact } from '../runtime/fixture.ts';
import { withMember } from './cgroup.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel, eventually, ip, type NetworkEnd, openInjector, withNetwork } from './environment.ts';
import { type Peer, startPeer } from './peer.ts';

const packets = (loaded: LoadedProgram) => loaded.counters().map((counter) => counter.packets);

const JUMBO_RULES = `
match udp dport 7 len 8942 -> count
match udp dport 7 payload[8800:6] = "needle" -> count
match udp dport 7 payload[8801:6] = "needle" -> count
match udp dport 7 payload contains "needle" -> count
match udp dport 7 payload ends "tail" -> log payload 64, drop
`;

/** 8,900 bytes. */
const PAYLOAD = `${'x'.repeat(8800)}needle${'x'.repeat(90)}tail`;

describeKernel('jumbo frames', () => {
  test.each(['native', 'generic'] as const)('XDP, %s: attached whatever the MTU, and read to the end', async (mode) => {
    const artifact = await compileRules(JUMBO_RULES);
    await withNetwork(
      async ({ near, far }) => {
        for (const end of [near, far]) ip('-n', end.name, 'link', 'set', end.ifname, 'mtu', '9000');
        using loaded = loadArtifact(artifact);
        const attachment = near.run(() => attach(loaded, near.ifname, mode));
        expect(attachment).toMatchObject({ mode, note: null });
        const injector = openInjector(far);
        for (let count = 0; count < 10; count++) injector.send(udpFrame({ src: '10.9.0.2', dst: '10.9.0.1' }, [9, 7], PAYLOAD));
        injector.close();
        await eventually('the frames are counted', () => packets(loaded)[4] === 10n);
        expect(packets(loaded)).toEqual([10n, 10n, 0n, 10n, 10n, 0n]);
        expect(loaded.counters()[0]?.bytes).toBe(89_420n);
      },
      { near: [], far: [] },
    );
  });

  test('a program that takes frames in one piece only is what the driver refuses here', async () => {
    await withNetwork(({ near, far }) => {
      for (const end of [near, far]) ip('-n', end.name, 'link', 'set', end.ifname, 'mtu', '9000');
      using loaded = loadArtifact(fixtureArtifact());
      expect(() => near.run(() => attach(loaded, near.ifname, 'native'))).toThrow(RuntimeError);
    });
  });
});

describeKernel('packets that the kernel has not cut yet, or has put together', () => {
  test.each([
    ['tc ingress', 'far'],
    ['tc egress', 'near'],
    ['socket', 'far'],
    ['socket', 'near'],
    ['cgroup ingress', 'far'],
    ['cgroup egress', 'near'],
  ] as const)('%s, sent by the %s end', async (hook, sender) => {
    const rules = `
match tcp dport 4444 payload.len > 12100 -> count
match tcp dport 4444 payload.len > 12100 payload[12000:6] = "needle" -> count
match tcp dport 4444 payload.len > 12100 payload[12001:6] = "needle" -> count
match tcp dport 4444 payload.len > 12100 payload contains "--needle" -> log payload 64, pass
`;
    const artifact = await compileRules(rules, hook);
    await withNetwork(async (network) => {
      const receiver = sender === 'near' ? network.far : network.near;
      using loaded = loadArtifact(artifact);
      using server = startPeer(receiver);
      using client = startPeer(network[sender]);
      const host = sender === 'near' ? '10.0.0.2' : '10.0.0.1';
      using attached = attachFor(loaded, hook, network.near, sender === 'near' ? client : server);
      expect(attached.gone()).toBe(false);
      // A socket belongs to the group that its process was in when it was made.
      await server.listen({ host, port: 4444 });
      // Segments are a multiple of 8 bytes long, so that the pattern begins at the same place in each.
      const say = 'needle--'.repeat(150_000);
      expect((await client.connect({ host, port: 4444, say, timeout_ms: 20_000 })).outcome).toBe('echoed');
      const [long = 0n, found, beside, contains] = packets(loaded);
      expect(long).toBeGreaterThan(5n);
      expect([found, beside, contains]).toEqual([long, 0n, long]);
    });
  });
});

function attachFor(loaded: LoadedProgram, hook: string, near: NetworkEnd, member: Peer) {
  if (!hook.startsWith('cgroup')) return near.run(() => attach(loaded, near.ifname, 'auto'));
  return withMember(loaded, member.pid);
}
