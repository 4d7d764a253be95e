/** Real frames at every hook that gets frames: what the rules match is what the interpreter says of the bytes on the wire. */
import { expect, test } from 'vitest';
import { tcpFrame } from '../../cli/demo/frames.ts';
import { createInterpreter, type PacketAbout } from '../../compiler/interpret.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { attach } from '../../runtime/attach.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import { compileBoth } from './compile-rules.ts';
import { describeKernel, eventually, ip, type NetworkEnd, openInjector, withNetwork } from './environment.ts';

/** A hook's own way to say `direction`, and everything that a tag has a part in. */
const RULES = `
match vlan 100 -> count
match vlan 200 -> count
match vlan 300 -> count
match vlan.pcp 5 -> count
match vlan.depth 0 -> count
match vlan.depth 1 -> count
match vlan.depth 2 -> count
match len 77 -> count
match len 81 -> count
match len 85 -> count
match ethertype 0x8100 -> count
match ip -> count
match tcp dport 443 -> count
match frame[0:6] = 0x020000000001 -> count
match frame[6:6] = 0x020000000002 -> count
match frame[11:3] = 0x028100 -> count
match frame[11:3] = 0x0288a8 -> count
match frame[12:2] = 0x8100 -> count
match frame[12:4] = 0x8100a064 -> count
match frame[13:2] = 0x00a0 -> count
match frame[15:4] = 0x64080045 -> count
match frame[16:2] = 0x0800 -> count
match frame[16:2] = 0x8100 -> count
match frame[20:2] = 0x0800 -> count
match frame[76:1] = 0x7a -> count
match frame[80:1] = 0x7a -> count
match frame[81:1] != 0 -> count
match network[0:1] = 0x45 -> count
match payload ends "xyz" -> count
match direction egress -> count
match direction ingress -> count
`;
const WITHOUT_EGRESS = RULES.replace('match direction egress -> count\n', '');
const WITHOUT_INGRESS = RULES.replace('match direction ingress -> count\n', '');

const PLAIN = tcpFrame({ src: '10.9.9.2', dst: '10.9.9.1' }, [40000, 443], 0x18, 'payload of 23 bytes xyz');

/** @param tags type and control information, outermost first */
function tagged(...tags: readonly (readonly [type: number, tci: number])[]): Uint8Array {
  const bytes = tags.flatMap(([type, tci]) => [type >> 8, type & 0xff, tci >> 8, tci & 0xff]);
  return Uint8Array.from([...PLAIN.subarray(0, 12), ...bytes, ...PLAIN.subarray(12)]);
}

const FRAMES: readonly Uint8Array[] = [
  PLAIN,
  tagged([0x8100, 0xa064]),
  tagged([0x8100, 100]),
  tagged([0x88a8, 200], [0x8100, 0xa064]),
  tagged([0x8100, 0xa064], [0x8100, 300]),
  tagged([0x88a8, 200], [0x8100, 100], [0x8100, 300]),
];

/** Puts each frame on the wire and reads which rules counted it; others must be quiet meanwhile. */
async function matchedBy(loaded: LoadedProgram, from: NetworkEnd, frames: readonly Uint8Array[]) {
  const injector = openInjector(from);
  const matched: (readonly number[])[] = [];
  for (const frame of frames) {
    const before = loaded.counters();
    const seen = () => (loaded.counters().at(-1)?.packets ?? 0n) - (before.at(-1)?.packets ?? 0n);
    injector.send(frame);
    await eventually(`frame ${matched.length} is counted`, () => seen() > 0n);
    expect(seen()).toBe(1n);
    const after = loaded.counters();
    matched.push(
      before.flatMap(({ packets }, rule) => (rule < before.length - 1 && after[rule]?.packets !== packets ? [rule] : [])),
    );
    const bytes = (after.at(-1)?.bytes ?? 0n) - (before.at(-1)?.bytes ?? 0n);
    expect(bytes).toBe(BigInt(frame.length));
  }
  injector.close();
  return matched;
}

const CASES: readonly { hook: HookName; rules: string; sender: 'near' | 'far'; about: PacketAbout }[] = [
  { hook: 'xdp', rules: WITHOUT_EGRESS, sender: 'far', about: {} },
  { hook: 'tc ingress', rules: WITHOUT_EGRESS, sender: 'far', about: {} },
  { hook: 'tc egress', rules: WITHOUT_INGRESS, sender: 'near', about: {} },
  { hook: 'tc', rules: RULES, sender: 'far', about: { direction: 'ingress' } },
  { hook: 'tc', rules: RULES, sender: 'near', about: { direction: 'egress' } },
  { hook: 'socket', rules: RULES, sender: 'far', about: { direction: 'ingress' } },
  { hook: 'socket', rules: RULES, sender: 'near', about: { direction: 'egress' } },
];

describeKernel('tags, lengths and bytes of real frames', () => {
  test.each(CASES)('$hook, sent by the $sender end', async ({ hook, rules, sender, about }) => {
    const { artifact, program } = await compileBoth(rules, hook);
    const interpret = createInterpreter(program);
    const expected = FRAMES.map((frame) => interpret(frame, about).rules);
    // Each rule has a say in some frame, or the frames are the wrong ones.
    const said = new Set(expected.flat());
    await withNetwork(
      async (network) => {
        using loaded = loadArtifact(artifact);
        network.near.run(() => attach(loaded, network.near.ifname, 'auto'));
        expect(await matchedBy(loaded, network[sender], FRAMES)).toEqual(expected);
      },
      { near: [], far: [] },
    );
    expect(said.size).toBeGreaterThan(20);
  });

  test('a tag that came with a frame, where a bridge sends it on', async () => {
    const { artifact, program } = await compileBoth(WITHOUT_INGRESS, 'tc egress');
    const interpret = createInterpreter(program);
    await withNetwork(
      async ({ near, far }) => {
        using loaded = loadArtifact(artifact);
        const out = `${near.ifname}o`;
        ip('-n', near.name, 'link', 'add', out, 'type', 'veth', 'peer', 'name', `${near.ifname}p`);
        // One that looks into multicast reports itself as a listener, of both families, in its first second.
        ip('-n', near.name, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
        for (const port of [near.ifname, out]) ip('-n', near.name, 'link', 'set', port, 'master', 'br0');
        for (const name of [out, `${near.ifname}p`, 'br0'])
          ip('-n', near.name, 'link', 'set', name, 'addrgenmode', 'none', 'up');
        // A port that learns first sends nothing on; with no delay it is quiet for a moment only.
        await eventually(
          'the bridge forwards',
          () => ip('-n', near.name, '-d', 'link', 'show', out).includes('state forwarding'),
          40_000,
        );
        near.run(() => attach(loaded, out, 'auto'));
        expect(await matchedBy(loaded, far, FRAMES)).toEqual(FRAMES.map((frame) => interpret(frame).rules));
      },
      { near: [], far: [] },
    );
  });

  test.each(['tc egress', 'socket'] as const)('%s: the tag that a VLAN interface gives its packets', async (hook) => {
    const rules = 'match vlan 100 vlan.pcp 0 len 60 frame[12:6] = 0x810000640806 -> count\nmatch vlan any -> count\n';
    const { artifact } = await compileBoth(rules, hook);
    await withNetwork(
      async ({ near }) => {
        if (!addVlan(near)) return;
        using loaded = loadArtifact(artifact);
        near.run(() => attach(loaded, near.ifname, 'auto'));
        const injector = openInjector({ ...near, ...endNamed(near, 'v100') });
        injector.send(ARP);
        injector.close();
        await eventually('the frame is counted', () => loaded.counters()[1]?.packets === 1n);
        expect(loaded.counters()[0]).toMatchObject({ packets: 1n, bytes: 60n });
      },
      { near: [], far: [] },
    );
  });
});

const ARP = Uint8Array.from([
  ...new Array<number>(6).fill(0xff),
  2,
  0,
  0,
  0,
  0,
  1,
  0x08,
  0x06,
  ...new Array<number>(42).fill(0),
]);

/** false, with a word: this kernel has no such interfaces. */
function addVlan(near: NetworkEnd): boolean {
  try {
    ip('-n', near.name, 'link', 'add', 'link', near.ifname, 'name', 'v100', 'type', 'vlan', 'id', '100');
  } catch (error) {
    if (!String(error).includes('Unknown device type')) throw error;
    console.warn('skipped: VLAN interfaces: this kernel has none (CONFIG_VLAN_8021Q)');
    return false;
  }
  ip('-n', near.name, 'link', 'set', 'v100', 'up');
  return true;
}

function endNamed(near: NetworkEnd, ifname: string) {
  const [link] = JSON.parse(ip('-n', near.name, '-j', 'link', 'show', 'dev', ifname)) as { ifindex: number; address: string }[];
  return { ifname, ifindex: link?.ifindex ?? 0, mac: link?.address ?? '' };
}
