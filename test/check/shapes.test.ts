/**
 * Rules that are recognised by their shape mean what they mean when each is parsed, resolved and checked on its own: the same rules with
 * the same places and identities, and the same diagnostics. `PKTC_SHAPE_FILES` sets the number of random files, `PKTC_SEED` the seed.
 */
import { describe, expect, it } from 'vitest';
import { parse } from '../../compiler/1-parse/parse.ts';
import { recognise } from '../../compiler/1-parse/recognise.ts';
import type { Rule } from '../../compiler/2-resolve/program.ts';
import { resolve } from '../../compiler/2-resolve/resolve.ts';
import { plainRule, rowOf } from '../../compiler/2-resolve/row-rule.ts';
import { check } from '../../compiler/3-check/check.ts';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import { injured, type Random, randomFrom, statements } from '../grammar/random-text.ts';

const FILES = Number(process.env.PKTC_SHAPE_FILES ?? 400);
const SEED = Number(process.env.PKTC_SEED ?? 1);

interface Looked {
  readonly rules: readonly Rule[];
  readonly diagnostics: readonly Diagnostic[];
}

function oneByOne(text: string): Looked {
  const source = { name: 'edge.rules', text };
  const syntax = parse(source);
  const { value, diagnostics } = resolve(syntax.value, source, { hook: null });
  return { rules: value.rules, diagnostics: [...syntax.diagnostics, ...diagnostics, ...check(value)] };
}

function byShape(text: string): Looked & { readonly rows: number } {
  const source = { name: 'edge.rules', text };
  const reading = recognise(source, { shapesFrom: 0 });
  const { value, diagnostics } = resolve(reading, source, { hook: null });
  const rows = value.rules.filter((rule) => rowOf(rule) !== null).length;
  return { rules: value.rules.map(plainRule), diagnostics: [...reading.diagnostics, ...diagnostics, ...check(value)], rows };
}

function compare(text: string): number {
  const { rows, ...fast } = byShape(text);
  const slow = oneByOne(text);
  expect(
    fast.rules.map((rule) => rule.span),
    text,
  ).toEqual(slow.rules.map((rule) => rule.span));
  expect(fast, text).toEqual(slow);
  return rows;
}

type Make = (random: Random) => string;

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T;

const octet: Make = (random) => pick(random, [`${random(256)}`, '0', '255', '10', `${random(4)}`]);
const ip4: Make = (random) => `${octet(random)}.${octet(random)}.${octet(random)}.${octet(random)}`;

const address: Make = (random) => {
  const right: Make[] = [
    ip4,
    (r) => `${10 + r(3)}.${r(4)}.0.0/16`,
    (r) => `192.168.${r(3)}.0/24`,
    () => '0.0.0.0/0',
    (r) => `10.0.0.${r(9)}-10.0.0.${9 + r(9)}`,
    (r) => `2001:db8:${r(4).toString(16)}::/48`,
    (r) => `fe80::${r(3)}`,
    () => '::/0',
    (r) => `1:2:3:4:5:6:7:${r(9)}`,
    (r) => `ABCD::${r(65536).toString(16)}:0/112`,
  ];
  const odd: Make[] = [
    (r) => `10.${r(9)}.0.1/8`,
    () => '10.1/16',
    () => '010.0.0.1',
    () => '10.0.0.256',
    () => '10.0.0.0/33',
    () => '10.0.0.9-10.0.0.1',
    () => '10.0.0.0/24-10.0.1.0/24',
    () => '::1-::9',
    () => '1:2:3',
    () => '2001:db8::1/32',
    () => '::ffff:10.0.0.1',
    () => '10.0.0.1:80',
    () => 'aa:bb:cc:dd:ee:ff',
    () => 'lan',
    () => '"x"',
    () => '80',
    () => '1::2::3',
    () => ':::',
  ];
  return pick(random, random(20) === 0 ? odd : right)(random);
};

const number: Make = (random) => {
  const right: Make[] = [
    (r) => `${r(65536)}`,
    (r) => `${r(4)}`,
    () => '0',
    (r) => `${r(100)}-${100 + r(1000)}`,
    () => '0-65535',
    () => '65535',
    () => '443',
  ];
  const odd: Make[] = [
    () => '65536',
    () => '022',
    () => '0x16',
    () => '1k',
    () => '9-1',
    () => 'ssh',
    () => 'web',
    () => '1.5',
    () => '22-',
    () => '999999999999',
  ];
  return pick(random, random(20) === 0 ? odd : right)(random);
};

const several =
  (make: Make): Make =>
  (random) => {
    if (random(4) > 0) return make(random);
    return `{ ${Array.from({ length: 1 + random(4) }, () => make(random)).join(pick(random, [', ', ',', ' , ']))} }`;
  };

const small: Make = (random) => `${random(random(9) === 0 ? 400 : 8)}`;

const predicate: Make = (random) => {
  const operator = pick(random, ['', '', '', '', '= ', '!= ', 'in ']);
  return pick<Make>(random, [
    (r) => `src ${operator}${several(address)(r)}`,
    (r) => `dst ${operator}${several(address)(r)}`,
    (r) => `addr ${operator}${several(address)(r)}`,
    (r) => `dport ${operator}${several(number)(r)}`,
    (r) => `sport ${operator}${several(number)(r)}`,
    (r) => `port ${operator}${several(number)(r)}`,
    (r) => `dport ${pick(r, ['<', '<=', '>', '>='])} ${number(r)}`,
    (r) => `proto ${operator}${several(small)(r)}`,
    (r) => `ttl ${pick(r, ['< ', '', '>= '])}${small(r)}`,
    (r) => `dscp ${small(r)}`,
    (r) => `len ${pick(r, ['> ', ''])}${number(r)}`,
    (r) => `ethertype ${small(r)}`,
    (r) => pick(r, ['tcp', 'udp', 'ip', 'ip6', 'icmp', 'arp', 'any', 'sctp']),
    (r) =>
      pick(r, [
        'flags SYN',
        'flags SYN,!ACK',
        'frag later',
        'icmp.type echo-request',
        'src lan',
        'dport web',
        'src & 255.0.255.0 = 10.0.0.0',
      ]),
    (r) => `payload[${r(9)}:2] = ${small(r)}`,
    (r) => `(src, dport) in { (${address(r)}, ${number(r)}) }`,
    (r) => `inner(tcp dport ${number(r)})`,
  ])(random);
};

const condition: Make = (random) => {
  const parts = Array.from({ length: 1 + random(4) }, () => `${random(12) === 0 ? 'not ' : ''}${predicate(random)}`);
  const joined = parts.join(pick(random, [' ', ' ', ' ', ' and ', '  ', ' \t']));
  return random(10) === 0 ? `(${joined} or ${predicate(random)})`.replace(/^\((.*) or/, '(($1) or') : joined;
};

const actions: Make = (random) =>
  pick(random, [
    'drop',
    'pass',
    'count',
    'reject',
    'audit drop',
    'drop, log',
    'log sample 10',
    'count/drop',
    `mark ${random(3)}`,
    'drop, drop',
  ]);

/** A few forms of rule, or many that share ways to write a predicate, each often with other values; lines between them that are anything. */
function fileOf(random: Random): string {
  const forms = Array.from({ length: 1 + random(random(3) === 0 ? 25 : 4) }, () => {
    const seed = random(1e9);
    const [before, between, label] = [pick(random, ['', '', ' ', '\t']), pick(random, [' ', ' ', '  ', '']), random(5) === 0];
    // The same choices but for the literals: forms repeat, values do not.
    return (index: number, values: Random): string => {
      const shared = randomFrom(seed);
      let drawn = 0;
      const mixed: Random = (limit) => {
        drawn += 1;
        const fixed = shared(limit);
        return limit > 200 || drawn % 7 === 0 ? values(limit) : fixed;
      };
      return `${before}${label ? `r${index % 50}: ` : ''}match ${condition(mixed)} ->${between}${actions(mixed)}`;
    };
  });
  const lines = ['let lan = { 10.0.0.0/8, fe80::/10 }', 'let web = { 80, 443 }'];
  for (let index = 0; index < 60; index += 1) {
    lines.push(pick(random, forms)(index, random));
    if (random(12) === 0)
      lines.push(
        pick(random, [
          '',
          '# a comment',
          '  ',
          'name:',
          'and tcp',
          'drop: # x',
          '-> pass',
          'lan',
          'hook xdp',
          'default drop',
          'macth tcp -> drop',
          '"',
          'test "x" {',
          '}',
          'match',
        ]),
      );
    if (random(25) === 0) lines.push(statements(random, 1));
    if (random(20) === 0)
      lines[lines.length - 1] += pick(random, [
        '  # why',
        ' ',
        '\t#',
        ' match tcp -> drop',
        '#"',
        ' extra: match udp -> pass',
        '\r',
        '#\r and more',
      ]);
  }
  const end = pick(random, ['\n', '\n', '\n', '\r\n']);
  const text = lines.join(end) + pick(random, ['', end]);
  return random(6) === 0 ? injured(random, text) : text;
}

describe('rules of one shape', () => {
  it(`are what they are one by one, in ${FILES} random files (seed ${SEED})`, { timeout: 600_000 }, () => {
    const random = randomFrom(SEED);
    let rows = 0;
    for (let file = 0; file < FILES; file += 1) rows += compare(fileOf(random));
    // Otherwise nothing was compared.
    expect(rows).toBeGreaterThan(FILES * 10);
  });

  const cases: Readonly<Record<string, string>> = {
    'many lines': Array.from({ length: 50 }, (_, index) => `match src 10.0.${index}.0/24 tcp dport ${index + 1} -> drop`).join(
      '\n',
    ),
    'the same line': 'match tcp dport 22 -> drop\n'.repeat(20),
    'a range that is an address':
      'match src 10.0.0.0/8 -> drop\nmatch src 11.0.0.0/8 -> drop\nmatch src 10.0.0.0-10.255.255.255 -> drop\n',
    'one way to write for two fields': Array.from(
      { length: 30 },
      (_, i) => `match ${['port', 'sport', 'dport'][i % 3]} ${i < 15 ? '= ' : '!= '}${i} ${i % 2 ? 'tcp' : 'udp'} -> drop`,
    ).join('\n'),
    'values that fit in several ways': ['<=', '', '!=', '>', '<', '>=']
      .flatMap((way) => [0, 0, 65_535, 1, 65_534].map((value) => `match tcp dport ${way} ${value} -> drop`))
      .join('\n'),
    contradictions: Array.from({ length: 20 }, (_, index) => `match proto ${index} dport 22 -> drop`).join('\n'),
    'everything decided': `${Array.from({ length: 9 }, (_, i) => `match len 0-${65_527 + i} -> drop`).join('\n')}\nmatch tcp -> pass`,
    labels: Array.from({ length: 20 }, (_, index) => `rule_${index % 15}: match udp dport ${index} -> count`).join('\n'),
    'a line that goes on':
      'match tcp dport 22 -> drop\nmatch tcp dport 23 -> drop\nmatch tcp dport 24 -> drop\n, log\nmatch tcp dport 25 -> drop',
    'a label alone':
      'match tcp dport 22 -> drop\nmatch tcp dport 23 -> drop\nx:\nmatch tcp dport 24 -> drop\ny:\n\nmatch tcp dport 25 -> drop',
    'a line begun before':
      'match tcp dport 22 -> drop\nmatch tcp -> drop match tcp dport 23 -> drop\nmatch tcp dport 24 -> drop',
  };
  for (const [name, text] of Object.entries(cases)) {
    it(name, () => {
      expect(compare(text)).toBeGreaterThan(0);
    });
  }
});
