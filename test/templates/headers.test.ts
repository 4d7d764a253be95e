import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
  ipv4: { struct: 'iphdr', members: { tos: 'tos', tot_len: 'tot_len', ttl: 'ttl', saddr: 'saddr', daddr: 'daddr' } },
  ipv6: { struct: 'ipv6hdr', members: { saddr: 'saddr', daddr: 'daddr', hop_limit: 'hop_limit' } },
  tcp: { struct: 'tcphdr', members: { source: 'source', dest: 'dest', window: 'window' } },
  udp: { struct: 'udphdr', members: { source: 'source', dest: 'dest' } },
  icmp: { struct: 'icmphdr', members: { type: 'type', code: 'code' } },
  icmp6: { struct: 'icmp6hdr', members: { type: 'icmp6_type', code: 'icmp6_code' } },
};

const READS: readonly HeaderRead[] = FIELDS.flatMap((field) => (field.read.kind === 'header' ? field.read.from : []));

const assertion = (struct: string, member: string, read: HeaderRead) =>
  [
    `_Static_assert(__builtin_offsetof(struct ${struct}, ${member}) == ${read.offset}, "${struct}.${member} offset");`,
    `_Static_assert(sizeof(((struct ${struct} *)0)->${member}) == ${read.size}, "${struct}.${member} size");`,
  ].join('\n');

describe('templates', () => {
  const headers = readdirSync(path.join(TEMPLATES, 'include/pktc')).filter((file) => file.endsWith('.h'));
  it.each(headers)('%s compiles alone', (header) => {
    const text = `#define PKTC_PAYLOAD_BYTES 16\n#define PKTC_RING_BYTES 4096\n#include <pktc/${header}>\n`;
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
    expect(checked.length).toBeGreaterThan(12);
    const includes = ['if_ether', 'ip', 'ipv6', 'tcp', 'udp', 'icmp', 'icmpv6']
      .map((name) => `#include <linux/${name}.h>`)
      .join('\n');
    // The flags are bit fields there: they are the byte before the window.
    const flags = '_Static_assert(__builtin_offsetof(struct tcphdr, window) == 13 + 1, "flags");';
    expect(clang(`${includes}\n${checked.join('\n')}\n${flags}\n`, ['-Wall', '-Werror'])).toBe('');
  });

  it('are really compared', () => {
    const wrong = assertion('iphdr', 'ttl', { layer: 'ipv4', offset: 9, size: 1, member: 'ttl' });
    expect(clang(`#include <linux/ip.h>\n${wrong}\n`, ['-Wall'])).toContain('iphdr.ttl offset');
  });
});
