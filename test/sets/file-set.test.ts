import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFileSet } from '../../compiler/2-resolve/file-set.ts';
import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { printIpv4 } from '../../grammar/values/ipv4.ts';
import { printIpv6 } from '../../grammar/values/ipv6.ts';
import { ROOT } from '../house/source-tree.ts';

const read = (text: string) => readFileSet({ name: 'list.txt', text });
const codesIn = (text: string) => read(text).diagnostics.map(({ code }) => code);

describe('a file of values', () => {
  it('takes one value a line: addresses of both families, prefixes, ranges, numbers, MAC addresses', () => {
    const { value, diagnostics } = read(
      [
        '192.0.2.1',
        '10.0.0.0/8',
        '198.51.100.1-198.51.100.9',
        '198.51.100.20 - 198.51.100.29',
        '2001:db8::/32',
        '2001:db9::1',
        'fd00::1-fd00::ff',
        '80',
        '8000-8100',
        '0x1f90',
        '02:00:00:00:00:01',
        '02-00-00-00-00-02',
        '02:00:00:00:01:00-02:00:00:00:01:ff',
      ].join('\n'),
    );
    expect(diagnostics).toEqual([]);
    expect(value.v4).toEqual([
      [0x0a000000, 0x0affffff],
      [0xc0000201, 0xc0000201],
      [0xc6336401, 0xc6336409],
      [0xc6336414, 0xc633641d],
    ]);
    expect(value.v6).toEqual([
      [0x20010db8n << 96n, (0x20010db9n << 96n) - 1n],
      [(0x20010db9n << 96n) + 1n, (0x20010db9n << 96n) + 1n],
      [(0xfd00n << 112n) + 1n, (0xfd00n << 112n) + 0xffn],
    ]);
    expect(value.numbers).toEqual([
      [80, 80],
      [8000, 8100],
    ]);
    expect(value.macs).toEqual([
      [0x020000000001, 0x020000000002],
      [0x020000000100, 0x0200000001ff],
    ]);
    expect(value.entries).toBe(13);
    expect(value.broken).toBe(false);
  });

  it('bears comments, blanks, empty lines, a byte order mark, and ends of lines from elsewhere', () => {
    const { value, diagnostics } = read(
      '\ufeff# list\r\n; of\r\n\r\n192.0.2.1\r\n 192.0.2.3 \t\r\n192.0.2.5#x\r\n192.0.2.7 ; SBL1\r\n\t\n2001:db8::1 # y\n192.0.2.9/32',
    );
    expect(diagnostics).toEqual([]);
    expect(value.v4.map(([first]) => first - 0xc0000200)).toEqual([1, 3, 5, 7, 9]);
    expect(value.v6).toHaveLength(1);
    expect(value.entries).toBe(6);
  });

  it('merges what overlaps, touches or comes again', () => {
    const { value } = read(
      '10.0.0.0/9\n10.128.0.0/9\n10.1.2.3\n10.1.2.3\n11.0.0.0-11.0.0.4\n11.0.0.3-11.0.0.9\n0.0.0.0\n255.255.255.255',
    );
    expect(value.v4).toEqual([
      [0, 0],
      [0x0a000000, 0x0b000009],
      [0xffffffff, 0xffffffff],
    ]);
    expect(value.entries).toBe(8);
  });

  it('tells each wrong line with its place', () => {
    const wrong: Readonly<Record<string, string>> = {
      '10.0.0.1/8': 'PKT2101',
      '10.0.0.01': 'PKT2102',
      '10.0.0.256': 'PKT2103',
      '10.0.0': 'PKT2104',
      '10.0.0.0/255.0.0.0': 'PKT2105',
      '10.0.0.0/33': 'PKT2106',
      '10.0.0.1:80': 'PKT2107',
      'fe80::1%eth0': 'PKT2108',
      '10.0.0.1-::2': 'PKT2109',
      '10.0.0.9-10.0.0.1': 'PKT2110',
      '99-1': 'PKT2110',
      '2001:db8:::1': 'PKT2103',
      'example.com': 'PKT2058',
      '10.0.0.1 10.0.0.2': 'PKT2058',
      '10.0.0.1,': 'PKT2058',
      '10.0.0.0/8/8': 'PKT2058',
      '-5': 'PKT2058',
    };
    for (const [line, code] of Object.entries(wrong)) {
      const { value, diagnostics } = read(`192.0.2.1\n  ${line} # x\n192.0.2.2\n`);
      expect([line, diagnostics.map((one) => one.code)]).toEqual([line, [code]]);
      expect(value.broken, line).toBe(true);
      const [{ primary }] = diagnostics as [(typeof diagnostics)[number]];
      expect(primary?.span.start, line).toBeGreaterThanOrEqual(12);
      expect(primary?.span.end, line).toBeLessThanOrEqual(12 + line.length);
      expect(renderDiagnostics(diagnostics, { color: false })).toContain('--> list.txt:2:');
    }
  });

  it('tells ten wrong lines and counts the others', () => {
    const lines = (count: number) => `192.0.2.1\n${'x\n'.repeat(count)}192.0.2.2\n`;
    expect(codesIn(lines(10))).toEqual(Array(10).fill('PKT2058'));
    expect(codesIn(lines(11))).toEqual([...Array(10).fill('PKT2058'), 'PKT2056']);
    const { diagnostics } = read(lines(1234));
    expect(diagnostics).toHaveLength(11);
    expect(diagnostics.at(-1)?.message).toBe('1224 more lines are wrong');
    expect(diagnostics.at(-1)?.primary?.span).toEqual({ start: 30, end: 31 });
  });

  it('does not throw, and loses no line, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123459./:-,; #\tax\r\n') }), (text) => {
        const { value, diagnostics } = read(text);
        const lines = text.split('\n').filter((line) => line.replace(/[#;].*$/s, '').trim() !== '');
        const wrong = diagnostics.length > 10 ? Number.NaN : diagnostics.length;
        if (!Number.isNaN(wrong)) expect(value.entries + wrong).toBe(lines.length);
        expect(value.broken).toBe(diagnostics.length > 0);
      }),
      { numRuns: 3000 },
    );
  });

  it('has exactly the addresses of random lists', () => {
    const ipv4 = fc
      .tuple(fc.nat(0xffff), fc.integer({ min: 16, max: 32 }), fc.nat(0xffff_ffff))
      .map(([low, length, random]) => {
        const size = 2 ** (32 - length);
        const address = (random < 2 ** 31 ? low : random) - ((random < 2 ** 31 ? low : random) % size);
        return {
          text: length === 32 ? printIpv4(address) : `${printIpv4(address)}/${length}`,
          first: address,
          last: address + size - 1,
        };
      });
    fc.assert(
      fc.property(fc.array(ipv4, { maxLength: 60 }), fc.array(fc.nat(0xffff), { maxLength: 40 }), (ranges, probes) => {
        const { value, diagnostics } = read(ranges.map((range) => range.text).join('\n'));
        expect(diagnostics).toEqual([]);
        const near = ranges.flatMap(({ first, last }) => [first - 1, first, last, last + 1]);
        for (const probe of [...probes, ...near]) {
          const listed = ranges.some(({ first, last }) => first <= probe && probe <= last);
          expect(value.v4.some(([first, last]) => first <= probe && probe <= last)).toBe(listed);
        }
        value.v4.forEach(([first, last], index) => {
          expect(first).toBeLessThanOrEqual(last);
          const next = value.v4[index + 1];
          if (next) expect(next[0]).toBeGreaterThan(last + 1);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('reads IPv6 as it is printed', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (address) => {
        expect(read(printIpv6(address)).value.v6).toEqual([[address, address]]);
      }),
      { numRuns: 300 },
    );
  });
});

const SETS = path.join(ROOT, '../shared/sets');
const LISTS: readonly (readonly [file: string, entries: number])[] = [
  ['ipv4__us.cidr', 27_769],
  ['levels__1.txt', 120_430],
  ['ipv6__us.cidr', 10_009],
];

describe('lists that others publish', () => {
  if (!existsSync(SETS)) {
    console.warn(`skipped: lists that others publish, because ${SETS} is not there`);
    // Not a skip: a machine without the lists lacks nothing that the project can install.
    it('are not read, for they are not there', () => expect(existsSync(SETS)).toBe(false));
    return;
  }
  it.each(LISTS)('%s has %i entries', (file, entries) => {
    const { value, diagnostics } = readFileSet({ name: file, text: readFileSync(path.join(SETS, file), 'utf8') });
    expect(diagnostics).toEqual([]);
    expect(value.entries).toBe(entries);
    expect(value.numbers).toEqual([]);
    expect(value.macs).toEqual([]);
  });
});
