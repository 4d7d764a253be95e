/** The bytes of test packets, as Wireshark reads them: every length and checksum right, every setting where it belongs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePcap } from '../../runtime/capture/write-capture.ts';
import { wiresharkMissing } from '../capture/wireshark.ts';
import { createRandom } from '../packets/random.ts';
import { randomPacket } from './packet-texts.ts';
import { frameOf } from './resolved-tests.ts';

const missing = wiresharkMissing();
if (missing !== null) console.warn(`skipped: test packets against tshark: ${missing}`);

const folder = mkdtempSync(path.join(tmpdir(), 'pktc-rule-tests-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PREFERENCES = ['ip.check_checksum:TRUE', 'tcp.check_checksum:TRUE', 'udp.check_checksum:TRUE', 'sctp.checksum:CRC-32C'];
const STATUS = ['ip', 'tcp', 'udp', 'icmp', 'icmpv6', 'sctp'].map((name) => `${name}.checksum.status`);
const GOOD = '1';

/** The fields of each frame as Wireshark prints them, several values with commas between. */
function readByWireshark(frames: readonly Uint8Array[], fields: readonly string[]): readonly (readonly string[])[] {
  const file = path.join(folder, 'packets.pcap');
  writeFileSync(file, writePcap(frames.map((data, index) => ({ time_ns: BigInt(index) * 1_000_000_000n, data }))));
  const parameters = [...PREFERENCES.flatMap((one) => ['-o', one]), ...fields.flatMap((field) => ['-e', field])];
  const text = execFileSync('tshark', ['-n', '-2', '-r', file, '-T', 'fields', ...parameters], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return text
    .split('\n')
    .slice(0, frames.length)
    .map((row) => row.split('\t'));
}

/** A packet, and one field in which Wireshark shows what was asked for. */
const SETTINGS: readonly (readonly [packet: string, field: string, shown: string])[] = [
  ['tcp 10.1.2.3:4000 > 192.0.2.1:22', 'ip.src', '10.1.2.3'],
  ['tcp 10.1.2.3:4000 > 192.0.2.1:22', 'tcp.dstport', '22'],
  ['tcp [fd00::1]:4000 > [2001:db8::2]:22', 'ipv6.dst', '2001:db8::2'],
  ['tcp [fd00::1]:4000 > [2001:db8::2]:22', 'tcp.srcport', '4000'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:2', 'tcp.flags.str', '·······A····'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:2 flags SYN', 'tcp.flags.str', '··········S·'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:2 flags none', 'tcp.flags.str', '············'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:2 flags FIN,PSH,URG', 'tcp.flags.str', '······U·P··F'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:2 tcp.seq 4294967295', 'tcp.seq_raw', '4294967295'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:2 tcp.ack 77', 'tcp.ack_raw', '77'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:2 tcp.window 0', 'tcp.window_size_value', '0'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:2 tcp.mss 536', 'tcp.options.mss_val', '536'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:2 tcp.option nop,window-scale,timestamps', 'tcp.option_kind', '1,3,8,0,0'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:2 tcp.hdrlen 24', 'tcp.hdr_len', '24'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:2 payload "GET /\\r\\n"', 'tcp.payload', '474554202f0d0a'],
  ['tcp 10.0.0.1:1 > 10.0.0.2:2 payload.len 100', 'tcp.len', '100'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 payload "ab" payload.len 4', 'udp.payload', '61620000'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 udp.len 99', 'udp.length', '99'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 vlan 10 vlan.pcp 5', 'vlan.priority', '5'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 vlan 10 vlan 20', 'vlan.id', '20'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 vlan 10 vlan 20', 'ieee8021ad.id', '10'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 smac 02:aa:00:00:00:01', 'eth.src', '02:aa:00:00:00:01'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 dmac broadcast', 'eth.dst', 'ff:ff:ff:ff:ff:ff'],
  ['udp 10.0.0.1:1 > 239.1.2.3:2', 'eth.dst', '01:00:5e:01:02:03'],
  ['udp [fe80::1]:1 > [ff02::fb]:2', 'eth.dst', '33:33:00:00:00:fb'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 ttl 3', 'ip.ttl', '3'],
  ['udp [fd00::1]:1 > [fd00::2]:2 ttl 3', 'ipv6.hlim', '3'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 dscp ef ecn ce', 'ip.dsfield', '0xbb'],
  ['udp [fd00::1]:1 > [fd00::2]:2 dscp ef ecn ce', 'ipv6.tclass', '0x000000bb'],
  ['udp [fd00::1]:1 > [fd00::2]:2 ip6.flow 0x12345', 'ipv6.flow', '0x012345'],
  ['udp [fd00::1]:1 > [fd00::2]:2 ip6.ext hop-by-hop,routing,destination', 'ipv6.nxt', '0'],
  ['udp [fd00::1]:1 > [fd00::2]:2 ip6.ext hop-by-hop,routing,destination', 'udp.dstport', '2'],
  ['udp [fd00::1]:1 > [fd00::2]:2 ip6.ext ah', 'ah.spi', '0x00000100'],
  ['udp [fd00::1] > [fd00::2] frag later', 'ipv6.fraghdr.offset', '185'],
  ['udp 10.0.0.1 > 10.0.0.2 frag later', 'ip.frag_offset', '185'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 frag first', 'ip.flags.mf', '1'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 ip.df 1', 'ip.flags.df', '1'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 ip.id 500', 'ip.id', '0x01f4'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 ip.len 28', 'ip.len', '28'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 ip.options router-alert', 'ip.opt.type', '148'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 mpls.label 100', 'mpls.label', '100'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 len 60', 'frame.len', '60'],
  ['udp 10.0.0.1:1 > 10.0.0.2:2 cut 30', 'frame.len', '30'],
  ['icmp 10.0.0.1 > 10.0.0.2', 'icmp.type', '8'],
  ['icmp 10.0.0.1 > 10.0.0.2 icmp.type destination-unreachable icmp.code 3', 'icmp.code', '3'],
  ['icmp6 fd00::1 > fd00::2', 'icmpv6.type', '128'],
  ['icmp6 fe80::1 > ff02::1 icmp.type router-advertisement ttl 255', 'icmpv6.type', '134'],
  ['sctp 10.0.0.1:1 > 10.0.0.2:5060', 'sctp.dstport', '5060'],
  ['ip 10.0.0.1 > 10.0.0.2 proto esp payload "12345678"', 'ip.proto', '50'],
  ['ip6 fd00::1 > fd00::2 proto 89', 'ipv6.nxt', '89'],
  ['arp 10.0.0.1 > 10.0.0.2', 'arp.dst.proto_ipv4', '10.0.0.2'],
  ['ethernet 02:00:00:00:00:01 > 01:80:c2:00:00:0e ethertype lldp payload "\\x00\\x00"', 'eth.type', '0x88cc'],
  ['frame hex "ffffffffffff 020000000001 0806"', 'eth.dst', 'ff:ff:ff:ff:ff:ff'],
  ['udp 10.0.0.1 > 10.0.0.2 vxlan.vni 42 vxlan(tcp 10.1.0.1:5 > 10.1.0.2:80)', 'vxlan.vni', '42'],
  ['udp 10.0.0.1 > 10.0.0.2 vxlan(tcp 10.1.0.1:5 > 10.1.0.2:80 vlan 7)', 'vlan.id', '7'],
  ['udp 10.0.0.1 > 10.0.0.2 geneve.vni 43 geneve(icmp6 fd00::1 > fd00::2)', 'geneve.vni', '0x00002b'],
  ['ip 10.0.0.1 > 10.0.0.2 gre.key 9 gre(tcp [fd00::1]:1 > [fd00::2]:80)', 'gre.key', '0x00000009'],
  ['ip6 fd00::1 > fd00::2 gre(tcp 10.0.0.1:1 > 10.0.0.2:80 vlan 3)', 'gre.proto', '0x6558'],
  ['ip 10.0.0.1 > 10.0.0.2 ipip(tcp [fd00::1]:1 > [fd00::2]:80)', 'ip.proto', '41'],
  ['ip6 fd00::1 > fd00::2 ipip(tcp 10.0.0.1:1 > 10.0.0.2:80)', 'ipv6.nxt', '4'],
];

describe.skipIf(missing !== null)('a setting', () => {
  let rows: readonly (readonly string[])[] = [];
  const fields = [...new Set(SETTINGS.map(([, field]) => field))];
  beforeAll(() => {
    rows = readByWireshark(
      SETTINGS.map(([packet]) => frameOf(packet)),
      fields,
    );
  });

  it.each(SETTINGS.map(([packet, field, shown], index) => ({ packet, field, shown, index })))(
    '$packet: $field is $shown',
    ({ field, shown, index }) => {
      expect(rows[index]?.[fields.indexOf(field)]).toBe(shown);
    },
  );
});

describe.skipIf(missing !== null)('random packets', () => {
  it('have right checksums and lengths, inside tunnels too', () => {
    const random = createRandom(7);
    const packets = Array.from({ length: 600 }, () => randomPacket(random));
    const frames = packets.map(frameOf);
    const rows = readByWireshark(frames, [...STATUS, 'ip.len', 'ipv6.plen', '_ws.expert.message']);
    let checked = 0;
    for (const [index, packet] of packets.entries()) {
      const row = rows[index] ?? [];
      const states = row.slice(0, STATUS.length).flatMap((cell) => (cell === '' ? [] : cell.split(',')));
      checked += states.length;
      expect(
        states.filter((state) => state !== GOOD),
        packet,
      ).toEqual([]);
      expect(row.at(-1), packet).not.toMatch(/exceeds packet length|bogus.*length|checksum/i);
    }
    expect(checked).toBeGreaterThan(packets.length);
  });
});

describe('a packet', () => {
  const hex = (packet: string): string => Buffer.from(frameOf(packet)).toString('hex');

  it('is padded with zeros behind the datagram, and cut as asked', () => {
    const plain = hex('udp 10.0.0.1:1 > 10.0.0.2:2');
    expect(hex('udp 10.0.0.1:1 > 10.0.0.2:2 len 60')).toBe(plain.padEnd(120, '0'));
    expect(hex('udp 10.0.0.1:1 > 10.0.0.2:2 len 60 cut 20')).toBe(plain.slice(0, 40));
  });

  it('is the same whatever the order of its settings', () => {
    const settings = ['flags SYN', 'ttl 3', 'vlan 9', 'tcp.mss 100', 'ip.id 2', 'payload "x"', 'dscp ef'];
    const ends = 'tcp 10.0.0.1:1 > 10.0.0.2:2';
    expect(hex(`${ends} ${settings.toReversed().join(' ')}`)).toBe(hex(`${ends} ${settings.join(' ')}`));
  });

  it('has no transport header when it is a later fragment', () => {
    expect(hex('tcp 10.0.0.1 > 10.0.0.2 frag later payload "abc"').slice(-6)).toBe('616263');
    expect(frameOf('tcp 10.0.0.1 > 10.0.0.2 frag later payload "abc"')).toHaveLength(14 + 20 + 3);
  });

  it('never has a UDP checksum of 0, which would say that there is none', () => {
    const checksum = (packet: string): string => hex(packet).slice(80, 84);
    const ends = 'udp 10.0.0.1:1 > 10.0.0.2:2';
    const sum = checksum(`${ends} payload "\\x00\\x00"`);
    // What is missing to the sum of all ones, as data.
    expect(checksum(`${ends} payload "\\x${sum.slice(0, 2)}\\x${sum.slice(2)}"`)).toBe('ffff');
  });
});
