import { describe, expect, it } from 'vitest';
import type { RuleActions } from '../../compiler/2-resolve/program.ts';
import { resolved } from './resolved.ts';

const NOTHING: RuleActions = { verdict: null, log: null, mark: null, redirect: null };

function actionsOf(text: string): RuleActions | undefined {
  const { program, codes } = resolved(`match any -> ${text}`, 'tc ingress');
  expect(codes, text).toEqual([]);
  return program.rules[0]?.actions;
}

const codesOf = (text: string) => resolved(`match any -> ${text}`, 'tc ingress').codes;

describe('actions', () => {
  it.each([
    ['reject', { verdict: 'reject' }],
    ['redirect eth1', { verdict: 'redirect', redirect: 'eth1' }],
    ['redirect eth0.100', { verdict: 'redirect', redirect: 'eth0.100' }],
    ['redirect br-lan', { verdict: 'redirect', redirect: 'br-lan' }],
    ['redirect "3g-wan"', { verdict: 'redirect', redirect: '3g-wan' }],
    ['redirect "drop"', { verdict: 'redirect', redirect: 'drop' }],
    ['redirect fifteenletters0', { verdict: 'redirect', redirect: 'fifteenletters0' }],
    ['audit drop', { verdict: 'audit' }],
    ['mark 7', { mark: 7 }],
    ['mark 0', { mark: 0 }],
    ['mark 4294967295', { mark: 4_294_967_295 }],
    ['mark 0xffffffff', { mark: 0xffff_ffff }],
    ['mark 7, drop', { mark: 7, verdict: 'drop' }],
    ['audit drop/log/count/mark 1', { verdict: 'audit', mark: 1, log: { sample: 1, payload: 0 } }],
  ] as const)('%s', (text, expected) => {
    expect(actionsOf(text)).toEqual({ ...NOTHING, ...expected });
  });

  it('of which the first holds where one is given twice', () => {
    const { program, codes } = resolved('match any -> mark 1, mark 1', 'tc ingress');
    expect(codes).toEqual(['PKT2022']);
    expect(program.rules[0]?.actions.mark).toBe(1);
  });

  it.each([
    ['redirect', 'PKT2070'],
    ['redirect 3g', 'PKT2070'],
    ['redirect "eth*"', 'PKT2071'],
    ['redirect "a b"', 'PKT2038'],
    ['redirect "a/b"', 'PKT2038'],
    ['redirect ".."', 'PKT2038'],
    ['redirect ""', 'PKT2038'],
    ['redirect "sixteen-letters!"', 'PKT2038'],
    ['redirect "\\x00"', 'PKT2038'],
    ['redirect a b', 'PKT2018'],
    ['redirect a-b - c', 'PKT1001'],
    ['mark', 'PKT2070'],
    ['mark seven', 'PKT2070'],
    ['mark 4294967296', 'PKT2114'],
    ['mark 7 8', 'PKT2018'],
    ['audit', 'PKT2070'],
    ['audit pass', 'PKT2072'],
    ['audit drop drop', 'PKT2019'],
    ['reject, drop', 'PKT2021'],
    ['audit drop, pass', 'PKT2021'],
    ['redirect a, redirect b', 'PKT2021'],
    ['redirect a, redirect a', 'PKT2022'],
    ['mark 1, mark 2', 'PKT2021'],
    ['redirect a, reject', 'PKT2021'],
  ])('%s is refused: %s', (text, code) => {
    expect(codesOf(text)).toEqual([code]);
  });

  it('never leave a rule behind that does something else', () => {
    for (const text of ['redirect', 'mark red, drop', 'audit pass, log', 'reject now']) {
      expect(resolved(`match any -> ${text}`, 'tc ingress').program.rules, text).toEqual([]);
    }
  });
});

describe('the default', () => {
  it.each([
    ['pass', 'pass'],
    ['drop', 'drop'],
    ['reject', 'reject'],
    ['audit drop', 'audit'],
  ] as const)('%s', (text, verdict) => {
    const { program, codes } = resolved(`default ${text}\nmatch arp -> count`, 'tc ingress');
    expect(codes).toEqual([]);
    expect(program.defaultVerdict).toBe(verdict);
  });

  it.each([
    ['audit', 'PKT2070'],
    ['audit pass', 'PKT2072'],
    ['redirect eth0', 'PKT2016'],
    ['mark 7', 'PKT2016'],
    ['log', 'PKT2016'],
    ['drop 5', 'PKT2018'],
    ['balance', 'PKT2008'],
  ])('%s is refused: %s', (text, code) => {
    const { program, codes } = resolved(`default ${text}\nmatch arp -> count`, 'tc ingress');
    expect(codes).toEqual([code]);
    expect(program.defaultVerdict).toBe('pass');
  });
});
