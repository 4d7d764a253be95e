/** Bytes of the frame in events: what was on the wire, cut where the program was told to. */
import { expect, test } from 'vitest';
import { tcpFrame, udpFrame } from '../../cli/demo/frames.ts';
import type { PlanOptions } from '../../compiler/4-plan/plan-program.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { attach, attachCgroup } from '../../runtime/attach.ts';
import { openEvents, type PacketEvent } from '../../runtime/events.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { address, arp, concat, fragment, frameOf, ipv4, ipv6, tcp, udp } from '../packets/build-packet.ts';
import { withCgroup } from './cgroup.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel, eventually, openInjector, withNetwork } from './environment.ts';
import { startPeer } from './peer.ts';

function readAll(loaded: LoadedProgram, work: () => void): readonly PacketEvent[] {
  using stream = openEvents(loaded);
  work();
  const events: PacketEvent[] = [];
  for (let batch = stream.read(); batch.length > 0; batch = stream.read()) events.push(...batch);
  return events;
}

async function waitFor(loaded: LoadedProgram, count: number): Promise<readonly PacketEvent[]> {
  using stream = openEvents(loaded);
  const events: PacketEvent[] = [];
  await eventually('the events come', () => {
    events.push(...stream.read());
    return events.length >= count;
  });
  return events;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const PLAIN = tcpFrame({ src: '10.9.9.2', dst: '10.9.9.1' }, [40000, 443], 0x18, 'x'.repeat(400));

/** @param tags type and control information, outermost first */
function tagged(frame: Uint8Array, ...tags: readonly (readonly [type: number, tci: number])[]): Uint8Array {
  const bytes = tags.flatMap(([type, tci]) => [type >> 8, type & 0xff, tci >> 8, tci & 0xff]);
  return Uint8Array.from([...frame.subarray(0, 12), ...bytes, ...frame.subarray(12)]);
}

const SHORT = udpFrame({ src: '10.9.9.2', dst: '10.9.9.1' }, [1, 53], 'abc');
const FRAMES: readonly Uint8Array[] = [
  PLAIN,
  SHORT,
  tagged(PLAIN, [0x8100, 0xa064]),
  tagged(SHORT, [0x88a8, 200], [0x8100, 0xa064]),
  tagged(PLAIN, [0x88a8, 200], [0x8100, 100], [0x8100, 300]),
];

const AT_HOOKS: readonly { hook: HookName; sender: 'near' | 'far'; direction: PacketEvent['direction'] }[] = [
  { hook: 'xdp', sender: 'far', direction: 'ingress' },
  { hook: 'tc ingress', sender: 'far', direction: 'ingress' },
  { hook: 'tc egress', sender: 'near', direction: 'egress' },
  { hook: 'tc', sender: 'far', direction: 'ingress' },
  { hook: 'tc', sender: 'near', direction: 'egress' },
  { hook: 'socket', sender: 'far', direction: 'ingress' },
  { hook: 'socket', sender: 'near', direction: 'egress' },
];

/** Every way in which a program can be made, with a rule that logs. */
const SHAPES: readonly { shape: string; rules: string; planning: PlanOptions }[] = [
  { shape: 'few rules', rules: 'match any -> log\n', planning: {} },
  { shape: 'a long chain', rules: 'match any -> log payload 16\n', planning: { classifier: 'long chain' } },
  { shape: 'a tree', rules: 'match any -> log\n', planning: { classifier: 'tree' } },
  { shape: 'tunnels', rules: 'match inner(tcp) -> count\nmatch any -> log\n', planning: {} },
];

describeKernel('bytes of the frame in an event', () => {
  test.each(SHAPES)('$shape: the frame from its start, as long as it is or up to the limit', async ({ rules, planning }) => {
    using loaded = loadArtifact(await compileRules(rules, 'xdp', { ...planning, frameBytes: 100 }));
    const frames = [
      frameOf(ipv4({ proto: 6 }, tcp({}, new Uint8Array(300).fill(7)))),
      frameOf(ipv6({ next: 44 }, fragment(17, 0, true), udp({}, new Uint8Array(50).fill(9)))),
      frameOf(arp(1, address('10.9.9.2'), address('10.9.9.1'))),
      concat(frameOf(ipv4({ proto: 17 }, udp({}))), new Uint8Array(3000).fill(5)),
      new Uint8Array(64).fill(0xff),
    ];
    const events = readAll(loaded, () => {
      for (const frame of frames) loaded.testRun(frame);
    });
    expect(events.map(({ frame }) => hex(frame))).toEqual(frames.map((frame) => hex(frame.subarray(0, 100))));
    expect(events.map(({ length }) => length)).toEqual(frames.map((frame) => frame.length));
    expect(new Set(events.map(({ direction }) => direction))).toEqual(new Set(['ingress']));
  });

  test('without the option a record has none', async () => {
    using loaded = loadArtifact(await compileRules('match any -> log\n'));
    const [event] = readAll(loaded, () => loaded.testRun(PLAIN));
    expect(event).toMatchObject({ frame: new Uint8Array(), direction: null, length: PLAIN.length });
  });

  test.each(AT_HOOKS)('$hook, sent by the $sender end: tags stand where they stood', async ({ hook, sender, direction }) => {
    const artifact = await compileRules('match not ip6 -> log\n', hook, { frameBytes: 256 });
    await withNetwork(
      async (network) => {
        using loaded = loadArtifact(artifact);
        network.near.run(() => attach(loaded, network.near.ifname, 'auto'));
        const injector = openInjector(network[sender]);
        for (const frame of FRAMES) injector.send(frame);
        injector.close();
        const events = await waitFor(loaded, FRAMES.length);
        expect(events.map(({ frame }) => hex(frame))).toEqual(FRAMES.map((frame) => hex(frame.subarray(0, 256))));
        expect(events.map(({ length }) => length)).toEqual(FRAMES.map((frame) => frame.length));
        expect(events.map((event) => event.direction)).toEqual(FRAMES.map(() => direction));
      },
      { near: [], far: [] },
    );
  });

  test('a control group: from the network layer on, either way', async () => {
    const artifact = await compileRules('match udp dport 1003 -> log\nmatch udp sport 1003 -> log\n', 'cgroup', {
      frameBytes: 64,
    });
    await withCgroup(async ({ directory, admit }) => {
      await withNetwork(async ({ near, far }) => {
        using loaded = loadArtifact(artifact);
        using attachment = attachCgroup(loaded, directory);
        using member = startPeer(near);
        using outside = startPeer(far);
        // It has answered, so it is there to be moved.
        await member.listen({ host: '10.0.0.1' });
        admit(member.pid);
        await outside.listen({ host: '10.0.0.2' });
        await member.udp({ host: '10.0.0.2', port: 1003, messages: ['out'] });
        const [event] = await waitFor(loaded, 1);
        expect(event).toMatchObject({ direction: 'egress', length: 31 });
        // Version 4 and a header of 20 bytes, 31 bytes in all; the message last.
        expect(hex(event?.frame ?? new Uint8Array())).toMatch(/^4500001f[0-9a-f]{16}0a0000010a000002.*6f7574$/);
        expect(attachment.gone()).toBe(false);
      });
    });
  });
});
