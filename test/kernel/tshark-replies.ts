/** What tshark makes of answers to packets: whether each of their checksums is right, and what they say. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePcap } from '../../runtime/capture/write-capture.ts';

/** Fields of tshark by name, as text; an absent one is empty. Of those that occur twice, the quoted packet's is the second. */
export type Reply = Readonly<Record<(typeof FIELDS)[number], readonly string[]>>;

const FIELDS = [
  'eth.src',
  'eth.dst',
  'ieee8021ad.id',
  'vlan.id',
  'frame.len',
  'ip.src',
  'ip.dst',
  'ip.len',
  'ip.ttl',
  'ip.flags.df',
  'ip.checksum.status',
  'ipv6.src',
  'ipv6.dst',
  'ipv6.plen',
  'ipv6.hlim',
  'tcp.srcport',
  'tcp.dstport',
  'tcp.flags',
  'tcp.seq_raw',
  'tcp.ack_raw',
  'tcp.checksum.status',
  'tcp.hdr_len',
  'udp.srcport',
  'udp.dstport',
  'icmp.type',
  'icmp.code',
  'icmp.checksum.status',
  'icmpv6.type',
  'icmpv6.code',
  'icmpv6.checksum.status',
  '_ws.malformed',
] as const;

const CHECKED = ['ip.check_checksum', 'tcp.check_checksum', 'udp.check_checksum'];

/** tshark: 1 is right, 0 wrong, 2 not checked. */
export const RIGHT = '1';

export function readReplies(frames: readonly Uint8Array[]): readonly Reply[] {
  const directory = mkdtempSync(join(tmpdir(), 'pktc-replies-'));
  try {
    const file = join(directory, 'replies.pcap');
    writeFileSync(file, writePcap(frames.map((data, at) => ({ time_ns: BigInt(at), data }))));
    return readPcap(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function readPcap(file: string, filter = ''): readonly Reply[] {
  const text = execFileSync(
    'tshark',
    [
      ...['-n', '-r', file, '-T', 'fields', '-E', 'separator=;', '-E', 'occurrence=a', '-E', 'aggregator=,'],
      ...CHECKED.flatMap((preference) => ['-o', `${preference}:TRUE`]),
      ...FIELDS.flatMap((field) => ['-e', field]),
      ...(filter === '' ? [] : ['-Y', filter]),
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const cells = line.split(';');
    const entries = FIELDS.map((field, at) => [field, (cells[at] ?? '').split(',').filter((cell) => cell !== '')]);
    return Object.fromEntries(entries) as Reply;
  });
}
