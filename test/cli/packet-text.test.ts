import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../cli/bench/seeded-random.ts';
import { wishedPacket } from '../../cli/bench/wished-frame.ts';
import { noWishes, wishFor } from '../../cli/bench/wishes.ts';
import { packetText } from '../../cli/detached/packet-text.ts';
import { otherMeanings, ruleChanges } from '../../cli/detached/rule-changes.ts';
import { analyse } from '../../compiler/index.ts';
import type { ManifestRule } from '../../runtime/abi/manifest.ts';

const read = (text: string) => analyse({ name: 'x.rules', text }, { hook: 'xdp' });

const CONDITIONS = [
  'tcp dport 22 flags SYN,!ACK',
  'udp dport 53 src 10.0.0.0/8',
  'src 2001:db8::/32 tcp',
  'icmp6 icmp.type router-advertisement',
  'icmp icmp.type 8',
  'arp',
  'vlan 7 tcp',
  'tcp frag first',
  'frag later',
  'payload contains "a\\"b\\\\c" tcp',
  'payload starts "\\x00\\xff"',
  'tcp.option { mss, window-scale }',
  'ip.options any',
  'proto esp',
  'ethertype 0x88cc',
  'smac 02:00:00:00:00:09',
  'inner(tcp dport 80)',
  'len 100-200',
  'ttl 1',
  'ip.df no',
];

describe('a packet as a test says it', () => {
  test.each(CONDITIONS)('%s', (condition) => {
    const { program, diagnostics } = read(`match ${condition} -> count\n`);
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    const random = seededRandom(3);
    let [said, inWords] = [0, 0];
    for (let tries = 0; tries < 30; tries++) {
      const wishes = noWishes();
      wishFor(program.rules[0]!.condition, false, wishes, random);
      const made = wishedPacket(wishes, random, tries % 2 === 0 ? null : 'eth0');
      if (made === null) continue;
      said++;
      const text = packetText(made.packet);
      const again = read(`match any -> count\ntest "x" { packet ${text} expect pass }\n`);
      expect(again.diagnostics, text).toEqual([]);
      const [packet] = again.tests[0]?.cases ?? [];
      if (packet?.kind !== 'packet') throw new Error(`no packet: ${text}`);
      if (!text.startsWith('frame ')) inWords++;
      expect(Buffer.from(packet.frame).toString('hex'), text).toBe(Buffer.from(made.frame).toString('hex'));
      expect(packet.about.iface ?? null).toBe(made.packet.iface);
    }
    expect(said).toBeGreaterThan(0);
    expect(inWords).toBe(said);
  });
});

describe('what is different between two sets of rules', () => {
  const manifest = (text: string) => {
    const { program } = read(text);
    const rules = program.rules.map(({ name, identity, line, span, actions }): ManifestRule => {
      return {
        name,
        identity,
        line,
        text: text.slice(span.start, span.end),
        verdict: actions.verdict,
        logs: actions.log !== null,
      };
    });
    return { rules, default_verdict: program.defaultVerdict, program };
  };
  const changes = (before: string, now: string) => {
    const [old, next] = [manifest(before), manifest(now)];
    const programs = { before: old.program, now: next.program };
    return { ...ruleChanges(old as never, next as never, programs), meanings: otherMeanings(programs) };
  };

  test('changed, added, removed, moved, another default', () => {
    const found = changes(
      'a: match tcp -> drop\nb: match udp -> drop\nc: match icmp -> count\nmatch dport 1 tcp -> drop\n',
      'default drop\nb: match udp -> drop\na: match tcp dport 1-9 -> drop\nd: match arp -> pass\nmatch tcp dport 2 -> drop\n',
    );
    expect(found.changed.map(({ now }) => now.text)).toEqual(['a: match tcp dport 1-9 -> drop']);
    expect(found.added.map(({ text }) => text)).toEqual(['d: match arp -> pass', 'match tcp dport 2 -> drop']);
    expect(found.removed.map(({ text }) => text)).toEqual(['c: match icmp -> count', 'match dport 1 tcp -> drop']);
    expect([found.moved, found.default_verdict]).toEqual([true, { before: 'pass', now: 'drop' }]);
    expect(found.meanings).toHaveLength(5);
  });

  test('a list that another rule names is looked at where it differs', () => {
    const rules = (list: string) => `let bad = { ${list} }\nmatch src bad tcp dport 80 -> drop\nmatch udp -> drop\n`;
    const found = changes(rules('10.0.0.1, 10.0.0.3'), rules('10.0.0.1, 10.0.0.3, 10.0.0.9'));
    expect([found.changed, found.added, found.removed, found.moved]).toEqual([[], [], [], false]);
    expect(found.reread.map(({ text }) => text)).toEqual(['match src bad tcp dport 80 -> drop']);
    const [meaning] = found.meanings;
    expect(found.meanings).toHaveLength(1);
    const ranges = JSON.stringify(meaning?.now).match(/"v4":(\[\[.*?\]\])/)?.[1];
    expect(ranges).toBe('[[167772169,167772169]]');
    expect(changes(rules('10.0.0.1'), rules('10.0.0.1')).meanings).toEqual([]);
  });
});
