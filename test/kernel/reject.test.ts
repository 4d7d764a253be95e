/** Real connections and datagrams that are rejected: what their senders are told, and what is on the wire. */
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import type { HookName } from '../../grammar/fields/field.ts';
import { type AttachMode, attach } from '../../runtime/attach.ts';
import { openEvents, type PacketEvent } from '../../runtime/events.ts';
import { openLibc, stableMemory } from '../../runtime/ffi/libc.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { address, frameOf, ipv4, mac, tcp, udp } from '../packets/build-packet.ts';
import { withChecksums } from '../packets/checksum.ts';
import { captureIncoming } from './capture-file.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel, eventually, openInjector, withNetwork } from './environment.ts';
import { type Peer, startPeer } from './peer.ts';
import { type Reply, RIGHT, readPcap } from './tshark-replies.ts';

const RULES = `
match tcp dport 81 -> reject, log
match udp dport 82 -> reject, log
match icmp icmp.type echo-request -> reject
match icmp6 icmp.type echo-request -> reject
match sctp -> reject
`;
const PASS = 'match any -> count\n';

/** By attachment: the client is at the far end, or, for what leaves, at the near one. */
interface Place {
  readonly name: string;
  readonly hook: HookName;
  readonly mode: AttachMode;
  readonly client: 'near' | 'far';
  /** Whether the far end has an XDP program too, without which veth sends nothing from native XDP. */
  readonly peerProgram: boolean;
}

const PLACES: readonly Place[] = [
  { name: 'XDP, native', hook: 'xdp', mode: 'native', client: 'far', peerProgram: true },
  { name: 'XDP, generic', hook: 'xdp', mode: 'generic', client: 'far', peerProgram: false },
  { name: 'XDP, as pktc chooses', hook: 'xdp', mode: 'auto', client: 'far', peerProgram: false },
  { name: 'tc ingress', hook: 'tc ingress', mode: 'auto', client: 'far', peerProgram: false },
  { name: 'tc egress', hook: 'tc egress', mode: 'auto', client: 'near', peerProgram: false },
  { name: 'tc, both ways, what arrives', hook: 'tc', mode: 'auto', client: 'far', peerProgram: false },
  { name: 'tc, both ways, what leaves', hook: 'tc', mode: 'auto', client: 'near', peerProgram: false },
];

const HOSTS = { near: ['10.0.0.2', 'fd00::2'], far: ['10.0.0.1', 'fd00::1'] } as const;

/** A connection and a datagram of each family; what became of them. */
async function knock(client: Peer, [host4, host6]: readonly [string, string]) {
  const [tcp4, tcp6] = await Promise.all(
    [host4, host6].map((host) => client.connect({ host, port: 81, say: 'knock', timeout_ms: 2000 })),
  );
  const [udp4, udp6] = await Promise.all(
    [host4, host6].map((host) => client.ask({ host, port: 82, say: 'knock', timeout_ms: 2000 })),
  );
  return [tcp4?.outcome, tcp6?.outcome, udp4, udp6];
}

function checkSums(replies: readonly Reply[]): void {
  for (const reply of replies) {
    const sums = ['ip', 'tcp', 'icmp', 'icmpv6'].map((layer) => reply[`${layer}.checksum.status` as keyof Reply][0]);
    expect(sums.filter((sum) => sum !== undefined && sum !== RIGHT)).toEqual([]);
    expect(reply['_ws.malformed']).toEqual([]);
  }
}

/** What kind of answers they are: `tcp4 RST`, `icmp 3/3`. */
function kinds(replies: readonly Reply[]): readonly string[] {
  const kind = (reply: Reply) => {
    const [type] = reply['icmp.type'];
    const [type6] = reply['icmpv6.type'];
    if (type !== undefined) return `icmp ${type}/${reply['icmp.code'][0]}`;
    if (type6 !== undefined) return `icmp6 ${type6}/${reply['icmpv6.code'][0]}`;
    return `${reply['ip.src'].length > 0 ? 'tcp4' : 'tcp6'} ${reply['tcp.flags'][0]}`;
  };
  return [...new Set(replies.map(kind))].sort();
}

const ANSWERS = 'tcp.flags.reset == 1 || icmp.type == 3 || icmpv6.type == 1';

describeKernel('a rejected connection', () => {
  test.each(PLACES)('$name: the sender is told at once', async ({ hook, mode, client: side, peerProgram }) => {
    const artifact = await compileRules(RULES, hook);
    const pass = await compileRules(PASS);
    await withNetwork(async (network) => {
      const { near, far } = network;
      using loaded = loadArtifact(artifact);
      using quiet = loadArtifact(pass);
      if (peerProgram) far.run(() => attach(quiet, far.ifname, 'native'));
      const attachment = near.run(() => attach(loaded, near.ifname, mode));
      if (hook === 'xdp' && mode === 'auto') {
        expect(attachment).toMatchObject({ mode: 'generic', note: expect.stringContaining('its peer has an XDP program') });
      }
      const stream = openEvents(loaded);
      using client = startPeer(network[side]);
      using server = startPeer(network[side === 'near' ? 'far' : 'near']);
      // A server that must not be reached: without the rule the outcome would be another.
      await Promise.all(['0.0.0.0', '::'].map((host) => server.listen({ host, port: 81 })));
      const replies = await captureIncoming(
        network[side],
        async () => {
          expect(await knock(client, HOSTS[side])).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']);
        },
        (file) => readPcap(file, ANSWERS),
      );
      checkSums(replies);
      expect(kinds(replies)).toEqual(['icmp 3/3', 'icmp6 1/4', 'tcp4 0x0014', 'tcp6 0x0014']);
      const [connections, datagrams] = loaded.counters();
      expect(connections?.packets).toBe(2n);
      expect(datagrams?.packets).toBe(2n);
      const events: PacketEvent[] = [];
      await eventually('the events come', () => {
        events.push(...stream.read());
        return events.length >= 4;
      });
      expect(events.map(({ verdict, dport }) => `${verdict} ${dport}`).sort()).toEqual([
        'reject 81',
        'reject 81',
        'reject 82',
        'reject 82',
      ]);
    });
  });

  test.each(['tc ingress', 'tc egress'] as const)(
    '%s, where the kernel completes checksums itself when it sends: they stay right',
    async (hook) => {
      const artifact = await compileRules(RULES, hook);
      await withNetwork(async ({ near, far }) => {
        using loaded = loadArtifact(artifact);
        near.run(() => attach(loaded, near.ifname, 'auto'));
        // What the far end sends still has to be completed; what the near end sends is completed on the way out of it.
        far.run(() => setChecksumOffload(far.ifname, true));
        near.run(() => setChecksumOffload(near.ifname, false));
        const side = hook === 'tc ingress' ? far : near;
        using client = startPeer(side);
        const replies = await captureIncoming(
          side,
          async () => {
            expect(await knock(client, HOSTS[side === far ? 'far' : 'near'])).toEqual(Array(4).fill('ECONNREFUSED'));
          },
          (file) => readPcap(file, ANSWERS),
        );
        checkSums(replies);
        expect(kinds(replies)).toEqual(['icmp 3/3', 'icmp6 1/4', 'tcp4 0x0014', 'tcp6 0x0014']);
      });
    },
  );

  test.each(['xdp', 'tc ingress', 'tc egress', 'tc'] as const)(
    '%s on loopback: a machine that talks to itself',
    async (hook) => {
      const artifact = await compileRules(RULES, hook);
      await withNetwork(async ({ near }) => {
        using loaded = loadArtifact(artifact);
        near.run(() => attach(loaded, 'lo', 'auto'));
        using client = startPeer(near);
        expect(await knock(client, ['127.0.0.1', '::1'])).toEqual(Array(4).fill('ECONNREFUSED'));
        expect(loaded.counters().slice(0, 2)).toMatchObject([{ packets: 2n }, { packets: 2n }]);
        expect(loaded.answers()).toMatchObject({ sent: 4n, silent: 0n });
      });
    },
  );

  test('an established one is reset in the middle: the answer fits the sequence numbers', async () => {
    const artifact = await compileRules('match tcp dport 85 payload contains "secret" -> reject\n', 'tc ingress');
    await withNetwork(async ({ near, far }) => {
      using loaded = loadArtifact(artifact);
      near.run(() => attach(loaded, near.ifname, 'auto'));
      using server = startPeer(near);
      using client = startPeer(far);
      await server.listen({ host: '0.0.0.0', port: 85 });
      const say = (text: string) => client.connect({ host: '10.0.0.1', port: 85, say: text, timeout_ms: 2000 });
      expect(await say('nothing of note')).toMatchObject({ outcome: 'echoed' });
      expect(await say('a secret')).toMatchObject({ outcome: 'ECONNRESET' });
      expect(loaded.counters()[0]?.packets).toBe(1n);
    });
  });

  test('default reject: what no rule lets pass is told', async () => {
    const artifact = await compileRules('default reject\nmatch arp or icmp6 or (tcp dport 90) -> pass\n', 'tc ingress');
    await withNetwork(async ({ near, far }) => {
      using loaded = loadArtifact(artifact);
      near.run(() => attach(loaded, near.ifname, 'auto'));
      using server = startPeer(near);
      using client = startPeer(far);
      for (const port of [90, 91]) await server.listen({ host: '0.0.0.0', port });
      const outcomes = await Promise.all(
        [90, 91].map((port) => client.connect({ host: '10.0.0.1', port, say: 'x', timeout_ms: 2000 })),
      );
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['echoed', 'ECONNREFUSED']);
      expect(await client.ask({ host: '10.0.0.1', port: 92, say: 'x', timeout_ms: 2000 })).toBe('ECONNREFUSED');
    });
  });
});

describeKernel('on the wire', () => {
  test.each(PLACES.filter(({ client }) => client === 'far'))(
    '$name: no answer to what must have none, none beyond the limit, tags stay',
    async ({ hook, mode, peerProgram }) => {
      const artifact = await compileRules(RULES, hook);
      const pass = await compileRules(PASS);
      await withNetwork(
        async ({ near, far }) => {
          using loaded = loadArtifact(artifact);
          using quiet = loadArtifact(pass);
          if (peerProgram) far.run(() => attach(quiet, far.ifname, 'native'));
          near.run(() => attach(loaded, near.ifname, mode));
          const injector = openInjector(far);
          const between = { src: address('10.0.0.2'), dst: address('10.0.0.1') };
          const link = { smac: mac(far.mac), dmac: mac(near.mac) };
          const knockTcp = ipv4({ ...between, proto: 6 }, tcp({ dport: 81, flags: 2 }));
          const knockUdp = ipv4({ ...between, proto: 17 }, udp({ dport: 82 }, new Uint8Array(30)));
          const silent = [
            frameOf(knockTcp, { ...link, dmac: mac('ff:ff:ff:ff:ff:ff') }),
            frameOf(knockUdp, { ...link, dmac: mac('01:00:5e:00:00:09') }),
            frameOf(ipv4({ ...between, dst: address('224.0.0.9'), proto: 17 }, udp({ dport: 82 })), link),
            frameOf(ipv4({ ...between, proto: 6 }, tcp({ dport: 81, flags: 4 })), link),
            frameOf(ipv4({ ...between, proto: 132, fragmentOffset: 3 }, new Uint8Array(40)), link),
          ].map((frame) => withChecksums(frame));
          const tagged = withChecksums(frameOf(knockUdp, { ...link, tags: [{ id: 42 }] }));
          const total = silent.length + 1 + 1000;
          const started_ms = performance.now();
          const replies = await captureIncoming(
            far,
            async () => {
              for (const frame of [...silent, tagged]) injector.send(frame);
              for (let time = 0; time < 1000; time++) injector.send(withChecksums(frameOf(knockUdp, link)));
              const counted = () => loaded.counters().reduce((sum, { packets }) => sum + packets, 0n);
              await eventually('all are counted', () => counted() >= BigInt(total));
            },
            (file) => readPcap(file),
          );
          injector.close();
          checkSums(replies);
          expect(kinds(replies)).toEqual(['icmp 3/3']);
          expect(replies.filter((reply) => reply['vlan.id'][0] === '42').length).toBe(1);
          const seconds = (performance.now() - started_ms) / 1000;
          expect(replies.length).toBeGreaterThanOrEqual(100);
          // Every CPU may have had a part in it.
          expect(replies.length).toBeLessThanOrEqual(availableParallelism() * (101 + 100 * seconds));
          expect(replies.length).toBeLessThan(1001);
        },
        { near: [], far: [] },
      );
    },
  );
});

/** include/uapi/linux/sockios.h, ethtool.h */
const SIOCETHTOOL = 0x8946;
const ETHTOOL_STXCSUM = 0x17;
const AF_INET = 2;
const SOCK_DGRAM = 2;

/** `ethtool -K IFACE tx on|off`: whether checksums are left to the device. */
function setChecksumOffload(ifname: string, on: boolean): void {
  const libc = openLibc();
  const value = stableMemory(8);
  new Uint32Array(value.bytes.buffer, 0, 2).set([ETHTOOL_STXCSUM, on ? 1 : 0]);
  const request = new Uint8Array(40);
  request.set(Buffer.from(ifname));
  new BigUint64Array(request.buffer, 16, 1)[0] = value.address;
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0);
  const result = libc.ioctl(fd, SIOCETHTOOL, request);
  libc.close(fd);
  if (result !== 0) throw new Error(`ethtool: errno ${libc.errno()}`);
}
