/** What a logging rule puts into an event, and how many. */
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { attach } from '../../runtime/attach.ts';
import { openEvents, type PacketEvent } from '../../runtime/events.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { address, arp, concat, ethernet, fragment, frameOf, icmp, ipv4, ipv6, pad, tcp, udp } from '../packets/build-packet.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel, eventually, openInjector, withNetwork } from './environment.ts';
import { prepareFlood } from './flood.ts';

const TCP = 6;
const UDP = 17;

function eventsOf(loaded: LoadedProgram, frames: readonly Uint8Array[]): PacketEvent[] {
  const stream = openEvents(loaded);
  for (const frame of frames) loaded.testRun(frame);
  const events: PacketEvent[] = [];
  for (let batch = stream.read(); batch.length > 0; batch = stream.read()) events.push(...batch);
  stream.close();
  return events;
}

function text(event: PacketEvent | undefined): string {
  return Buffer.from(event?.payload ?? []).toString();
}

describeKernel('an event', () => {
  test('has the fields that the packet has, and no others', async () => {
    using loaded = loadArtifact(await compileRules('match any -> log\n'));
    const none = {
      vlan: null,
      src: null,
      dst: null,
      proto: null,
      sport: null,
      dport: null,
      flags: null,
      icmp_type: null,
      icmp_code: null,
    };
    const v4 = { src: '10.0.0.1', dst: '10.0.0.2', ethertype: 0x0800 };
    const v6 = { src: 'fd00::1', dst: 'fd00::2', ethertype: 0x86dd };
    const cases = [
      [
        frameOf(ipv4({ proto: TCP }, tcp({ sport: 1, dport: 65535, flags: 0x12 }))),
        { ...v4, proto: 6, sport: 1, dport: 65535, flags: 0x12 },
      ],
      [frameOf(ipv4({ proto: TCP }, tcp({ flags: 0xff }))), { ...v4, proto: 6, sport: 40000, dport: 80, flags: 0xff }],
      [frameOf(ipv6({ next: UDP }, udp({ sport: 5353 }))), { ...v6, proto: 17, sport: 5353, dport: 53 }],
      [frameOf(ipv4({ proto: 1 }, icmp({ type: 3, code: 4 }))), { ...v4, proto: 1, icmp_type: 3, icmp_code: 4 }],
      [frameOf(ipv6({ next: 58 }, icmp({ type: 128 }))), { ...v6, proto: 58, icmp_type: 128, icmp_code: 0 }],
      [frameOf(ipv4({ proto: 47 }, new Uint8Array(8))), { ...v4, proto: 47 }],
      [frameOf(ipv4({ proto: UDP, fragmentOffset: 3 }, udp({}))), { ...v4, proto: 17 }],
      [frameOf(ipv6({ next: 44 }, fragment(TCP, 0, true), tcp({}))), { ...v6, proto: 6, sport: 40000, dport: 80, flags: 0x10 }],
      [
        frameOf(ipv4({ proto: UDP, src: address('255.254.253.252') }, udp({})), {
          tags: [{ tpid: 0x88a8, id: 4094 }, { id: 7 }],
        }),
        { ...v4, src: '255.254.253.252', vlan: 4094, proto: 17, sport: 40000, dport: 53 },
      ],
      [frameOf(ipv6({ next: 59, src: address('2001:db8::1:0:0:1') })), { ...v6, src: '2001:db8::1:0:0:1', proto: 59 }],
      [pad(ethernet({ type: 0x0806 }, arp(1, address('10.0.0.1'), address('10.0.0.2')))), { ethertype: 0x0806 }],
      [ethernet({ type: 0x88cc }), { ethertype: 0x88cc }],
    ] as const;
    const events = eventsOf(
      loaded,
      cases.map(([frame]) => frame),
    );
    expect(events).toHaveLength(cases.length);
    for (const [index, [frame, fields]] of cases.entries()) {
      expect(events[index], `case ${index}`).toMatchObject({
        ...none,
        ...fields,
        length: frame.length,
        rule: 0,
        verdict: null,
      });
    }
  });

  test('carries as much payload as its rule asks for', async () => {
    using loaded = loadArtifact(
      await compileRules(`
long:  match udp dport 1000 -> log payload 256
short: match udp dport { 1000, 1001 } -> log payload 5
none:  match udp -> log
`),
    );
    const frame = (dport: number, payload: string) =>
      frameOf(ipv4({ proto: UDP }, udp({ dport }, new TextEncoder().encode(payload))));
    const letters = Array.from({ length: 300 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('');
    const events = eventsOf(loaded, [frame(1000, letters), frame(1001, 'abc'), frame(1002, 'abc'), frame(1000, '')]);
    expect(events.map((event) => [event.rule, text(event)])).toEqual([
      [0, letters.slice(0, 256)],
      [1, letters.slice(0, 5)],
      [2, ''],
      [1, 'abc'],
      [2, ''],
      [2, ''],
      [0, ''],
      [1, ''],
      [2, ''],
    ]);
  });

  test('has payload without padding, behind options and extension headers', async () => {
    using loaded = loadArtifact(await compileRules('match any -> log payload 64\n'));
    const payload = new TextEncoder().encode('payload');
    const events = eventsOf(loaded, [
      pad(frameOf(ipv4({ proto: UDP }, udp({}, payload)))),
      frameOf(ipv4({ proto: TCP, options: new Uint8Array(8) }, tcp({ options: new Uint8Array(12) }, payload))),
      frameOf(ipv6({ next: 0 }, concat(Uint8Array.of(UDP, 0), new Uint8Array(6)), udp({}, payload))),
      frameOf(ipv4({ proto: UDP, fragmentOffset: 5 }, payload)),
      frameOf(ipv4({ proto: TCP, totalLength: 44 }, tcp({}, payload))),
    ]);
    expect(events.map(text)).toEqual(['payload', 'payload', 'payload', '', 'payl']);
  });

  test.each(['native', 'generic'] as const)('is the same for a frame from the wire, %s', async (mode) => {
    const artifact = await compileRules('match ethertype 0x88b5 or udp -> drop, log payload 256\n');
    await withNetwork(async ({ near, far }) => {
      using loaded = loadArtifact(artifact);
      near.run(() => attach(loaded, near.ifname, mode));
      const stream = openEvents(loaded);
      const injector = openInjector(far);
      const frames = [
        ethernet({ type: 0x88b5 }, new Uint8Array(46)),
        frameOf(ipv4({ proto: UDP }, udp({}, new Uint8Array(1000).fill(65))), { tags: [{ id: 33 }] }),
        frameOf(ipv6({ next: UDP }, udp({}, new TextEncoder().encode('from the wire')))),
      ];
      for (const frame of frames) injector.send(frame);
      injector.close();
      await eventually('three events', () => loaded.counters()[0]?.logged === 3n);
      const events = stream.read();
      expect(events.map(({ length }) => length)).toEqual(frames.map(({ length }) => length));
      expect(events.map(({ ifindex, verdict }) => [ifindex, verdict])).toEqual(Array(3).fill([near.ifindex, 'drop']));
      expect(events.map(({ vlan }) => vlan)).toEqual([null, 33, null]);
      expect(events.map(text)).toEqual(['', 'A'.repeat(256), 'from the wire']);
    });
  });
});

describeKernel('how many events', () => {
  test('one in so many, by chance', async () => {
    const [n, sample] = [40_000, 10];
    using loaded = loadArtifact(
      await compileRules(`one_in_ten: match udp -> log sample 1/${sample}\nall: match udp -> count\n`),
    );
    const frame = frameOf(ipv4({ proto: UDP }, udp({})));
    const events = eventsOf(loaded, Array(n).fill(frame));
    // The ring holds them all; with 6.5 standard deviations to each side a false alarm has a chance below 1e-10.
    const deviation = Math.sqrt(n * (1 / sample) * (1 - 1 / sample));
    expect(loaded.counters()[0]).toMatchObject({ packets: BigInt(n), lost: 0n, logged: BigInt(events.length) });
    expect(Math.abs(events.length - n / sample)).toBeLessThan(6.5 * deviation);
    expect(new Set(events.map((event) => event.sample))).toEqual(new Set([sample]));
    expect(loaded.counters()[1]).toMatchObject({ packets: BigInt(n), logged: 0n });
  });

  test('what was sent is delivered or lost, rule by rule, while two processes send', async () => {
    const artifact = await compileRules('big: match len > 1000 -> drop, log payload 200\nsmall: match len <= 1000 -> log\n');
    using loaded = loadArtifact(artifact);
    const stream = openEvents(loaded);
    const sent = [300_000, 700_000] as const;
    const frames = [1200, 100].map((length) => frameOf(ipv4({ proto: UDP }, udp({}, new Uint8Array(length - 42)))));
    const floods = await Promise.all([
      prepareFlood(loaded.programs[0]?.id, frames[0]!, sent[0], 0),
      prepareFlood(loaded.programs[0]?.id, frames[1]!, sent[1], availableParallelism() > 1 ? 1 : 0),
    ]);
    const delivered = [0, 0];
    const reading = (async () => {
      for await (const batch of stream) for (const { rule } of batch) delivered[rule]!++;
    })();
    for (const flood of floods) flood.start();
    await Promise.all(floods.map(({ done }) => done));
    const counters = loaded.counters();
    await eventually(
      'all events are read',
      () => counters[0]!.logged + counters[1]!.logged === BigInt(delivered[0]! + delivered[1]!),
    );
    stream.close();
    await reading;
    for (const rule of [0, 1] as const) {
      expect(counters[rule]?.packets).toBe(BigInt(sent[rule]));
      expect(counters[rule]?.logged).toBe(BigInt(delivered[rule]!));
      expect(BigInt(delivered[rule]!) + counters[rule]!.lost).toBe(BigInt(sent[rule]));
    }
  });

  test('every rule of many has a counter of its own', async () => {
    const rules = Array.from({ length: 60 }, (_, index) => `match udp dport ${1000 + index} -> count\n`).join('');
    using loaded = loadArtifact(await compileRules(rules));
    for (let index = 0; index < 60; index++) {
      const frame = frameOf(ipv4({ proto: UDP }, udp({ dport: 1000 + index })));
      for (let count = 0; count <= index; count++) loaded.testRun(frame);
    }
    const counters = loaded.counters();
    expect(counters.slice(0, 60).map(({ packets }) => packets)).toEqual(
      Array.from({ length: 60 }, (_, index) => BigInt(index + 1)),
    );
    expect(counters[60]).toMatchObject({ packets: 1830n, bytes: 1830n * 42n });
  });
});
