import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeDuration, printDuration } from '../../grammar/values/duration.ts';
import { printFlags } from '../../grammar/values/flags.ts';
import type { Judged } from '../../grammar/values/judged.ts';
import { judgeMac, judgeMacRange, printMac } from '../../grammar/values/mac.ts';
import { judgeNumber, judgeUint, judgeUintRange } from '../../grammar/values/number.ts';
import { judgeRate } from '../../grammar/values/rate.ts';
import { judgeRatio } from '../../grammar/values/ratio.ts';
import { shapeOf } from '../../grammar/values/shape.ts';
import { judgeText } from '../../grammar/values/text.ts';

/** The value, or what is wrong, where, and how to mend it. */
function told<T>(judged: Judged<T>, text: string): unknown {
  if (judged.ok) return judged.value;
  const { kind, start, end, fixes } = judged.problem;
  return [kind, text.slice(start, end), ...fixes.map((fix) => fix.text)];
}

describe('numbers', () => {
  const number = (text: string): unknown => told(judgeNumber(text), text);

  it('are decimal or hexadecimal, with multipliers', () => {
    expect(['80', '0', '0x1f', '0X0', '1k', '10M', '1.5M', '1.1k', '64Ki', '2G', '1Mi'].map(number)).toEqual([
      80,
      0,
      31,
      0,
      1000,
      10_000_000,
      1_500_000,
      1100,
      65536,
      2e9,
      2 ** 20,
    ]);
  });

  it('say what is wrong', () => {
    expect(number('10m')).toEqual(['unit', 'm', '10M']);
    expect(number('5s')).toEqual(['unit', 's']);
    expect(number('5%')).toEqual(['unit', '%']);
    expect(number('64KiB')).toEqual(['unit', 'KiB', '64Ki']);
    expect(number('10K')).toEqual(['unit', 'K', '10k']);
    expect(number('7x')).toEqual(['unit', 'x']);
    expect(number('010')).toEqual(['leading-zero', '0', '10']);
    expect(number('00')).toEqual(['leading-zero', '0', '0']);
    expect(number('0x')).toEqual(['not-a-number', '0x']);
    expect(number('0x1g')).toEqual(['not-a-number', 'g']);
    expect(number('1.2')).toEqual(['not-a-number', '1.2']);
    expect(number('10.0.0.1')).toEqual(['not-a-number', '10.0.0.1']);
    expect(number('1constructor')).toEqual(['unit', 'constructor']);
    expect(number('9'.repeat(16))).toEqual(['out-of-range', '9'.repeat(16)]);
    const long = '9'.repeat(2_000_000);
    expect(number(long)).toEqual(['out-of-range', long]);
    expect(number(`0x${'0'.repeat(1_000_000)}`)).toBe(0);
  });

  it('read back what JavaScript prints', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), (value) => {
        expect(number(String(value))).toBe(value);
        expect(number(`0x${value.toString(16)}`)).toBe(value);
      }),
    );
  });

  it('fit their field', () => {
    expect(told(judgeUint('65535', 16), '65535')).toBe(65535);
    expect(told(judgeUint('65536', 16), '65536')).toEqual(['out-of-range', '65536']);
    expect(told(judgeUint('99999999999999999999', 16), '99999999999999999999')).toEqual([
      'out-of-range',
      '99999999999999999999',
    ]);
    expect(told(judgeUintRange('1', '10', 16), '1-10')).toEqual([1, 10]);
    expect(told(judgeUintRange('10', '1', 16), '10-1')).toEqual(['backwards', '10-1', '1-10']);
    expect(told(judgeUintRange('1', '70000', 16), '1-70000')).toEqual(['out-of-range', '70000']);
    expect(told(judgeUintRange('1', '010', 16), '1-010')).toEqual(['leading-zero', '0', '1-10']);
  });
});

describe('MAC addresses', () => {
  const mac = (text: string): unknown => told(judgeMac(text), text);

  it('take either separator and a prefix length', () => {
    expect(mac('00:11:22:33:44:55')).toEqual([0x001122334455, 0x001122334455]);
    expect(mac('00-11-22-AA-bb-55')).toEqual([0x001122aabb55, 0x001122aabb55]);
    expect(mac('02:00:00:00:00:00/24')).toEqual([0x020000000000, 0x020000ffffff]);
    expect(mac('00:00:00:00:00:00/0')).toEqual([0, 2 ** 48 - 1]);
    expect(printMac(0x020000ffffff)).toBe('02:00:00:ff:ff:ff');
  });

  it('say what is wrong', () => {
    expect(mac('00:11-22:33:44:55')).toEqual(['not-a-mac', '00:11-22:33:44:55', '00:11:22:33:44:55']);
    expect(mac('02:00:00:00:00:01/24')).toEqual([
      'host-bits',
      '02:00:00:00:00:01',
      '02:00:00:00:00:00/24',
      '02:00:00:00:00:01/48',
    ]);
    expect(mac('02:00:00:00:00:00/49')).toEqual(['prefix-length', '49']);
    expect(mac('02:00:00:00:00')).toEqual(['not-a-mac', '02:00:00:00:00']);
    const backwards = judgeMacRange('00:00:00:00:00:02', '00:00:00:00:00:01');
    expect(backwards.ok ? null : backwards.problem.kind).toBe('backwards');
  });
});

describe('strings', () => {
  it('are UTF-8 with a few escapes', () => {
    const bytes = (text: string): unknown => {
      const judged = judgeText(text);
      return judged.ok ? [...judged.value] : told(judged, text);
    };
    expect(bytes('a\\n\\r\\t\\"\\\\\\x00\\xFf')).toEqual([97, 10, 13, 9, 34, 92, 0, 255]);
    expect(bytes('é')).toEqual([0xc3, 0xa9]);
    expect(bytes('a\\q')).toEqual(['escape', '\\q']);
    expect(bytes('a\\x1')).toEqual(['escape', '\\x1']);
    expect(bytes('a\\')).toEqual(['escape', '\\']);
    expect(bytes('constructor')).toHaveLength(11);
  });
});

describe('durations, rates, ratios', () => {
  const duration = (text: string): unknown => told(judgeDuration(text), text);
  const rate = (text: string): unknown => told(judgeRate(text), text);
  const ratio = (text: string): unknown => told(judgeRatio(text, 1, 1000), text);

  it('read', () => {
    expect(['500ms', '30s', '10m', '1.5h', '7d'].map(duration)).toEqual([500, 30e3, 600e3, 5400e3, 604800e3]);
    expect([500, 30e3, 600e3, 5400e3, 604800e3, 0].map(printDuration)).toEqual(['500ms', '30s', '10m', '90m', '7d', '0ms']);
    expect(rate('100/s')).toEqual({ what: 'packets', amount: 100, per_ms: 1000 });
    expect(rate('100Mbit/s')).toEqual({ what: 'bits', amount: 1e8, per_ms: 1000 });
    expect(rate('5MB/min')).toEqual({ what: 'bytes', amount: 5e6, per_ms: 60_000 });
    expect(rate('10k/s')).toEqual({ what: 'packets', amount: 10_000, per_ms: 1000 });
    expect(['1/1', '1/100', '1/1000'].map(ratio)).toEqual([1, 100, 1000]);
  });

  it('say what is wrong', () => {
    expect(duration('10')).toEqual(['not-a-quantity', '10', '10s']);
    expect(duration('10M')).toEqual(['not-a-quantity', 'M', '10m']);
    expect(duration('10y')).toEqual(['not-a-quantity', 'y']);
    expect(rate('100')).toEqual(['not-a-quantity', '100']);
    expect(rate('100/fortnight')).toEqual(['not-a-quantity', 'fortnight']);
    expect(rate('0/s')).toEqual(['not-a-quantity', '0/s']);
    expect(ratio('10')).toEqual(['not-a-ratio', '10', '1/10']);
    expect(ratio('5%')).toEqual(['not-a-ratio', '5%', '1/20']);
    expect(ratio('3/10')).toEqual(['not-a-ratio', '3']);
    expect(ratio('1/0')).toEqual(['out-of-range', '0']);
    expect(ratio('1/1001')).toEqual(['out-of-range', '1001']);
    expect(ratio('1/010')).toEqual(['leading-zero', '010']);
  });
});

describe('shapes and flags', () => {
  it('names what a literal looks like', () => {
    const shapes = [
      '80',
      '10k',
      '10.0.0.1',
      '10.1/16',
      'fd00::/8',
      '00-11-22-33-44-55',
      '10.0.0.1:80',
      '10m',
      '5%',
      '1/10',
      '5MB/s',
    ];
    expect(shapes.map(shapeOf)).toEqual([
      'a number',
      'a number',
      'an IPv4 address',
      'an IPv4 address',
      'an IPv6 address',
      'a MAC address',
      'an address with a port',
      'a duration',
      'a share',
      'a ratio',
      'a rate',
    ]);
    expect(shapeOf('localhost:80')).toBe('a value of another kind');
  });

  it('prints flags as they are written', () => {
    const names = { FIN: 1, SYN: 2, ACK: 16 };
    expect(printFlags({ mask: 18, value: 2 }, names)).toBe('SYN,!ACK');
    expect(printFlags({ mask: 3, value: 2 }, names)).toBe('SYN,!FIN');
    expect(printFlags({ mask: 0, value: 0 }, names)).toBe('none');
  });
});
