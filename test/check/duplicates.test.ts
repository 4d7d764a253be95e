/** Rules that mean the same are found however each is written, and whether it was recognised or parsed. */
import { describe, expect, it } from 'vitest';
import { recognise } from '../../compiler/1-parse/recognise.ts';
import { resolve } from '../../compiler/2-resolve/resolve.ts';
import { check } from '../../compiler/3-check/check.ts';

/** The lines of rules that an earlier one decides about. */
function duplicates(lines: readonly string[]): readonly number[] {
  const source = { name: 'edge.rules', text: lines.join('\n') };
  const { value } = resolve(recognise(source, { shapesFrom: 0 }), source, { hook: null });
  return check(value).flatMap(({ code, primary }) =>
    code === 'PKT3007' && primary ? [source.text.slice(0, primary.span.start).split('\n').length] : [],
  );
}

describe('a rule that says again what another says', () => {
  const same: Readonly<Record<string, readonly string[]>> = {
    'in other words': [
      'tcp dport 22',
      'tcp and dport 22',
      'tcp dport = 22',
      'tcp dport { 22 }',
      '(tcp dport 22)',
      'tcp dport 22-22',
    ],
    'as a range of addresses': ['src 10.0.0.0/8', 'src 10.0.0.0-10.255.255.255', 'src { 10.0.0.0/9, 10.128.0.0/9 }'],
    'as IPv6': ['src 2001:db8::/47', 'src { 2001:db8::/48, 2001:db8:1::/48 }', 'src 2001:DB8::/47', 'src = 2001:0db8::/47'],
    'as one IPv6 address': ['dst ::1', 'dst 0:0:0:0:0:0:0:1/128', 'dst ::1-::1'],
    'as all of IPv6': ['dst ::/0', 'dst { ::/1, 8000::/1 }'],
    'in another order': ['tcp dport { 80, 443, 22 }', 'tcp dport { 22, 443, 80 }'],
    'with an operator': ['tcp dport > 1023', 'tcp dport 1024-65535', 'tcp dport != 0-1023'],
  };
  for (const [name, conditions] of Object.entries(same)) {
    it(name, () => {
      // Each form three times with other values before, so that the last is recognised by its shape.
      const others = conditions
        .flatMap((one) => [one.replaceAll(/\b22\b|\b443\b|\b1/g, '7')])
        .map((one) => `match ${one} udp -> count`);
      const rules = conditions.map((one) => `match ${one} -> drop`);
      expect(duplicates([...rules, ...rules])).toEqual(Array.from({ length: 2 * rules.length - 1 }, (_, index) => index + 2));
      expect(duplicates([...others, ...rules])).toEqual(rules.slice(1).map((_, index) => others.length + index + 2));
    });
  }

  it('is not one that says something else', () => {
    const conditions = [
      'src ::/1',
      'src ::/2',
      'src 8000::/1',
      'dst ::/1',
      'src 0.0.0.0/1',
      'dport 22',
      'sport 22',
      'dport 23',
      'not dport 22',
    ];
    expect(duplicates([...conditions, ...conditions].map((one, index) => `match ${one} tcp.seq ${index} -> drop`))).toEqual([]);
  });
});
