import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Expression } from '../../compiler/2-resolve/program.ts';
import { meaning, resolved } from './resolved.ts';

const V4 = 2 ** 32 - 1;
const V6 = 2n ** 128n - 1n;

describe('numbers', () => {
  it('compare as JavaScript does, within the bits of the field', () => {
    const cases = fc.record({
      field: fc.constantFrom({ name: 'ttl', top: 255 }, { name: 'dscp', top: 63 }, { name: 'ecn', top: 3 }),
      operator: fc.constantFrom('', '=', '!=', '<', '<=', '>', '>=', 'in'),
      value: fc.nat(255),
    });
    fc.assert(
      fc.property(cases, ({ field, operator, value }) => {
        fc.pre(value <= field.top);
        const { program, codes } = resolved(`match ${field.name} ${operator} ${value} -> count`);
        expect(codes).toEqual([]);
        const condition = program.rules[0]?.condition as Expression & { readonly kind: 'in' };
        for (let probe = 0; probe <= field.top; probe += 1) {
          const inside = condition.ranges.some(([first, last]) => first <= probe && probe <= last);
          const compare = { '': probe === value, '=': probe === value, in: probe === value, '!=': probe !== value };
          const order = { '<': probe < value, '<=': probe <= value, '>': probe > value, '>=': probe >= value };
          expect(inside).toBe({ ...compare, ...order }[operator as '=']);
        }
        expect(condition.ranges.every(([first, last]) => first >= 0 && last <= field.top)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('are canonical: sorted, merged, the complement within the bits', () => {
    expect(meaning('dport { 443, 80, 8000-8100, 8101, 8050-8060, 80 }')).toBe('dport:80,443,8000-8101');
    expect(meaning('dport != { 0, 80 }')).toBe('dport:1-79,81-65535');
    expect(meaning('vlan != 5')).toBe('vlan:0-4,6-4095');
    expect(meaning('len >= 1k')).toBe('len:1000-4294967295');
    expect(meaning('payload.len != 0')).toBe('payload.len:1-4294967295');
    expect(meaning('dport any')).toBe('dport?');
    expect(meaning('dport = any')).toBe('dport?');
  });

  it('have names where the table gives them', () => {
    expect(meaning('proto { tcp, 17, icmp6 }')).toBe('proto:6,17,58');
    expect(meaning('proto tcp')).toBe('proto:6');
    expect(meaning('ethertype ip6')).toBe('ethertype:34525');
    expect(meaning('dscp >= af41')).toBe('dscp:34-63');
    expect(meaning('frag != later')).toBe('frag:0-1,3');
    expect(meaning('direction ingress')).toBe('direction:0');
  });

  it('names of icmp.type mean their number in each protocol', () => {
    const icmp = 'ethertype:2048 proto:1';
    const icmp6 = 'ethertype:34525 proto:58';
    expect(meaning('icmp.type echo-request')).toBe(`any(all(${icmp} icmp.type:8) all(${icmp6} icmp.type:128))`);
    expect(meaning('icmp icmp.type echo-request')).toBe(`all(${icmp} icmp.type:8)`);
    expect(meaning('icmp6 not icmp.type echo-request')).toBe(`all(${icmp6} not(icmp.type:128))`);
    expect(meaning('icmp.type { 3, neighbor-solicitation }')).toBe(
      `any(all(${icmp} icmp.type:3) all(${icmp6} icmp.type:3,135))`,
    );
    expect(meaning('icmp.type neighbor-solicitation')).toBe(`all(${icmp6} icmp.type:135)`);
    expect(meaning('icmp.type != neighbor-solicitation')).toBe(
      `any(all(${icmp} icmp.type:0-255) all(${icmp6} icmp.type:0-134,136-255))`,
    );
    expect(meaning('icmp.type { 3, 4 }')).toBe('icmp.type:3-4');
  });
});

describe('addresses', () => {
  it('match in their own family, and != all of the other', () => {
    expect(meaning('src 10.0.0.0/8')).toBe('src:4[167772160-184549375]6[]');
    expect(meaning('src 10.0.0.0-10.0.0.3')).toBe('src:4[167772160-167772163]6[]');
    expect(meaning('src { 0.0.0.1, ::1, 0.0.0.0 }')).toBe('src:4[0-1]6[1]');
    expect(meaning('src != 0.0.0.0')).toBe(`src:4[1-${V4}]6[0-${V6}]`);
    expect(meaning('src != { ::/1, 0.0.0.0/0 }')).toBe(`src:4[]6[${2n ** 127n}-${V6}]`);
    expect(meaning('src any')).toBe('src?');
  });

  it('addr and port are either of two, and neither with !=', () => {
    expect(meaning('addr 0.0.0.1')).toBe('any(src:4[1]6[] dst:4[1]6[])');
    expect(meaning('addr != 0.0.0.0')).toBe(`all(src:4[1-${V4}]6[0-${V6}] dst:4[1-${V4}]6[0-${V6}])`);
    expect(meaning('port 53')).toBe('any(sport:53 dport:53)');
    expect(meaning('port < 2')).toBe('any(sport:0-1 dport:0-1)');
    expect(meaning('port != 0')).toBe('all(sport:1-65535 dport:1-65535)');
    expect(meaning('port any')).toBe('any(sport? dport?)');
    expect(meaning('not port 53')).toBe('not(any(sport:53 dport:53))');
  });
});

describe('MAC addresses', () => {
  it('are numbers, and a bit for multicast', () => {
    expect(meaning('smac 00:00:00:00:00:05')).toBe('smac:5');
    expect(meaning('dmac broadcast')).toBe(`dmac:${2 ** 48 - 1}`);
    expect(meaning('dmac multicast')).toBe('dmac&1099511627776=1099511627776');
    expect(meaning('dmac != multicast')).toBe('dmac&1099511627776=0');
    expect(meaning('dmac { multicast, 00:00:00:00:00:05 }')).toBe('any(dmac:5 dmac&1099511627776=1099511627776)');
    expect(meaning('dmac != { multicast, 00:00:00:00:00:00 }')).toBe('all(dmac:1-281474976710655 dmac&1099511627776=0)');
    expect(meaning('smac 00:00:00:00:00:00-00:00:00:00:00:09')).toBe('smac:0-9');
    expect(meaning('smac & 02:00:00:00:00:00 = 02:00:00:00:00:00')).toBe('smac&2199023255552=2199023255552');
  });
});

describe('flags', () => {
  it('mean what docs/packets.md says', () => {
    const cases = {
      'flags SYN': 'flags&2=2',
      'flags SYN,!ACK': 'flags&18=2',
      'flags !ACK': 'flags&16=0',
      'flags !SYN,ACK': 'flags&18=16',
      'flags SYN,ACK': 'flags&18=18',
      'flags = SYN': 'flags&255=2',
      'flags = SYN,ACK': 'flags&255=18',
      'flags != SYN': 'flags:0-1,3-255',
      'flags {SYN, RST}': 'flags&6!=0',
      'flags none': 'flags&255=0',
      'flags = none': 'flags&255=0',
      'flags { none }': 'flags&255=0',
      'flags != none': 'flags&255!=0',
      'flags any': 'flags?',
      'flags = FIN,SYN,RST,PSH,ACK,URG,ECE,CWR': 'flags&255=255',
      'flags != FIN,SYN,RST,PSH,ACK,URG,ECE,CWR': 'flags:0-254',
    };
    for (const [text, means] of Object.entries(cases)) expect(meaning(text), text).toBe(means);
    expect(meaning('flags quiet', 'let quiet = { FIN, URG }')).toBe('flags&33!=0');
    expect(meaning('flags opening,!ACK', 'let opening = SYN')).toBe('flags&18=2');
  });

  it('are refused where they say nothing', () => {
    const codes = (text: string) => resolved(`match ${text} -> count`).codes;
    expect(codes('flags !none')).toEqual(['PKT2006']);
    expect(codes('flags !{SYN}')).toEqual(['PKT2006']);
    expect(codes('flags {SYN},!ACK')).toEqual(['PKT2006']);
    expect(codes('flags { none, SYN }')).toEqual(['PKT2023']);
  });
});

describe('conditions', () => {
  it('are flat ands and ors', () => {
    expect(meaning('any')).toBe('all()');
    expect(meaning('not any')).toBe('not(all())');
    expect(meaning('tcp')).toBe('proto:6');
    expect(meaning('icmp')).toBe('all(ethertype:2048 proto:1)');
    expect(meaning('(tcp dport 1) (icmp and ttl 2)')).toBe('all(proto:6 dport:1 ethertype:2048 proto:1 ttl:2)');
    expect(meaning('tcp or (udp or sctp)')).toBe('any(proto:6 proto:17 proto:132)');
    expect(meaning('malformed')).toBe('malformed:1');
    expect(meaning('not not tcp')).toBe('not(not(proto:6))');
    expect(meaning('tcp.window & 0x8000 = 0x8000')).toBe('tcp.window&32768=32768');
    expect(meaning('tcp.window & 0x8000 != 0x8000')).toBe('all(tcp.window? not(tcp.window&32768=32768))');
  });

  it('take names apart, wherever they are defined', () => {
    expect(meaning('dport web', 'let web = { http-ports, 443 }\nlet http-ports = { 80, 8080 }')).toBe('dport:80,443,8080');
    expect(meaning('dport { web, 22 }', 'let web = 80')).toBe('dport:22,80');
    expect(meaning('dport = web', 'let web = 80-90')).toBe('dport:80-90');
    expect(meaning('dport < low', 'let low = 10')).toBe('dport:0-9');
  });

  it('a name of the file wins over one of the language, with a warning', () => {
    const { program, codes } = resolved('let tcp = 17\nmatch proto tcp -> count');
    expect(codes).toEqual(['PKT2013']);
    expect(program.rules[0]?.condition).toMatchObject({ ranges: [[17, 17]] });
    expect(resolved('let any = 5\nmatch ttl any -> count').program.rules[0]?.condition).toMatchObject({
      kind: 'in',
      ranges: [[5, 5]],
    });
  });
});
