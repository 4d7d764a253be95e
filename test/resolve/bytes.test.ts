/** Text, slices, masks, kinds, interfaces, tuples and tunnels: what each becomes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergedRows } from '../../compiler/2-resolve/merged-rows.ts';
import type { Expression } from '../../compiler/2-resolve/program.ts';
import { PATTERN_BYTES_MAX } from '../../compiler/2-resolve/text.ts';
import { RAW_BYTES_MAX } from '../../grammar/fields/raw.ts';
import { meaning, resolved } from './resolved.ts';

const codes = (condition: string) => resolved(`match ${condition} -> count`).codes;

/** The expression of a condition. */
function expressionOf(condition: string): Expression {
  const { program, codes: said } = resolved(`match ${condition} -> count`);
  expect(said, condition).toEqual([]);
  return program.rules[0]?.condition as Expression;
}

describe('text', () => {
  it('anywhere stays a search, with its bound', () => {
    expect(meaning('payload contains "ab"')).toBe('payload:16384[ab]');
    expect(meaning('payload within 64 contains { "ab", "c", "ab" }')).toBe('payload:64[ab,c]');
    expect(meaning('payload contains nocase { "aB1", "Ab1", "12" }')).toBe('payload:16384[~ab1,12]');
    expect(meaning('payload contains words', 'let words = { "a", "b" }')).toBe('payload:16384[a,b]');
    expect(meaning('payload within 3 contains "abc"')).toBe('payload:3[abc]');
  });

  it('at a place becomes reads', () => {
    expect(meaning('payload starts "AB"')).toBe(`payload[0:2]:${0x4142}`);
    expect(meaning('payload ends "AB"')).toBe(`payload[-2:2]:${0x4142}`);
    expect(meaning('payload ends "ABCDEFGH"')).toBe(`all(payload[-8:6]:${0x414243444546} payload[-2:2]:${0x4748})`);
    expect(meaning('payload = "AB"')).toBe(`all(payload.len:2 payload[0:2]:${0x4142})`);
    expect(meaning('payload != "AB"')).toBe(`all(payload.len? not(all(payload.len:2 payload[0:2]:${0x4142})))`);
    expect(meaning('payload starts { "A", "B", "CD" }')).toBe(`any(payload[0:1]:65-66 payload[0:2]:${0x4344})`);
    expect(meaning('payload starts nocase "a1"')).toBe(`payload[0:2]&${0xdfff}=${0x4131}`);
    expect(meaning('payload starts nocase "12"')).toBe(`payload[0:2]:${0x3132}`);
    expect(meaning('payload any')).toBe('payload?');
  });

  it('in a slice has the length of the slice', () => {
    expect(meaning('payload[4:2] "AB"')).toBe(`payload[4:2]:${0x4142}`);
    expect(meaning('frame[0:2] = { "AB", "AC" }')).toBe(`frame[0:2]:${0x4142}-${0x4143}`);
    expect(meaning('payload[4:2] != "AB"')).toBe(`all(payload[5:1]? not(payload[4:2]:${0x4142}))`);
    expect(meaning('network[4:8] = "ABCDEFGH"')).toBe(`all(network[4:6]:${0x414243444546} network[10:2]:${0x4748})`);
    expect(meaning('payload[4:6] starts "AB"')).toBe(`all(payload[4:2]:${0x4142} payload[9:1]?)`);
    expect(meaning('payload[4:6] ends "AB"')).toBe(`all(payload[8:2]:${0x4142} payload[9:1]?)`);
    expect(meaning('payload[0:1] nocase "a"')).toBe('payload[0:1]&223=65');
  });

  it('holds for exactly the bytes that it says, however long', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(bytes, fc.boolean(), fc.boolean(), fc.nat(39), fc.nat(255), (text, nocase, end, at, other) => {
        const written = Array.from(text, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
        const parsed = expressionOf(`payload ${end ? 'ends' : 'starts'} ${nocase ? 'nocase ' : ''}"${written}"`);
        const changed = Uint8Array.from(text);
        changed[at % text.length] = other;
        for (const payload of [text, changed]) {
          const lower = (list: Uint8Array) =>
            Buffer.from(list)
              .toString('latin1')
              .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
          const same = nocase ? lower(payload) === lower(text) : Buffer.compare(payload, text) === 0;
          expect(holds(parsed, payload)).toBe(same);
        }
        expect(holds(parsed, text.subarray(1))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('is refused where it says nothing', () => {
    expect(codes('payload contains ""')).toEqual(['PKT2031']);
    expect(codes(`payload contains "${'x'.repeat(PATTERN_BYTES_MAX)}"`)).toEqual([]);
    expect(codes(`payload contains "${'x'.repeat(PATTERN_BYTES_MAX + 1)}"`)).toEqual(['PKT2032']);
    expect(codes('payload within 16385 contains "x"')).toEqual(['PKT2034']);
    expect(codes('payload within 16384 contains "x"')).toEqual([]);
    expect(codes('payload[0:7] = 1')).toEqual(['PKT2030']);
    expect(codes('payload[16379:6] = 1')).toEqual(['PKT2029']);
    expect(codes('payload[16378:6] = 1')).toEqual([]);
    expect(codes('payload[0:256] any')).toEqual([]);
  });
});

/** Whether reads of a payload are what an expression says of them; nothing else occurs in it. */
function holds(expression: Expression, payload: Uint8Array): boolean {
  if (expression.kind === 'and') return expression.of.every((part) => holds(part, payload));
  if (expression.kind !== 'in' && expression.kind !== 'bits') throw new Error(expression.kind);
  const [, minus, first, length] = /^payload\[(-?)(\d+):(\d)\]$/.exec(expression.field) ?? [];
  const from = minus === '-' ? payload.length - Number(first) : Number(first);
  const size = Number(length);
  expect(size).toBeLessThanOrEqual(RAW_BYTES_MAX);
  if (from < 0 || from + size > payload.length) return false;
  const value = payload.subarray(from, from + size).reduce((sum, byte) => sum * 256 + byte, 0);
  if (expression.kind === 'in') return expression.ranges.some(([low, high]) => low <= value && value <= high);
  return Number(BigInt(value) & BigInt(expression.mask)) === expression.value;
}

describe('slices', () => {
  it('are numbers, with every operator of numbers', () => {
    expect(meaning('frame[12:2] = 0x0800')).toBe('frame[12:2]:2048');
    expect(meaning('transport[13:1] & 2 = 2')).toBe('transport[13:1]&2=2');
    expect(meaning('transport[13:1] & 3 in { 1, 2 }')).toBe('any(transport[13:1]&3=1 transport[13:1]&3=2)');
    expect(meaning('network[8:1] < 5')).toBe('network[8:1]:0-4');
    expect(meaning('payload[0:6] != 0')).toBe(`payload[0:6]:1-${2 ** 48 - 1}`);
    expect(meaning('payload[0x10:2] any')).toBe('payload[17:1]?');
  });
});

describe('masked addresses', () => {
  it('are prefixes where the mask is in one piece', () => {
    expect(meaning('src & 255.0.0.0 = 10.0.0.0')).toBe('src:4[167772160-184549375]6[]');
    expect(meaning('src & 255.0.0.0 != 10.0.0.0')).toBe(`src:4[0-167772159,184549376-${2 ** 32 - 1}]6[0-${2n ** 128n - 1n}]`);
    expect(meaning('src & ffff:: = fd00::')).toBe(`src:4[]6[${0xfd00n << 112n}-${(0xfd01n << 112n) - 1n}]`);
  });

  it('keep their holes, and the inverted mask is no netmask', () => {
    expect(meaning('src & 255.0.255.0 = 10.0.0.0')).toBe(`src:4&${0xff00ff00}=${0x0a000000}`);
    expect(meaning('src & 0.0.255.255 != 0.0.1.2')).toBe(`src:4&${0xffff}!=${0x0102}`);
    expect(meaning('addr & ::ff = ::1')).toBe('any(src:6&255=1 dst:6&255=1)');
    expect(meaning('addr & ::ff != { ::1, ::2 }')).toBe('all(all(src:6&255!=1 src:6&255!=2) all(dst:6&255!=1 dst:6&255!=2))');
  });
});

describe('kinds and interfaces', () => {
  it('are sets of numbers, and names', () => {
    expect(meaning('tcp.option { mss, 3-5, 2 }')).toBe('tcp.option:kinds[2,3,4,5]');
    expect(meaning('ip6.ext != routing')).toBe('ip6.ext:!kinds[43]');
    expect(meaning('ip.options any')).toBe('ip.options?');
    expect(meaning('iface { eth0, "veth**", "eth0" }')).toBe('iface:[eth0,veth*]');
    expect(meaning('iface != lo')).toBe('iface:![lo]');
    expect(meaning('iface wan', 'let wan = { "3g-wan", eth0.100 }')).toBe('iface:[3g-wan,eth0.100]');
    expect(meaning('iface any')).toBe('iface?');
  });
});

describe('tunnels', () => {
  it('hold what is asked of the packet in them', () => {
    expect(meaning('udp inner(tcp dport 22)')).toBe('all(proto:17 inner(all(proto:6 dport:22)))');
    expect(meaning('not inner(any)')).toBe('not(inner(all()))');
    // The word outside says nothing of the protocol inside.
    expect(meaning('icmp inner(icmp.type neighbor-solicitation)')).toContain('inner(all(ethertype:34525 proto:58');
  });
});

describe('tuples', () => {
  const pairs = 'let pairs = { (0.0.0.1, 22), (0.0.0.1, 23), (::1, 22), (0.0.0.5, { 1, 2 }) }';

  it('are alternatives, merged where one place differs', () => {
    expect(meaning('(src, dport) in pairs', pairs)).toBe(
      'any(all(src:4[1]6[] dport:22-23) all(src:4[]6[1] dport:22) all(src:4[5]6[] dport:1-2))',
    );
    expect(meaning('(src, dport) in { (0.0.0.1, 22), (::1, 22), (0.0.0.2, 22) }')).toBe('all(src:4[1-2]6[1] dport:22)');
    expect(meaning('(src, dport) = (0.0.0.1, web)', 'let web = { 80, 443 }')).toBe('all(src:4[1]6[] dport:80,443)');
    expect(meaning('(src) in lan', 'let lan = { 0.0.0.1, (0.0.0.2) }')).toBe('src:4[1-2]6[]');
    expect(meaning('(src, dport) != (0.0.0.1, 22)')).toBe('all(src? dport? not(all(src:4[1]6[] dport:22)))');
    expect(meaning('(addr, proto) = (0.0.0.1, tcp)')).toBe('all(any(src:4[1]6[] dst:4[1]6[]) proto:6)');
    expect(meaning('(src, dport) in all', `${pairs}\nlet all = { pairs, (0.0.0.9, 1) }`)).toContain('src:4[9]');
  });

  it('merge without a change of meaning, whatever the rows', () => {
    const row = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3));
    const cell = (field: string, value: number): Expression => ({
      kind: 'in',
      field,
      ranges: [[value, value]],
      span: { start: 0, end: 0 },
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (rows) => {
        const table = rows.map((values) => values.map((value, at) => cell('abc'.charAt(at), value)));
        const merged = mergedRows(table);
        expect(merged.length).toBeLessThanOrEqual(new Set(rows.map(String)).size);
        for (let probe = 0; probe < 64; probe += 1) {
          const values = [probe & 3, (probe >> 2) & 3, probe >> 4];
          const inside = merged.some((cells) =>
            cells.every(
              (one, at) =>
                one.kind === 'in' && one.ranges.some(([low, high]) => low <= (values[at] ?? 0) && (values[at] ?? 0) <= high),
            ),
          );
          expect(inside).toBe(rows.some((one) => String(one) === String(values)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of many rows take linear time', () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => `(10.0.${at >> 8}.${at & 255}, ${at % 7})`);
    const started = performance.now();
    const { program, codes: said } = resolved(`let many = { ${rows.join(', ')} }\nmatch (src, dport) in many -> drop`);
    expect(said).toEqual([]);
    expect(program.rules[0]?.condition).toMatchObject({ kind: 'or', of: { length: 7 } });
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('fixes of these messages', () => {
  const wrong = [
    'payload "GET"',
    'payload nocase "get"',
    'payload contains GET',
    'payload contains 0x474554',
    'payload within 20000 contains "x"',
    'payload within 2 contains "xyz"',
    'payload within 64 starts "xyz"',
    'dport nocase { 80 }',
    'proto tcp,udp',
    'payload[0:0] = 1',
    'payload[0:8] = 1',
    'payload[0:4] = "abc"',
    'payload[0:64] contains "HTTP"',
    'payload[4] = 1',
    'transport[13:1] != any',
    'src & 255.0.255.0 = 10.1.0.0',
    'src & 255.0.255.0 = 10.0.0.0/8',
    'src & 0xff00ff00 = 10.0.0.0',
    'iface 3g',
    'iface veth*',
    '(src, dport) not in { (10.0.0.1, 22) }',
    'not tcp port 22',
    'iner(tcp)',
    'fram[0:2] = 5',
  ];
  it.each(wrong)('%s', async (condition) => {
    const { diagnose } = await import('../ui/diagnose.ts');
    const { applyFix } = await import('../grammar/syntax-tree.ts');
    const text = `match ${condition} -> count`;
    const [first] = diagnose('x.rules', text);
    expect(first?.fixes.length).toBeGreaterThan(0);
    for (const fix of first?.fixes ?? []) expect(diagnose('x.rules', applyFix(text, fix)), fix.title).toEqual([]);
  });
});
