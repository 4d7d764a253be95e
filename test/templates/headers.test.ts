import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headerStruct } from '../../compiler/5-emit/fields.ts';
import type { HeaderRead, Layer } from '../../grammar/fields/field.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { ROOT } from '../house/source-tree.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'pktc-headers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TEMPLATES = path.join(ROOT, 'templates');
const STRICT = ['-target', 'bpf', '-O2', '-g', '-mcpu=v3', '-std=gnu11', '-Wall', '-Wextra', '-Werror', '-nostdinc'];

/** @returns what clang says; empty when it has nothing to object. */
function clang(text: string, flags: readonly string[]): string {
  const file = path.join(folder, 'probe.c');
  writeFileSync(file, text);
  try {
    execFileSync('clang', [...flags, '-fsyntax-only', file], { stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stderr: Buffer }).stderr);
  }
}

/** Where the kernel's own headers hold the same bytes; the tag, the flags and SCTP are not in them as members. */
const KERNEL: Partial<Record<Layer, { struct: string; members: Readonly<Record<string, string>> }>> = {
  ethernet: { struct: 'ethhdr', members: { source: 'h_source', dest: 'h_dest' } },
  mpls: { struct: 'mpls_label', members: { entry: 'entry' } },
  ipv4: {
    struct: 'iphdr',
    members: {
      tos: 'tos',
      tot_len: 'tot_len',
      id: 'id',
      frag_off: 'frag_off',
      ttl: 'ttl',
      saddr: 'saddr',
      daddr: 'daddr',
    },
  },
  ipv6: { struct: 'ipv6hdr', members: { saddr: 'saddr', daddr: 'daddr', hop_limit: 'hop_limit' } },
  tcp: { struct: 'tcphdr', members: { source: 'source', dest: 'dest', seq: 'seq', ack_seq: 'ack_seq', window: 'window' } },
  udp: { struct: 'udphdr', members: { source: 'source', dest: 'dest', len: 'len' } },
  icmp: { struct: 'icmphdr', members: { type: 'type', code: 'code' } },
  icmp6: { struct: 'icmp6hdr', members: { type: 'icmp6_type', code: 'icmp6_code' } },
};

/** Where the kernel's name is another one. */
const THEIR_NAMES: Readonly<Record<string, string>> = {
  PKTC_TYPE_IPV4: 'ETH_P_IP',
  PKTC_TYPE_ETHERNET: 'ETH_P_TEB',
  PKTC_TYPE_VLAN: 'ETH_P_8021Q',
  PKTC_TYPE_IPV6: 'ETH_P_IPV6',
  PKTC_TYPE_MPLS: 'ETH_P_MPLS_UC',
  PKTC_TYPE_MPLS_MULTICAST: 'ETH_P_MPLS_MC',
  PKTC_TYPE_QINQ: 'ETH_P_8021AD',
  PKTC_TYPE_QINQ_OLD: 'ETH_P_QINQ1',
  PKTC_PROTO_IPV4: 'IPPROTO_IPIP',
  PKTC_PROTO_ICMP6: 'IPPROTO_ICMPV6',
  PKTC_GRE_CHECKSUM: '__be16_to_cpu(GRE_CSUM)',
  PKTC_GRE_ROUTING: '__be16_to_cpu(GRE_ROUTING)',
  PKTC_GRE_KEY: '__be16_to_cpu(GRE_KEY)',
  PKTC_GRE_SEQUENCE: '__be16_to_cpu(GRE_SEQ)',
  PKTC_GRE_VERSION: '__be16_to_cpu(GRE_VERSION)',
};

const READS: readonly HeaderRead[] = FIELDS.flatMap((field) => (field.read.kind === 'header' ? field.read.from : []));

const assertion = (struct: string, member: string, read: HeaderRead) =>
  [
    `_Static_assert(__builtin_offsetof(struct ${struct}, ${member}) == ${read.offset}, "${struct}.${member} offset");`,
    `_Static_assert(sizeof(((struct ${struct} *)0)->${member}) == ${read.size}, "${struct}.${member} size");`,
  ].join('\n');

describe('templates', () => {
  const headers = readdirSync(path.join(TEMPLATES, 'include/pktc')).filter((file) => file.endsWith('.h'));
  // Two halves of another header, for the hooks that have them.
  const halves: Readonly<Record<string, string>> = { 'answer_skb.h': 'answer.h', 'answer_xdp.h': 'answer.h' };
  const hookOf = (header: string) => (header.endsWith('_skb.h') ? 'PKTC_HOOK_TC' : 'PKTC_HOOK_XDP');

  it.each(headers)('%s compiles alone', (header) => {
    const defines = `#define PKTC_PAYLOAD_BYTES 16\n#define PKTC_RING_BYTES 4096\n#define PKTC_HOOK ${hookOf(header)}\n`;
    const text = `${defines}#include <pktc/${halves[header] ?? header}>\n`;
    expect(clang(text, [...STRICT, `-I${TEMPLATES}/include`])).toBe('');
  });

  it.each(['XDP', 'TC', 'SOCKET', 'CGROUP'])('compile together for %s: no name stands for two things', (hook) => {
    const elsewhere = (header: string) => /^(?:context|answer)_/.test(header) || (header === 'answer.h' && hook === 'SOCKET');
    const includes = headers.filter((header) => !elsewhere(header)).map((header) => `#include <pktc/${header}>\n`);
    expect(includes.length).toBeGreaterThan(30);
    const text = `#define PKTC_HOOK PKTC_HOOK_${hook}\n#define PKTC_PAYLOAD_BYTES 16\n${includes.join('')}`;
    expect(clang(text, [...STRICT, `-I${TEMPLATES}/include`])).toBe('');
  });

  it.each(readdirSync(path.join(TEMPLATES, 'hooks')))('%s compiles as it stands', (skeleton) => {
    expect(clang(`#include "${TEMPLATES}/hooks/${skeleton}"\n`, [...STRICT, `-I${TEMPLATES}/include`])).toBe('');
  });
});

describe('offsets and widths of the field table', () => {
  it('are those of our headers', () => {
    expect(READS.length).toBeGreaterThan(15);
    const text = READS.map((read) => assertion(headerStruct(read.layer), read.member, read)).join('\n');
    expect(clang(`#include <pktc/headers.h>\n${text}\n`, [...STRICT, `-I${TEMPLATES}/include`])).toBe('');
  });

  it('are those of the kernel', () => {
    const checked = READS.flatMap((read) => {
      const member = KERNEL[read.layer]?.members[read.member];
      return member === undefined ? [] : [assertion(KERNEL[read.layer]?.struct ?? '', member, read)];
    });
    expect(checked.length).toBeGreaterThan(18);
    const includes = ['if_ether', 'mpls', 'ip', 'ipv6', 'tcp', 'udp', 'icmp', 'icmpv6']
      .map((name) => `#include <linux/${name}.h>`)
      .join('\n');
    // Bit fields have no offset there: the flags are the byte before the window, the flow label ends where the length begins.
    const flags = '_Static_assert(__builtin_offsetof(struct tcphdr, window) == 13 + 1, "flags");';
    const flow = '_Static_assert(__builtin_offsetof(struct ipv6hdr, payload_len) == 0 + 4, "flow");';
    expect(clang(`${includes}\n${checked.join('\n')}\n${flags}\n${flow}\n`, ['-Wall', '-Werror'])).toBe('');
  });

  it('and so are the numbers of types and protocols', () => {
    const text = readFileSync(path.join(TEMPLATES, 'include/pktc/headers.h'), 'utf8');
    const tunnels = readFileSync(path.join(TEMPLATES, 'include/pktc/parse_tunnel.h'), 'utf8');
    const ours = [...text.matchAll(/\b(PKTC_(?:TYPE|PROTO)_\w+) = (\w+),/g), ...tunnels.matchAll(/\b(PKTC_GRE_\w+) = (\w+),/g)];
    expect(ours.length).toBeGreaterThan(25);
    const assertions = ours.map(([, name = '', value = '']) => {
      const theirs = THEIR_NAMES[name] ?? name.replace('PKTC_PROTO_', 'IPPROTO_');
      return `_Static_assert(${theirs} == ${value}, "${name}");`;
    });
    const includes = ['linux/types.h', 'netinet/in.h', 'linux/if_ether.h', 'linux/if_tunnel.h', 'asm/byteorder.h'];
    const source = includes.map((one) => `#include <${one}>\n`).join('') + assertions.join('\n');
    expect(clang(`${source}\n`, ['-Wall', '-Werror'])).toBe('');
    expect(clang(`${source.replace('== 0x8100', '== 0x8101')}\n`, ['-Wall'])).toContain('PKTC_TYPE_VLAN');
  });

  it('are really compared', () => {
    const wrong = assertion('iphdr', 'ttl', { layer: 'ipv4', offset: 9, size: 1, member: 'ttl' });
    expect(clang(`#include <linux/ip.h>\n${wrong}\n`, ['-Wall'])).toContain('iphdr.ttl offset');
  });
});
