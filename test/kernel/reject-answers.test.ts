/** What `reject` answers, byte for byte: each answer as tshark reads it, and each packet that must get none. */
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import type { HookName } from '../../grammar/fields/field.ts';
import { type LoadedProgram, loadArtifact } from '../../runtime/load.ts';
import {
  address,
  ethernet,
  extension,
  filler,
  fragment,
  frameOf,
  icmp,
  ipv4,
  ipv6,
  mac,
  option,
  pad,
  sctp,
  tcp,
  udp,
} from '../packets/build-packet.ts';
import { type ChecksumOptions, withChecksums } from '../packets/checksum.ts';
import { compileRules } from './compile-rules.ts';
import { describeKernel } from './environment.ts';
import { type Reply, RIGHT, readReplies } from './tshark-replies.ts';

const [FIN, SYN, RST, ACK] = [0x01, 0x02, 0x04, 0x10];
const TCP = 6;
const UDP = 17;
const A4 = { src: address('10.0.0.1'), dst: address('10.0.0.2') };
const A6 = { src: address('fd00::1'), dst: address('fd00::2') };
const TAGS = {
  tags: [
    { tpid: 0x88a8, id: 7 },
    { id: 100, priority: 3 },
  ],
};

const tcp4 = (header: Parameters<typeof tcp>[0], payload = 0) => ipv4({ ...A4, proto: TCP }, tcp(header, filler(payload)));
const tcp6 = (header: Parameters<typeof tcp>[0], payload = 0) => ipv6({ ...A6, next: TCP }, tcp(header, filler(payload)));
const udp4 = (payload: number, more: object = {}) => ipv4({ ...A4, proto: UDP, ...more }, udp({}, filler(payload)));
const udp6 = (payload: number) => ipv6({ ...A6, next: UDP }, udp({}, filler(payload)));

interface Asked {
  readonly outcome: string | null;
  readonly frame: Uint8Array;
}

const HOOKS = [
  ['xdp', 'transmit'],
  ['tc ingress', 'redirect'],
  ['tc egress', 'redirect'],
] as const satisfies readonly (readonly [HookName, string])[];

async function load(hook: HookName): Promise<LoadedProgram> {
  return loadArtifact(await compileRules(`hook ${hook}\nmatch any -> reject\n`, hook));
}

function ask(loaded: LoadedProgram, datagram: Uint8Array, link = {}, options: ChecksumOptions = {}): Asked {
  const { outcome, frame } = loaded.testRun(withChecksums(frameOf(datagram, link), options), { output: true });
  return { outcome, frame };
}

function only(reply: Reply | undefined): Record<string, string> {
  if (reply === undefined) throw new Error('no answer');
  return Object.fromEntries(Object.entries(reply).map(([field, values]) => [field, values[0] ?? '']));
}

const RESETS = [
  ['a SYN', { seq: 1000, flags: SYN }, 0, { seq: 0, ack: 1001, flags: RST | ACK }],
  ['a SYN with payload', { seq: 0xffff_ffff, flags: SYN }, 5, { seq: 0, ack: 5, flags: RST | ACK }],
  [
    'a SYN with options',
    { seq: 7, flags: SYN, options: option(2, Uint8Array.of(5, 180)) },
    0,
    { seq: 0, ack: 8, flags: RST | ACK },
  ],
  ['a segment', { seq: 1, ack: 77, flags: ACK }, 100, { seq: 77, ack: 0, flags: RST }],
  ['a SYN+ACK', { seq: 1, ack: 0xfedc_ba98, flags: SYN | ACK }, 0, { seq: 0xfedc_ba98, ack: 0, flags: RST }],
  ['a FIN without ACK', { seq: 10, flags: FIN }, 3, { seq: 0, ack: 14, flags: RST | ACK }],
  ['a segment of 1,400 bytes', { seq: 10, flags: 0 }, 1400, { seq: 0, ack: 1410, flags: RST | ACK }],
] as const;

describeKernel('answers to rejected packets', () => {
  test.each(HOOKS)('%s: resets, as RFC 9293 has them', async (hook, sent) => {
    using loaded = await load(hook);
    const answers = RESETS.flatMap(([, header, payload]) =>
      [tcp4(header, payload), tcp6(header, payload)].flatMap((datagram) =>
        [{}, TAGS].flatMap((link) => [ask(loaded, datagram, link), ask(loaded, datagram, link, { partial: true })]),
      ),
    );
    expect(answers.map(({ outcome }) => outcome)).toEqual(answers.map(() => sent));
    const replies = readReplies(answers.map(({ frame }) => frame)).map(only);
    replies.forEach((reply, at) => {
      const [what, , , expected] = RESETS[Math.floor(at / 8)] ?? [];
      const [six, tagged] = [at % 8 >= 4, at % 4 >= 2];
      expect(reply, what).toMatchObject({
        'eth.src': '02:00:00:00:00:02',
        'eth.dst': '02:00:00:00:00:01',
        'ieee8021ad.id': tagged ? '7' : '',
        'vlan.id': tagged ? '100' : '',
        'tcp.srcport': '80',
        'tcp.dstport': '40000',
        'tcp.flags': `0x${expected?.flags.toString(16).padStart(4, '0')}`,
        'tcp.seq_raw': String(expected?.seq),
        'tcp.ack_raw': String(expected?.ack),
        'tcp.hdr_len': '20',
        'tcp.checksum.status': RIGHT,
        'frame.len': String((tagged ? 22 : 14) + (six ? 60 : 40)),
        '_ws.malformed': '',
        ...(six
          ? { 'ipv6.src': 'fd00::2', 'ipv6.dst': 'fd00::1', 'ipv6.plen': '20', 'ipv6.hlim': '64' }
          : { 'ip.src': '10.0.0.2', 'ip.dst': '10.0.0.1', 'ip.len': '40', 'ip.ttl': '64', 'ip.checksum.status': RIGHT }),
      });
    });
  });

  test.each(HOOKS)('%s: unreachables, with as much of the packet as the RFCs want', async (hook, sent) => {
    using loaded = await load(hook);
    /** Bytes of payload that a datagram has, and how many of its bytes come back. */
    const sizes = [
      [0, 28],
      [1, 29],
      [513, 541],
      [520, 548],
      [521, 548],
      [1400, 548],
    ] as const;
    const sizes6 = [
      [0, 48],
      [3, 51],
      [1184, 1232],
      [1185, 1232],
      [1400, 1232],
    ] as const;
    const packets = [
      ...sizes.flatMap(([payload, quoted]) => [
        { datagram: udp4(payload), link: {}, quoted, code: '3' },
        { datagram: udp4(payload), link: TAGS, quoted, code: '3' },
      ]),
      {
        datagram: ipv4({ ...A4, proto: UDP, options: option(7, filler(9)) }, udp({}, filler(4))),
        link: {},
        quoted: 44,
        code: '3',
      },
      { datagram: ipv4({ ...A4, proto: 132 }, sctp({}, filler(4))), link: {}, quoted: 36, code: '13' },
      { datagram: ipv4({ ...A4, proto: 1 }, icmp({ type: 8 }, filler(56))), link: {}, quoted: 84, code: '13' },
      { datagram: ipv4({ ...A4, proto: 253 }), link: {}, quoted: 20, code: '13' },
      // A first fragment is all that can be answered of a datagram.
      { datagram: udp4(64, { moreFragments: true }), link: {}, quoted: 92, code: '3' },
    ];
    const packets6 = [
      ...sizes6.flatMap(([payload, quoted]) => [
        { datagram: udp6(payload), link: {}, quoted, code: '4' },
        { datagram: udp6(payload), link: TAGS, quoted, code: '4' },
      ]),
      {
        datagram: ipv6({ ...A6, next: 0 }, extension(60), extension(UDP, 1), udp({}, filler(2))),
        link: {},
        quoted: 74,
        code: '4',
      },
      { datagram: ipv6({ ...A6, next: 58 }, icmp({ type: 128 }, filler(8))), link: {}, quoted: 56, code: '1' },
      { datagram: ipv6({ ...A6, next: 44 }, fragment(UDP, 0, true), udp({}, filler(8))), link: {}, quoted: 64, code: '4' },
      { datagram: ipv6({ ...A6, next: 59 }), link: {}, quoted: 40, code: '1' },
    ];
    const all = [...packets, ...packets6];
    const answers = all.map(({ datagram, link }) => ask(loaded, datagram, link));
    expect(answers.map(({ outcome }) => outcome)).toEqual(answers.map(() => sent));
    readReplies(answers.map(({ frame }) => frame)).forEach((reply, at) => {
      const packet = all[at];
      const six = at >= packets.length;
      const length = (six ? 48 : 28) + (packet?.quoted ?? 0);
      expect(only(reply), `packet ${at}`).toMatchObject({
        'eth.src': '02:00:00:00:00:02',
        'eth.dst': '02:00:00:00:00:01',
        'frame.len': String((packet?.link === TAGS ? 22 : 14) + length),
        'ieee8021ad.id': packet?.link === TAGS ? '7' : '',
        'vlan.id': packet?.link === TAGS ? '100' : '',
        ...(six
          ? {
              'ipv6.src': 'fd00::2',
              'ipv6.dst': 'fd00::1',
              'ipv6.plen': String(length - 40),
              'icmpv6.type': '1',
              'icmpv6.code': packet?.code,
              'icmpv6.checksum.status': RIGHT,
            }
          : {
              'ip.src': '10.0.0.2',
              'ip.dst': '10.0.0.1',
              'ip.len': String(length),
              'ip.checksum.status': RIGHT,
              'icmp.type': '3',
              'icmp.code': packet?.code,
              'icmp.checksum.status': RIGHT,
            }),
      });
      // The packet comes back as it was, from its IP header on.
      const start = (packet?.link === TAGS ? 22 : 14) + (six ? 48 : 28);
      const sentBytes = withChecksums(frameOf(packet?.datagram ?? new Uint8Array())).subarray(14);
      expect(answers[at]?.frame.subarray(start)).toEqual(Uint8Array.from(sentBytes.subarray(0, packet?.quoted)));
    });
  });

  test.each(HOOKS)('%s: padding behind the datagram is neither payload nor quoted', async (hook, sent) => {
    using loaded = await load(hook);
    const short = pad(withChecksums(frameOf(tcp4({ seq: 1000, flags: SYN }))));
    const shortUdp = pad(withChecksums(frameOf(udp4(1))));
    const answers = [short, shortUdp].map((frame) => loaded.testRun(frame, { output: true }));
    expect(answers.map(({ outcome }) => outcome)).toEqual([sent, sent]);
    const [reset, unreachable] = readReplies(answers.map(({ frame }) => frame)).map(only);
    expect(reset).toMatchObject({ 'tcp.ack_raw': '1001', 'ip.len': '40', 'tcp.checksum.status': RIGHT });
    expect(unreachable).toMatchObject({ 'ip.len': '57', 'icmp.checksum.status': RIGHT });
  });

  test.each(HOOKS)('%s: what must not be answered is dropped', async (hook) => {
    using loaded = await load(hook);
    const good = tcp4({ seq: 1, flags: SYN });
    const wrongSum = (frame: Uint8Array, at: number) => {
      const bytes = withChecksums(frame);
      bytes[at] = (bytes[at] ?? 0) ^ 0x55;
      return bytes;
    };
    const tcpFrom = (src: string) => ipv4({ src: address(src), dst: A4.dst, proto: TCP }, tcp({ flags: SYN }));
    const tcpTo = (dst: string) => ipv4({ src: A4.src, dst: address(dst), proto: TCP }, tcp({ flags: SYN }));
    const tcp6Between = (src: string, dst: string) =>
      ipv6({ src: address(src), dst: address(dst), next: TCP }, tcp({ flags: SYN }));
    const frames: readonly (readonly [string, Uint8Array])[] = [
      ['a reset', frameOf(tcp4({ flags: RST }))],
      ['a reset with ACK', frameOf(tcp6({ flags: RST | ACK }))],
      ['a link-layer broadcast', frameOf(good, { dmac: mac('ff:ff:ff:ff:ff:ff') })],
      ['a link-layer multicast', frameOf(udp4(4), { dmac: mac('01:00:5e:00:00:01') })],
      ['from a link-layer group', frameOf(good, { smac: mac('03:00:00:00:00:01') })],
      ['an IPv4 broadcast', frameOf(tcpTo('255.255.255.255'))],
      ['an IPv4 multicast', frameOf(tcpTo('224.0.0.1'))],
      ['to nowhere', frameOf(tcpTo('0.0.0.0'))],
      ['from nobody', frameOf(tcpFrom('0.0.0.0'))],
      ['from an IPv4 group', frameOf(tcpFrom('239.1.2.3'))],
      ['from an address that is reserved', frameOf(tcpFrom('240.0.0.1'))],
      ['from the loopback network on a wire', frameOf(tcpFrom('127.0.0.1'))],
      ['an IPv6 multicast', frameOf(tcp6Between('fd00::1', 'ff02::1'))],
      ['from an IPv6 group', frameOf(tcp6Between('ff02::1', 'fd00::1'))],
      ['from ::', frameOf(tcp6Between('::', 'fd00::1'))],
      ['from ::1 on a wire', frameOf(tcp6Between('::1', 'fd00::1'))],
      ['a later fragment', frameOf(udp4(64, { fragmentOffset: 10 }))],
      ['the last fragment', frameOf(udp4(64, { fragmentOffset: 10, moreFragments: true }))],
      ['a later IPv6 fragment', frameOf(ipv6({ ...A6, next: 44 }, fragment(UDP, 5, false), udp({})))],
      ['a TCP segment in fragments', frameOf(ipv4({ ...A4, proto: TCP, moreFragments: true }, tcp({ flags: SYN })))],
      ...[3, 4, 5, 11, 12, 19, 255].map(
        (type) => [`ICMP type ${type}`, frameOf(ipv4({ ...A4, proto: 1 }, icmp({ type }, filler(28))))] as const,
      ),
      ...[1, 2, 3, 4, 100, 133, 134, 135, 136, 137].map(
        (type) => [`ICMPv6 type ${type}`, frameOf(ipv6({ ...A6, next: 58 }, icmp({ type }, filler(28))))] as const,
      ),
      ['a data offset below 5', frameOf(tcp4({ flags: SYN, dataOffset: 4 }))],
      ['a data offset beyond the segment', frameOf(tcp4({ flags: SYN, dataOffset: 6 }))],
      ['a TCP header cut short', frameOf(ipv4({ ...A4, proto: TCP }, filler(12)))],
      ['a UDP length of 7', frameOf(ipv4({ ...A4, proto: UDP }, udp({ length: 7 }, filler(4))))],
      ['a UDP length beyond the datagram', frameOf(ipv4({ ...A4, proto: UDP }, udp({ length: 13 }, filler(4))))],
      ['a UDP header cut short', frameOf(ipv4({ ...A4, proto: UDP }, filler(7)))],
      [
        'a routing header with segments left',
        frameOf(ipv6({ ...A6, next: 43 }, Uint8Array.of(UDP, 0, 4, 1, 0, 0, 0, 0), udp({}))),
      ],
      [
        'nine extension headers',
        frameOf(ipv6({ ...A6, next: 60 }, ...Array.from({ length: 8 }, () => extension(60)), extension(UDP), udp({}))),
      ],
      ['ARP', ethernet({ type: 0x0806 }, filler(28))],
      ['something else', ethernet({ type: 0x88cc }, filler(60))],
    ];
    const silent = frames.map(([what, frame]) => [what, withChecksums(frame)] as const);
    const broken: readonly (readonly [string, Uint8Array])[] = [
      ['a wrong IPv4 checksum', wrongSum(frameOf(good), 24)],
      ['a wrong TCP checksum', wrongSum(frameOf(good), 50)],
      ['a wrong TCP checksum over IPv6', wrongSum(frameOf(tcp6({ flags: SYN }, 700)), 70)],
      ['a wrong byte in the last of several pieces', wrongSum(frameOf(tcp4({ flags: ACK }, 1400)), 1450)],
      ['a wrong byte in the first of several pieces', wrongSum(frameOf(tcp4({ flags: ACK }, 1400)), 60)],
      ['a wrong UDP checksum', wrongSum(frameOf(udp4(5)), 43)],
      ['a wrong UDP checksum over IPv6', wrongSum(frameOf(udp6(5)), 64)],
      ['a wrong ICMP checksum', wrongSum(frameOf(ipv4({ ...A4, proto: 1 }, icmp({ type: 8 }, filler(8)))), 45)],
      ['a wrong ICMPv6 checksum', wrongSum(frameOf(ipv6({ ...A6, next: 58 }, icmp({ type: 128 }, filler(8)))), 64)],
    ];
    const lying: readonly (readonly [string, Uint8Array])[] = [
      ['a total length beyond the frame', frameOf(ipv4({ ...A4, proto: UDP, totalLength: 200 }, udp({})))],
      ['a total length below the header', frameOf(ipv4({ ...A4, proto: UDP, totalLength: 19 }, udp({})))],
      ['an IPv4 header of 16 bytes', frameOf(ipv4({ ...A4, proto: UDP, headerLength: 4 }, udp({})))],
      ['an IPv6 payload beyond the frame', frameOf(ipv6({ ...A6, next: UDP, payloadLength: 200 }, udp({})))],
    ];
    for (const [what, frame] of [...silent, ...broken, ...lying]) {
      expect(loaded.testRun(frame).outcome, what).toBe('drop');
    }
    const refused = BigInt(silent.length + broken.length + lying.length);
    expect(loaded.answers()).toEqual({ sent: 0n, limited: 0n, silent: refused });
    // Whereas the packets that some of them were made from are answered.
    for (const datagram of [good, udp4(5), udp6(5), tcp4({ flags: ACK }, 1400)])
      expect(ask(loaded, datagram).outcome).not.toBe('drop');
  });

  test('a UDP datagram without a checksum is answered', async () => {
    using loaded = await load('xdp');
    const frame = withChecksums(frameOf(udp4(5)));
    frame.set([0, 0], 40);
    expect(loaded.testRun(frame).outcome).toBe('transmit');
  });

  test('addresses of the machine itself are answered where frames have none: on loopback', async () => {
    using loaded = await load('xdp');
    const link = { dmac: mac('00:00:00:00:00:00'), smac: mac('00:00:00:00:00:00') };
    const own = ipv4({ src: address('127.0.0.1'), dst: address('127.0.0.1'), proto: TCP }, tcp({ flags: SYN }));
    expect(ask(loaded, own, link).outcome).toBe('transmit');
  });

  test.each(HOOKS)('%s: a burst of 100 on each CPU, then 100 a second; the rest is dropped', async (hook, sent) => {
    using loaded = await load(hook);
    const frame = withChecksums(frameOf(udp4(10)));
    const count = (times: number) => {
      let answered = 0;
      for (let time = 0; time < times; time++) {
        const { outcome } = loaded.testRun(frame);
        if (outcome === sent) answered++;
        else expect(outcome).toBe('drop');
      }
      return answered;
    };
    const started_ms = performance.now();
    const first = count(3000);
    const allowed = () => availableParallelism() * (100 + Math.ceil((performance.now() - started_ms) / 10) + 1);
    expect(first).toBeGreaterThanOrEqual(100);
    expect(first).toBeLessThanOrEqual(allowed());
    // As good as nothing is left at once, and some again after a while.
    expect(count(50)).toBeLessThanOrEqual(availableParallelism() * 100);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const later = count(1000);
    expect(later).toBeGreaterThanOrEqual(45);
    expect(first + later).toBeLessThanOrEqual(allowed());
    // Every one of them counts for the rule, answered or not.
    expect(loaded.counters()[0]?.packets).toBe(4050n);
    const { sent: answered, limited, silent } = loaded.answers() ?? { sent: 0n, limited: 0n, silent: 0n };
    expect([answered + limited, silent]).toEqual([4050n, 0n]);
    expect(answered).toBeGreaterThanOrEqual(BigInt(first + later));
  });
});
