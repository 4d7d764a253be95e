import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../grammar/actions/index.ts';
import { LATER_ACTIONS } from '../../grammar/actions/later.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { LATER_FIELDS } from '../../grammar/fields/later.ts';
import { resolved } from './resolved.ts';

describe('a program', () => {
  it('has the hook and the default of its file, or of the command line', () => {
    expect(resolved('').program).toMatchObject({ hook: 'xdp', hookSpan: null, defaultVerdict: 'pass', rules: [] });
    expect(resolved('default drop\nhook xdp').program).toMatchObject({
      hook: 'xdp',
      hookSpan: { start: 13, end: 21 },
      defaultVerdict: 'drop',
    });
    expect(resolved('hook xdp', 'tc egress').program).toMatchObject({ hook: 'tc egress', hookSpan: null });
    for (const hook of ['tc egress', 'tc', 'socket', 'cgroup', 'cgroup ingress'])
      expect(resolved(`hook ${hook}`)).toMatchObject({ program: { hook }, codes: [] });
    expect(resolved('hook tc sideways').codes).toEqual(['PKT2015']);
  });

  it('names rules by label, or by file and line', () => {
    const { program } = resolved('match tcp -> count match udp -> count\nssh: match arp -> drop\n\n  match ip -> pass');
    expect(program.rules.map(({ index, name, label, line }) => [index, name, label, line])).toEqual([
      [0, 'edge.rules:1', null, 1],
      [1, 'edge.rules:1:20', null, 1],
      [2, 'ssh', 'ssh', 2],
      [3, 'edge.rules:4', null, 4],
    ]);
  });

  it('takes actions in any order', () => {
    const actions = (text: string) => resolved(`match any -> ${text}`).program.rules[0]?.actions;
    expect(actions('count/drop/log')).toMatchObject({ verdict: 'drop', log: { sample: 1, payload: 0 } });
    expect(actions('log payload 64 sample 1/10, pass')).toMatchObject({ verdict: 'pass', log: { sample: 10, payload: 64 } });
    expect(actions('count')).toMatchObject({ verdict: null, log: null });
  });

  it('leaves out rules with errors, and says that it did', () => {
    const { program } = resolved('match tcp -> drop\nmatch prto 6 -> drop\nmatch udp -> drop');
    expect(program.rules.map(({ index, line }) => [index, line])).toEqual([
      [0, 1],
      [1, 3],
    ]);
    expect(program.partial).toBe(true);
    expect(resolved('match tcp -> drop').program.partial).toBeUndefined();
    expect(resolved('let unused = 1\nmatch tcp -> drop').program.partial).toBeUndefined();
  });
});

describe('a rule’s identity', () => {
  const identities = (text: string) => resolved(text).program.rules.map((rule) => rule.identity);

  it('is 16 hex digits of its own', () => {
    const list = identities('match tcp -> drop\nmatch udp -> drop\nmatch tcp -> drop\na: match tcp -> drop');
    expect(new Set(list).size).toBe(4);
    for (const identity of list) expect(identity).toMatch(/^[0-9a-f]{16}$/);
  });

  it('survives a move, white space, comments and the other separator', () => {
    const [before] = identities('match tcp dport { 80, 443 } -> count/drop');
    expect(identities('# moved\n\nmatch udp -> log\nmatch tcp  # why\n  dport {80,443,} -> count, drop')[1]).toBe(before);
    expect(identities('match tcp dport { 80, 444 } -> count/drop')[0]).not.toBe(before);
  });

  it('hangs on the label alone where there is one', () => {
    expect(identities('a: match tcp -> drop')).toEqual(identities('\na: match udp -> pass'));
    expect(identities('a: match tcp -> drop')).not.toEqual(identities('b: match tcp -> drop'));
  });
});

describe('names', () => {
  it('found in a circle are told once each circle', () => {
    expect(resolved('let a = b\nlet b = c\nlet c = a\nlet d = a\nmatch dport d -> drop').codes).toEqual(['PKT2011']);
    expect(resolved('let a = { a, b }\nlet b = { b }\nmatch dport a -> drop').codes).toEqual(['PKT2011', 'PKT2011']);
  });

  it('of broken statements are not unknown', () => {
    expect(resolved('let lan = { 10.0.0.0/8 \nmatch src lan -> drop').codes).toHaveLength(1);
    expect(resolved('set lan = 5\nmatch src in lan -> drop').codes).toHaveLength(1);
  });

  it('used only in a statement with an error are used', () => {
    expect(resolved('let lan = 10.0.0.0/8\nmatch src lan prto 5 -> drop').codes).toEqual(['PKT2001']);
    expect(resolved('let lan = 10.0.0.0/8\nmatch src lan -> alert "x" unless dst in lan').codes).toEqual(['PKT2008']);
    expect(resolved('let lan = 10.0.0.0/8\nmatch src lan -> -> drop').codes).toHaveLength(1);
  });

  it('an error in a value is told once, however often it is used', () => {
    const rules = Array.from({ length: 5 }, (_, at) => `match ttl ${at} src lan -> drop`).join('\n');
    expect(resolved(`let lan = 10.0.0.1/8\n${rules}`).codes).toEqual(['PKT2101']);
  });

  it('cannot be made to explode', () => {
    const lines = Array.from({ length: 40 }, (_, at) => `let n${at + 1} = { n${at}, n${at}, n${at} }`);
    expect(resolved(`let n0 = 80\n${lines.join('\n')}\nmatch dport n40 -> drop`).program.rules[0]?.condition).toMatchObject({
      ranges: [[80, 80]],
    });
    const chain = Array.from({ length: 20_000 }, (_, at) => `let n${at + 1} = n${at}`);
    expect(resolved(`${chain.toReversed().join('\n')}\nlet n0 = 80\nmatch dport n20000 -> drop`).codes).toEqual([]);
  });
});

describe('resolve', () => {
  it('answers every later field and action with its place', () => {
    for (const field of Object.keys(LATER_FIELDS))
      expect(resolved(`match ${field} 1 -> count`).codes, field).toEqual(['PKT2008']);
    for (const action of Object.keys(LATER_ACTIONS))
      expect(resolved(`match any -> ${action}`).codes, action).toEqual(['PKT2008']);
  });

  it('takes every example of the table', () => {
    for (const field of FIELDS) expect(resolved(`match ${field.example} -> count`).codes, field.name).toEqual([]);
    for (const { declares = '', example, name } of ACTIONS)
      expect(resolved(`${declares}\nmatch any -> ${example}`).codes, name).toEqual([]);
  });

  it('knows whether each field is there', () => {
    for (const { name, type } of FIELDS)
      if (type.kind !== 'truth') expect(resolved(`match ${name} any -> count`).codes, name).toEqual([]);
  });

  it('never throws, and never keeps a rule that it spoke against', () => {
    const words = fc.constantFrom(
      ...[
        'match',
        '->',
        'let',
        'set',
        'hook',
        'default',
        'x',
        'x:',
        '=',
        '!=',
        '<',
        'in',
        'contains',
        '{',
        '}',
        ',',
        '/',
        '!',
        '(',
        ')',
        'not',
        'or',
        'and',
        'any',
      ],
      ...[
        'tcp',
        'icmp',
        'src',
        'addr',
        'flags',
        'dport',
        'icmp.type',
        'smac',
        'frag',
        'malformed',
        'constructor',
        '__proto__',
        'toString',
        'per',
        'rate',
        'inner',
        'inner(',
        'payload',
        'frame',
        'iface',
        'tcp.option',
        'nocase',
        'starts',
        '(src, dport)',
      ],
      ...[
        '10.0.0.0/8',
        '10.1.2.3/8',
        'fd00::/8',
        '80',
        '0x',
        '10m',
        '1/10',
        '"a\\q"',
        'SYN',
        'none',
        'echo-request',
        '-',
        '&',
        '[0:2]',
        '[0:0]',
        '[16380:9]',
        '""',
        '"abc"',
        '(10.0.0.1, 22)',
        '255.0.255.0',
        '"veth*"',
        'mss',
        '* 3',
        '10.0.0.1:80',
      ],
      ...[
        'drop',
        'pass',
        'log',
        'count',
        'sample',
        'payload',
        'then',
        'within',
        'when',
        'audit',
        'from',
        '\n',
        '# c\n',
        '00:11:22:33:44:55',
      ],
    );
    const soup = fc.array(words, { maxLength: 30 }).map((parts) => parts.join(' '));
    const rule = fc
      .tuple(fc.array(words, { minLength: 1, maxLength: 6 }), fc.array(words, { minLength: 1, maxLength: 4 }))
      .map(([condition, actions]) => `match ${condition.join(' ')} -> ${actions.join(' ')}`);
    fc.assert(
      fc.property(fc.array(fc.oneof(soup, rule), { maxLength: 4 }), (lines) => {
        const { program, codes } = resolved(lines.join('\n'));
        expect(program.partial === true || codes.every((code) => /^PKT20(?:12|13|22|46)$/.test(code))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('is linear in the number of rules', () => {
    const rules = Array.from(
      { length: 20_000 },
      (_, at) => `match src 10.${at >> 16}.${(at >> 8) & 255}.${at & 255} tcp dport ${at % 65536} -> drop`,
    );
    const started = performance.now();
    const { program, codes } = resolved(rules.join('\n'));
    expect(codes).toEqual([]);
    expect(program.rules).toHaveLength(20_000);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
