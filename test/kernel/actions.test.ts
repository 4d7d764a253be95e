/** `redirect`, `mark` and `audit drop` on real packets: where they go, what others see of them, and that they pass. */
import { expect, test } from 'vitest';
import { udpFrame } from '../../cli/demo/frames.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { type AttachMode, attach } from '../../runtime/attach.ts';
import { openEvents, type PacketEvent } from '../../runtime/events.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { RuntimeError } from '../../runtime/runtime-error.ts';
import { captureIncoming } from './capture-file.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel, eventually, ip, type Network, type NetworkEnd, openInjector, withNetwork } from './environment.ts';
import { startPeer } from './peer.ts';
import { readPcap } from './tshark-replies.ts';

const frameTo = (port: number) => udpFrame({ src: '10.0.0.2', dst: '10.0.0.1' }, [40000, port], 'payload');
const PASS = 'match any -> count\n';

/** A second wire between the two ends; gives the interface at the near end, and the far end of it. */
function secondWire({ near, far }: Network): { readonly ifname: string; readonly other: NetworkEnd } {
  const names = { near: `pktc${process.pid}s`, far: `pktc${process.pid}t` };
  ip('-n', near.name, 'link', 'add', names.near, 'type', 'veth', 'peer', 'name', names.far, 'netns', far.name);
  for (const [end, name] of [
    [near, names.near],
    [far, names.far],
  ] as const) {
    ip('-n', end.name, 'link', 'set', name, 'addrgenmode', 'none');
    ip('-n', end.name, 'link', 'set', name, 'up');
  }
  return { ifname: names.near, other: { ...far, ifname: names.far } };
}

interface Place {
  readonly name: string;
  readonly hook: HookName;
  readonly mode: AttachMode;
  /** Where the packets come from that the program at the near end sees. */
  readonly sender: 'near' | 'far';
}

const PLACES: readonly Place[] = [
  { name: 'XDP, native, where the peers have programs', hook: 'xdp', mode: 'native', sender: 'far' },
  { name: 'XDP, generic', hook: 'xdp', mode: 'generic', sender: 'far' },
  { name: 'XDP, as pktc chooses', hook: 'xdp', mode: 'auto', sender: 'far' },
  { name: 'tc ingress', hook: 'tc ingress', mode: 'auto', sender: 'far' },
  { name: 'tc egress', hook: 'tc egress', mode: 'auto', sender: 'near' },
];

describeKernel('redirect', () => {
  test.each(PLACES)(
    '$name: the packets of the rule leave by the other interface, as they are',
    async ({ hook, mode, sender }) => {
      await withNetwork(
        async (network) => {
          const { near, far } = network;
          const wire = secondWire(network);
          const artifact = await compileRules(`match udp dport 7 -> log, redirect "${wire.ifname}"\n`, hook);
          expect(artifact.manifest.redirects).toEqual([wire.ifname]);
          using quiet = loadArtifact(await compileRules(PASS));
          using loaded = near.run(() => loadArtifact(artifact));
          if (mode === 'native') {
            for (const ifname of [far.ifname, wire.other.ifname]) far.run(() => attach(quiet, ifname, 'native'));
          }
          const attachment = near.run(() => attach(loaded, near.ifname, mode));
          if (hook === 'xdp' && mode === 'auto') expect(attachment).toMatchObject({ mode: 'generic' });
          const stream = openEvents(loaded);
          const injector = openInjector(network[sender]);
          const seen = await captureIncoming(
            wire.other,
            async () => {
              for (const port of [7, 8, 7, 9, 7]) injector.send(frameTo(port));
              await eventually('all are counted', () => (loaded.counters()[1]?.packets ?? 0n) === 2n);
            },
            (file) => readPcap(file),
          );
          injector.close();
          expect(seen.map((reply) => reply['udp.dstport'][0])).toEqual(['7', '7', '7']);
          expect(seen[0]).toMatchObject({
            'eth.dst': ['02:00:00:00:00:01'],
            'eth.src': ['02:00:00:00:00:02'],
            'ip.src': ['10.0.0.2'],
            'ip.checksum.status': ['1'],
          });
          expect(loaded.counters().map(({ packets }) => packets)).toEqual([3n, 2n]);
          expect(stream.read().map(({ verdict }) => verdict)).toEqual(['redirect', 'redirect', 'redirect']);
        },
        { near: [], far: [] },
      );
    },
  );

  test('to several interfaces: each rule to its own', async () => {
    await withNetwork(
      async (network) => {
        const { near, far } = network;
        const wire = secondWire(network);
        // Back where they came from, and out of the second wire.
        const rules = `match udp dport 1 -> redirect "${near.ifname}"\nmatch udp dport 2 -> redirect "${wire.ifname}"\nmatch udp dport 3 -> redirect "${near.ifname}"\n`;
        const artifact = await compileRules(rules, 'tc ingress');
        expect(artifact.manifest.redirects).toEqual([near.ifname, wire.ifname]);
        using loaded = near.run(() => loadArtifact(artifact));
        near.run(() => attach(loaded, near.ifname, 'auto'));
        const injector = openInjector(far);
        const ports = (end: NetworkEnd) =>
          captureIncoming(
            end,
            async () => {
              for (const port of [1, 2, 3]) injector.send(frameTo(port));
            },
            (file) => readPcap(file).map((reply) => reply['udp.dstport'][0]),
          );
        expect(await ports(far)).toEqual(['1', '3']);
        expect(await ports(wire.other)).toEqual(['2']);
        injector.close();
      },
      { near: [], far: [] },
    );
  });

  test('to an interface that is not there: says which, and nothing is loaded', async () => {
    const artifact = await compileRules('match udp -> redirect no-such-one\n');
    await withNetwork(({ near }) => {
      expect(() => near.run(() => loadArtifact(artifact))).toThrow(RuntimeError);
      expect(() => near.run(() => loadArtifact(artifact))).toThrow(/no-such-one/);
    });
  });
});

/** Classic BPF: load the mark (SKF_AD_MARK), this TC_ACT_* if it is 3, else TC_ACT_UNSPEC. */
const whereMark3 = (action: number) => `4,32 0 0 4294963220,21 0 1 3,6 0 0 ${action},6 0 0 4294967295,`;
const [SHOT, STOLEN] = [2, 4];

describeKernel('mark', () => {
  test('of more values than an entry of a tree has numbers for', async () => {
    const ports = Array.from({ length: 3000 }, (_, at) => 1000 + at);
    const artifact = await compileRules(ports.map((port) => `match udp dport ${port} -> mark ${port}, pass\n`).join(''), 'tc');
    using loaded = loadArtifact(artifact);
    // Numbers end at 2,046. Each packet comes twice: the second time the flow is known.
    const asked = [1000, 3045, 3046, 3047, 3048, 3999];
    for (const port of asked) for (let time = 0; time < 2; time++) expect(loaded.testRun(frameTo(port)).mark).toBe(port);
    const counted = loaded.counters().flatMap(({ packets }, at) => (packets === 2n ? [1000 + at] : []));
    expect(counted).toEqual(asked);
  });

  test.each([
    ['tc ingress', 'far'],
    ['tc egress', 'near'],
  ] as const)('%s: what comes behind the program sees it', async (hook, sender) => {
    const marking = await compileRules('match udp dport 7 -> mark 0x5eed0007\nmatch udp dport 8 -> mark 3, pass\n', hook);
    const looking = await compileRules(
      'match mark 0x5eed0007 -> count\nmatch mark 3 -> count\nmatch mark 0 -> count\nmatch mark 9 -> count\n',
      hook,
    );
    await withNetwork(
      async (network) => {
        const { near, far } = network;
        using first = loadArtifact(marking);
        using second = loadArtifact(looking);
        using arriving = loadArtifact(
          await compileRules('match udp dport 7 -> count\nmatch udp dport 8 -> count\nmatch udp -> count\n'),
        );
        if (sender === 'near') far.run(() => attach(arriving, far.ifname, 'generic'));
        for (const loaded of [first, second]) near.run(() => attach(loaded, near.ifname, 'auto'));
        const direction = hook === 'tc ingress' ? 'ingress' : 'egress';
        // Somebody else's filter looks at the mark too, behind both: it takes 3. What it drops on the way out is an error for the sender.
        const filter = whereMark3(sender === 'near' ? STOLEN : SHOT);
        near.exec('tc', ['qdisc', 'add', 'dev', near.ifname, 'clsact']);
        near.exec('tc', ['filter', 'add', 'dev', near.ifname, direction, 'bpf', 'direct-action', 'bytecode', filter]);
        const injector = openInjector(network[sender]);
        for (const port of [7, 8, 9]) injector.send(frameTo(port));
        await eventually('all are counted', () => (second.counters().at(-1)?.packets ?? 0n) === 3n);
        injector.close();
        expect(second.counters().map(({ packets }) => packets)).toEqual([1n, 1n, 1n, 0n, 3n]);
        if (sender === 'near') {
          await eventually('the others arrive', () => arriving.counters()[2]?.packets === 2n);
          expect(arriving.counters().map(({ packets }) => packets)).toEqual([1n, 0n, 2n, 2n]);
        } else {
          expect(near.exec('tc', ['-s', 'qdisc', 'show', 'dev', near.ifname, 'clsact'])).toMatch(/\(dropped 1,/);
        }
      },
      { near: [], far: [] },
    );
  });

  test.each(['tc ingress', 'tc egress', 'cgroup ingress', 'cgroup egress'] as const)(
    '%s: rules go on seeing the mark that the packet came with, and the last mark stays',
    async (hook) => {
      const artifact = await compileRules(
        'match mark 5 -> mark 6\nmatch mark 6 -> mark 7\nmatch mark 5 -> mark 0xffffffff\nmatch mark 1 -> mark 0\n',
        hook,
      );
      using loaded = loadArtifact(artifact);
      const after = (mark: number) => loaded.testRun(frameTo(7), { mark }).mark;
      expect([5, 6, 1, 2].map(after)).toEqual([0xffff_ffff, 7, 0, 2]);
      expect(loaded.counters().map(({ packets }) => packets)).toEqual([1n, 1n, 1n, 1n, 4n]);
    },
  );

  test('several rules that mark, and fields that make clang keep addresses: the verifier takes them', async () => {
    const artifact = await compileRules(
      [
        'let list = 1777019018-4294967295',
        'match mark list -> mark 1',
        'match payload.len < 3573534539 or malformed or icmp6 -> count',
        'match flags RST -> mark 1',
        'match not malformed -> mark 1',
        '',
      ].join('\n'),
      'cgroup',
    );
    using loaded = loadArtifact(artifact, { offline: true });
    expect(loaded.testRun(frameTo(7)).mark).toBe(1);
  });
});

describeKernel('audit drop', () => {
  test.each([
    ['xdp', 'far'],
    ['tc ingress', 'far'],
    ['tc egress', 'near'],
  ] as const)('%s: the packet passes, counts for its rule, and the event says audit', async (hook, sender) => {
    const artifact = await compileRules(
      'match udp dport 7 -> audit drop, log\nmatch udp dport 7 -> drop\nmatch tcp dport 91 -> audit drop, log\nmatch tcp dport 92 -> drop\n',
      hook,
    );
    await withNetwork(async (network) => {
      const { near } = network;
      using loaded = loadArtifact(artifact);
      near.run(() => attach(loaded, near.ifname, 'auto'));
      const stream = openEvents(loaded);
      using client = startPeer(network[sender]);
      using server = startPeer(network[sender === 'far' ? 'near' : 'far']);
      const host = sender === 'far' ? '10.0.0.1' : '10.0.0.2';
      for (const port of [91, 92]) await server.listen({ host: '0.0.0.0', port });
      const outcomes = [];
      for (const port of [91, 92]) outcomes.push(await client.connect({ host, port, say: 'x', timeout_ms: 1500 }));
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['echoed', 'timeout']);
      await client.udp({ host, port: 7, messages: ['a', 'b'] });
      await eventually('the datagrams are counted', () => loaded.counters()[0]?.packets === 2n);
      // The first rule has ended it: the second is not looked at.
      expect(loaded.counters()[1]?.packets).toBe(0n);
      const events: PacketEvent[] = [];
      await eventually('the events come', () => {
        events.push(...stream.read());
        return events.filter(({ dport }) => dport === 7).length === 2;
      });
      expect(new Set(events.map(({ verdict }) => verdict))).toEqual(new Set(['audit']));
    });
  });

  test.each(['xdp', 'tc ingress', 'socket', 'cgroup ingress'] as const)('%s: as the default too', async (hook) => {
    using loaded = loadArtifact(await compileRules('default audit drop\nmatch udp dport 8 -> drop\n', hook));
    expect(loaded.testRun(frameTo(7)).outcome).toBe('pass');
    expect(loaded.testRun(frameTo(8)).outcome).toBe('drop');
    expect(loaded.counters().map(({ packets }) => packets)).toEqual([1n, 1n]);
  });
});
