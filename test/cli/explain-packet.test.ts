import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { concat, frameOf, hex, ipv4, tcp, udp } from '../packets/build-packet.ts';
import { pktc, RAW_CONTROL, temporaryFolder } from './pktc.ts';

const RULES = `web: match tcp dport { 80, 443 } -> pass
ssh: match tcp dport 22 flags SYN,!ACK -> drop
match udp -> drop
`;
const SYN = frameOf(ipv4({ proto: 6 }, tcp({ dport: 22, flags: 2 })));
const DNS = frameOf(ipv4({ proto: 17 }, udp({ dport: 53 })));

const folder = temporaryFolder();
const rules = path.join(folder, 'edge.rules');
writeFileSync(rules, RULES);

/** Little-endian, microseconds, Ethernet. */
function capture(name: string, frames: readonly Uint8Array[], extra_len = 0): string {
  const words = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
  const file = path.join(folder, name);
  const records = frames.map((frame) => concat(words(0, 0, frame.length, frame.length + extra_len), frame));
  writeFileSync(file, concat(words(0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1), ...records));
  return file;
}

const office = capture('office:1.pcap', [DNS, SYN]);
const explain = (...parameters: readonly string[]) => pktc(['explain', rules, ...parameters]);

describe('pktc explain FILE --packet', () => {
  test('names the rule that decides, what each comparison found, and where', async () => {
    const { code, stdout } = await explain('--packet', hex(SYN));
    expect(code).toBe(0);
    expect(stdout).toContain(`packet: ${SYN.length} bytes, tcp SYN 10.0.0.1:40000 → 10.0.0.2:22`);
    expect(stdout).toContain(`drop at xdp, by \`ssh\`, ${rules}:2`);
    expect(stdout).toContain('✗ dport { 80, 443 }  dport is 22, bytes 36-37: 00 16');
    expect(stdout).toContain('✓ flags SYN,!ACK  flags is SYN, byte 47: 02');
    expect(stdout).toContain('1 rule behind it was not reached');
    expect(stdout).not.toContain('match udp');
    expect(stdout).not.toMatch(RAW_CONTROL);
  });

  test('marks the bytes that mattered to the rule that decided', async () => {
    const { stdout } = await explain('--packet', hex(SYN));
    const dump = stdout.slice(stdout.indexOf('0000  '));
    const marked = dump.split('\n').flatMap((line, row, lines) => {
      const bytes = lines[row - 1] ?? '';
      return /^[ ^]+$/.test(line) ? [...line.matchAll(/\^\^/g)].map(({ index }) => bytes.slice(index, index + 2)) : [];
    });
    // The protocol, the two bytes of the port, the flags.
    expect(marked).toEqual(['06', '00', '16', '02']);
  });

  test('the digits may be grouped, and come from standard input', async () => {
    const grouped = hex(SYN)
      .toUpperCase()
      .replace(/(..)(..)/g, '$1:$2 ');
    const { stdout } = await explain('--packet', grouped);
    expect(stdout).toContain('drop at xdp');
    for (const spelled of [['--packet', '-'], ['--packet=-']]) {
      const piped = await pktc(['explain', rules, ...spelled], { input: `${grouped}\n` });
      expect(piped.stdout).toBe(stdout);
    }
    const rulesPiped = await pktc(['explain', '-', '--packet', grouped], { input: RULES });
    expect(rulesPiped.stdout).toContain('drop at xdp, by `ssh`, <stdin>:2');
  });

  test.each([
    ['zz', 'has `z` among its hex digits'],
    ['abc', 'has 3 hex digits'],
    [' : ', 'the packet is empty'],
  ])('%j is no packet', async (text, message) => {
    const { code, stdout, stderr } = await explain('--packet', text);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
  });

  test('a cut packet is explained as far as it goes', async () => {
    const { code, stdout } = await explain('--packet', '02');
    expect(code).toBe(0);
    expect(stdout).toContain('proto is absent: the Ethernet header needs 14 bytes');
    expect(stdout).toContain('pass at xdp, the default');
  });
});

describe('pktc explain FILE --pcap', () => {
  test('takes the packet of that number', async () => {
    const { stdout } = await explain('--pcap', `${office}:2`);
    expect(stdout).toContain(`packet 2: ${SYN.length} bytes`);
    expect((await explain('--pcap', `${office}:1`)).stdout).toContain(`drop at xdp, by the rule in ${rules}:3`);
  });

  test('says when the capture cut it', async () => {
    const { stdout } = await explain('--pcap', `${capture('cut.pcap', [SYN], 1000)}:1`);
    expect(stdout).toContain(`${SYN.length} bytes (cut by the capture; ${SYN.length + 1000} on the wire)`);
  });

  test.each([
    ['0', 'has 2 packets, and no packet 0'],
    ['3', 'has 2 packets, and no packet 3'],
  ])('there is no packet %s', async (number, message) => {
    const { code, stderr } = await explain('--pcap', `${office}:${number}`);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test('a place without a number, and one without a file', async () => {
    for (const place of [office.replace(':1', ''), ':3', `${office}:x`, `${office}:-1`]) {
      const { code, stderr } = await explain('--pcap', place);
      expect(code, place).toBe(2);
      expect(stderr).toContain('names no packet of a capture');
    }
    expect((await explain('--pcap', '/nowhere.pcap:1')).stderr).toContain('there is no such file');
  });
});

describe('which rules are shown', () => {
  test('--all: those behind the one that decides too', async () => {
    const { stdout } = await explain('--packet', hex(SYN), '--all');
    expect(stdout).toContain('does not match, and was not reached: match udp -> drop');
  });

  test('--rule: that one, by label or place', async () => {
    const { stdout } = await explain('--packet', hex(SYN), '--rule', 'web');
    expect(stdout).toContain('`web`');
    expect(stdout).not.toContain('flags SYN,!ACK');
    expect((await explain('--packet', hex(SYN), '--rule', 'edge.rules:3')).code).toBe(0);
    const wrong = await explain('--packet', hex(SYN), '--rule', 'wbe');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('there is no rule `wbe`');
  });

  test('--limit: those that match and those that nearly do, and how many are missing', async () => {
    const many = path.join(folder, 'many.rules');
    const ports = Array.from({ length: 60 }, (_, at) => `match tcp dport ${1000 + at} ttl 1 -> drop`);
    writeFileSync(many, `hit: match tcp -> count\n${ports.join('\n')}\nnear: match tcp dport 22 ttl 9 -> drop\n`);
    const { stdout } = await pktc(['explain', many, '--packet', hex(SYN)]);
    expect(stdout).toContain('`hit`');
    expect(stdout).toContain('`near`');
    expect(stdout).toContain('42 rules further from matching are not shown');
    const two = JSON.parse((await pktc(['explain', many, '--packet', hex(SYN), '--limit', '2', '--json'])).stdout);
    expect(two.rules.map(({ rule }: { rule: string }) => rule)).toEqual(['hit', 'near']);
    expect(two.left_out).toBe(60);
    expect((await explain('--packet', hex(SYN), '--limit', '0')).code).toBe(2);
  });
});

test('--json is as docs/output.md has it', async () => {
  const { stdout } = await explain('--packet', hex(SYN), '--json');
  const { rules: shown, ...rest } = JSON.parse(stdout);
  expect(rest).toEqual({
    packet: null,
    len: SYN.length,
    original_len: SYN.length,
    frame_hex: hex(SYN),
    hook: 'xdp',
    verdict: 'drop',
    rule: 'ssh',
    left_out: 0,
    not_reached: 1,
  });
  expect(shown).toHaveLength(2);
  expect(shown[1]).toMatchObject({ rule: 'ssh', file: rules, line: 2, verdict: 'drop', matched: true, reached: true });
  expect(shown[1].predicates[1]).toEqual({
    predicate: 'dport 22',
    field: 'dport',
    inner: false,
    negated: false,
    holds: true,
    satisfied: true,
    value: '22',
    absent: null,
    bytes: { start: 36, end: 38, hex: '0016' },
  });
});

test('interface, mark and direction', async () => {
  const marked = path.join(folder, 'marked.rules');
  writeFileSync(marked, 'hook tc\nm: match mark 7 iface "veth*" direction egress -> drop\n');
  const about = ['--mark', '0x7', '--iface', 'veth3', '--direction', 'egress'];
  expect((await pktc(['explain', marked, '--packet', hex(SYN), ...about])).stdout).toContain('drop at tc, by `m`');
  const { stdout } = await pktc(['explain', marked, '--packet', hex(SYN)]);
  expect(stdout).toContain('iface is absent');
  expect((await pktc(['explain', marked, '--packet', hex(SYN), '--mark', '99999999999'])).code).toBe(2);
});

describe('what is wrong', () => {
  test('rules with errors: 3', async () => {
    const broken = path.join(folder, 'broken.rules');
    writeFileSync(broken, 'match dprt 22 -> drop\n');
    const { code, stdout, stderr } = await pktc(['explain', broken, '--packet', hex(SYN)]);
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toContain('dprt');
  });

  test('a packet without a rule file, two packets', async () => {
    expect((await pktc(['explain', '--packet', hex(SYN)])).stderr).toContain('name a rule file');
    expect((await explain('--packet', hex(SYN), '--pcap', `${office}:1`)).code).toBe(2);
    expect((await pktc(['explain', '-', '--packet', '-'])).stderr).toContain('cannot both come from standard input');
  });
});

test('colour on demand only', async () => {
  const { stdout } = await pktc(['explain', rules, '--packet', hex(SYN)], { env: { FORCE_COLOR: '1' } });
  expect(stdout).toContain('\x1b[');
});
