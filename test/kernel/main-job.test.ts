/** The main job, end to end: rules become a program that drops, counts and logs exactly the packets they name. */
import { expect, test } from 'vitest';
import { attach } from '../../runtime/attach.ts';
import { openEvents, type PacketEvent } from '../../runtime/events.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel, withNetwork } from './environment.ts';
import { startPeer } from './peer.ts';
import { startCapture, type WireFrame } from './wire.ts';

const SKETCH = 'match src 10.0.0.0/8 proto tcp flags SYN -> count/drop/log\n';
const SYN = 2;
const TCP = 6;
const UDP = 17;

/** Three networks on one wire: one that the rule drops, and one of each family that it lets through. */
const NETWORK = {
  near: ['10.0.0.1/8', '192.168.7.1/24', 'fd00::1/64'],
  far: ['10.0.0.2/8', '192.168.7.2/24', 'fd00::2/64'],
};

/** What events and frames on the wire must agree on. Frames that left two CPUs at once may arrive the other way round. */
function inAnyOrder(packets: readonly (WireFrame | PacketEvent)[] | undefined): readonly string[] | undefined {
  return packets
    ?.map(({ length, src, dst, proto, sport, dport, flags }) =>
      JSON.stringify({ length, src, dst, proto, sport, dport, flags }),
    )
    .sort();
}

function isDropped({ src, proto, flags }: WireFrame): boolean {
  return src?.startsWith('10.') === true && proto === TCP && ((flags ?? 0) & SYN) !== 0;
}

function total(frames: readonly WireFrame[]) {
  return { packets: BigInt(frames.length), bytes: frames.reduce((sum, { length }) => sum + BigInt(length), 0n) };
}

describeKernel('the main job', () => {
  test.each(['native', 'generic'] as const)('the sketch, %s: real connections', async (mode) => {
    const artifact = await compileRules(SKETCH);
    await withNetwork(async ({ near, far }) => {
      using loaded = loadArtifact(artifact);
      const attachment = near.run(() => attach(loaded, near.ifname, mode));
      const stream = openEvents(loaded);
      using server = startPeer(near);
      using client = startPeer(far);
      using backServer = startPeer(far);
      using backClient = startPeer(near);
      const capture = await startCapture(far);
      const port = await server.listen({ host: '0.0.0.0' });
      const port6 = await server.listen({ host: '::' });
      const backPort = await backServer.listen({ host: '0.0.0.0' });
      const connect = (host: string, to: number, localAddress: string) =>
        client.connect({ host, port: to, localAddress, say: `from ${localAddress}`, timeout_ms: 1500 });

      const outcomes = await Promise.all([
        connect('192.168.7.1', port, '192.168.7.2'),
        connect('fd00::1', port6, 'fd00::2'),
        connect('10.0.0.1', port, '10.0.0.2'),
        connect('10.0.0.1', port, '10.0.0.2'),
        // The destination does not matter, and 192.168.7.1 would have answered 192.168.7.2.
        connect('192.168.7.1', port, '10.0.0.2'),
        client.udp({ host: '10.0.0.1', port, messages: ['one', 'two', 'three'] }),
        // A SYN+ACK has SYN set: the answer of 10.0.0.2 is dropped too.
        backClient.connect({ host: '10.0.0.2', port: backPort, say: 'back', timeout_ms: 1500 }),
        backClient.connect({ host: '192.168.7.2', port: backPort, say: 'back', timeout_ms: 1500 }),
      ]);
      expect(outcomes.map((outcome) => outcome?.outcome ?? null)).toEqual([
        'echoed',
        'echoed',
        'timeout',
        'timeout',
        'timeout',
        null,
        'timeout',
        'echoed',
      ]);

      await Promise.all([server, client, backServer, backClient].map((peer) => peer.end()));
      const wire = await capture.stop();
      const dropped = wire.filter(isDropped);
      attachment.close();
      const events: PacketEvent[] = [];
      for (let batch = stream.read(); batch.length > 0; batch = stream.read()) events.push(...batch);
      expect(dropped.length).toBeGreaterThanOrEqual(4);
      expect(dropped.some(({ flags }) => flags === SYN)).toBe(true);
      expect(dropped.some(({ flags }) => flags === (SYN | 16))).toBe(true);
      expect(inAnyOrder(events)).toEqual(inAnyOrder(dropped));
      const [rule, rest] = loaded.counters();
      expect(rule).toEqual({ ...total(dropped), logged: BigInt(dropped.length), lost: 0n });
      // What the stack itself sent before the capture began is counted too.
      expect(rest?.packets).toBeGreaterThanOrEqual(BigInt(wire.length - dropped.length));
      for (const event of events) {
        expect(event).toMatchObject({
          rule: 0,
          verdict: 'drop',
          ifindex: near.ifindex,
          sample: 1,
          ethertype: 0x0800,
          vlan: null,
        });
      }
    }, NETWORK);
  });

  test('rules that watch, decide and log side by side', async () => {
    const artifact = await compileRules(`
default pass
tcp4:    match ip tcp -> count
tcp6:    match ip6 tcp -> log
blocked: match (ip6 tcp dport 9999) or (udp sport 4444) -> drop, log
trusted: match src { 192.168.7.0/24, fd00::/64 } tcp -> pass
others:  match tcp -> drop, log
dns:     match udp dport 53 -> log
`);
    await withNetwork(async ({ near, far }) => {
      using loaded = loadArtifact(artifact);
      const attachment = near.run(() => attach(loaded, near.ifname, 'native'));
      const stream = openEvents(loaded);
      using server = startPeer(near);
      using client = startPeer(far);
      const capture = await startCapture(far);
      const port = await server.listen({ host: '0.0.0.0' });
      const port6 = await server.listen({ host: '::' });
      await server.listen({ host: '::', port: 9999 });
      const connect = (host: string, to: number) => client.connect({ host, port: to, say: 'x'.repeat(5000), timeout_ms: 1500 });
      const outcomes = await Promise.all([
        connect('192.168.7.1', port),
        connect('fd00::1', port6),
        connect('fd00::1', 9999),
        connect('10.0.0.1', port),
        client.udp({ host: '10.0.0.1', port: 53, messages: ['a', 'bb'] }),
        client.udp({ host: 'fd00::1', port: 53, localPort: 4444, messages: ['ccc'] }),
      ]);
      expect(outcomes.map((outcome) => outcome?.outcome ?? null)).toEqual([
        'echoed',
        'echoed',
        'timeout',
        'timeout',
        null,
        null,
      ]);

      await Promise.all([server, client].map((peer) => peer.end()));
      const wire = await capture.stop();
      attachment.close();
      const events: PacketEvent[] = [];
      for (let batch = stream.read(); batch.length > 0; batch = stream.read()) events.push(...batch);
      const is6 = ({ src }: WireFrame) => src?.includes(':') ?? false;
      const blocked = (f: WireFrame) =>
        (is6(f) && f.proto === TCP && f.dport === 9999) || (f.proto === UDP && f.sport === 4444);
      const trusted = (f: WireFrame) => f.proto === TCP && (f.src?.startsWith('192.168.7.') || f.src?.startsWith('fd00::'));
      const expected = [
        wire.filter((f) => !is6(f) && f.proto === TCP),
        wire.filter((f) => is6(f) && f.proto === TCP),
        wire.filter(blocked),
        wire.filter((f) => !blocked(f) && trusted(f)),
        wire.filter((f) => !blocked(f) && !trusted(f) && f.proto === TCP),
        wire.filter((f) => !blocked(f) && f.proto === UDP && f.dport === 53),
      ];
      expect(expected.every((frames) => frames.length > 0)).toBe(true);
      expect(loaded.counters().slice(0, 6)).toMatchObject(expected.map(total));
      for (const rule of [1, 2, 4, 5]) {
        expect(inAnyOrder(events.filter((event) => event.rule === rule))).toEqual(inAnyOrder(expected[rule]));
      }
      expect(loaded.counters().map(({ logged }) => logged > 0n)).toEqual([false, true, true, false, true, true, false]);
      expect([...new Set(events.map(({ rule, verdict }) => `${rule} ${verdict}`))].sort()).toEqual([
        '1 null',
        '2 drop',
        '4 drop',
        '5 null',
      ]);
    }, NETWORK);
  });
});
