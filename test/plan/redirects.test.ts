import { describe, expect, it } from 'vitest';
import { REDIRECTS_MAX } from '../../compiler/4-plan/redirects.ts';
import { analyse } from '../../compiler/index.ts';

const planned = (text: string) => analyse({ name: 'x.rules', text }, { hook: null });
const codes = (text: string) => planned(text).diagnostics.map(({ code, severity }) => `${severity} ${code}`);
const rules = (count: number) =>
  Array.from({ length: count }, (_, index) => `match len ${index} -> redirect eth${index}`).join('\n');

describe('interfaces to redirect to', () => {
  it('are planned once each, in the order of the rules', () => {
    const { plan } = planned(
      'match tcp -> redirect b\nmatch udp -> redirect a\nmatch icmp -> redirect b\nmatch arp -> redirect "3g"',
    );
    expect(plan?.redirects).toEqual(['b', 'a', '3g']);
  });

  it('are no more than a decision has room for', () => {
    expect(codes(rules(REDIRECTS_MAX))).toEqual([]);
    expect(codes(rules(REDIRECTS_MAX + 1))).toEqual(['error PKT4011']);
    expect(codes(`${rules(REDIRECTS_MAX)}\nmatch arp -> redirect eth0`)).toEqual([]);
  });
});
