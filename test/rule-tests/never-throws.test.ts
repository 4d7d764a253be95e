/** Whatever stands in a test block: it is answered, in its place, and what is built is a frame. */
import { describe, expect, it } from 'vitest';
import { renderDiagnostics } from '../../compiler/diagnostics/render.ts';
import { SETTINGS } from '../../compiler/rule-tests/settings.ts';
import { PROTOCOLS } from '../../compiler/rule-tests/test-packet.ts';
import { createRandom, type Random } from '../packets/random.ts';
import { randomPacket } from './packet-texts.ts';
import { resolvedTests } from './resolved-tests.ts';

const NAMES = [
  ...Object.keys(SETTINGS),
  'times',
  'over',
  'src',
  'direction',
  'malformed',
  'window',
  '__proto__',
  'toString',
  'inner',
];
const VALUES = [
  ...[
    '0',
    '1',
    '4',
    '255',
    '256',
    '4096',
    '65535',
    '65536',
    '4294967296',
    '1-4',
    '10m',
    '5%',
    '0x10',
    '007',
    '1.5',
    '9'.repeat(300),
  ],
  ...[
    'SYN',
    'SYN,ACK',
    'none',
    'none,SYN',
    'first',
    'later',
    'set',
    'ef',
    'echo-request',
    'broadcast',
    'multicast',
    'mss,mss,nop',
    'x*2',
  ],
  ...['"GET"', '"\\x00\\xff"', '"\\q"', '""', '"é"', '"00 11 22"', '"eth0"', `"${'a'.repeat(300)}"`],
  ...['10.0.0.1', '10.0.0.1:80', 'fd00::1', '[fd00::1]:53', '02:00:00:00:00:01', '02:00:00:00:00:00/24', '10.0.0.0/8', '1/10'],
];
const ENDS = [
  '10.0.0.1',
  '10.0.0.1:1',
  '10.0.0.1:66000',
  '10.0.0.256:1',
  'fd00::1',
  '[fd00::1]',
  '[fd00::1]:2',
  '10.0.0.0/8',
  '7',
  'ff:ff:ff:ff:ff:ff',
];

function anyPacket(random: Random, depth: number): string {
  if (random.chance(0.4)) return randomPacket(random);
  const ends = random.chance(0.9) ? `${random.pick(ENDS)} > ${random.pick(ENDS)}` : '';
  const settings = Array.from({ length: random.int(0, 6) }, () => {
    const name = random.pick(NAMES);
    return depth < 3 && random.chance(0.15) ? `${name}(${anyPacket(random, depth + 1)})` : `${name} ${random.pick(VALUES)}`;
  });
  return [random.chance(0.95) ? random.pick(PROTOCOLS) : 'dns', ends, ...settings].join(' ');
}

function anyTest(random: Random): string {
  const items = Array.from({ length: random.int(0, 4) }, () => {
    const subject = random.chance(0.9) ? `packet ${anyPacket(random, 0)}` : `capture ${random.pick(VALUES)}`;
    const count = random.chance(0.1) ? ` ${random.pick(VALUES)}` : '';
    const by = random.chance(0.3) ? ` by ${random.pick(['ssh', 'seen', 'shh', 'toString'])}` : '';
    return `  ${subject} expect ${random.pick(['pass', 'drop', 'reject', 'deny', 'toString'])}${count}${by}`;
  });
  return `ssh: match tcp dport 22 -> drop\nseen: match udp -> count\ntest "t" {\n${items.join('\n')}\n}\n`;
}

describe('random test blocks', () => {
  it('are answered', () => {
    const random = createRandom(23);
    let built = 0;
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const text = anyTest(random);
      const { tests, diagnostics } = resolvedTests(text);
      renderDiagnostics(diagnostics, { color: false });
      for (const { primary } of diagnostics) {
        expect(primary?.span.start ?? -1, text).toBeGreaterThanOrEqual(0);
        expect(primary?.span.end ?? -1, text).toBeLessThanOrEqual(text.length);
      }
      const cases = tests.flatMap((test) => test.cases);
      for (const one of cases) if (one.kind === 'packet') expect(one.frame.length, text).toBeLessThan(2 ** 17 + 1);
      built += cases.length;
      refused += diagnostics.filter(({ code }) => code.startsWith('PKT209')).length;
    }
    expect(built).toBeGreaterThan(500);
    expect(refused).toBeGreaterThan(500);
  });

  it('say something about every packet that is left out', () => {
    const random = createRandom(29);
    for (let round = 0; round < 1000; round++) {
      const packet = anyPacket(random, 0);
      const { tests, diagnostics } = resolvedTests(`test "t" {\n  packet ${packet} expect pass\n}\n`);
      const left = tests.every(({ cases }) => cases.length === 0);
      expect(left, packet).toBe(diagnostics.some(({ severity }) => severity === 'error'));
    }
  });

  it('come to nothing in the program', () => {
    const { program } = resolvedTests(
      'ssh: match tcp dport 22 -> drop\ntest "t" { packet tcp 10.0.0.1:1 > 10.0.0.2:22 expect drop }\n',
    );
    expect(program.rules.map(({ name }) => name)).toEqual(['ssh']);
    expect(program.partial).toBeUndefined();
  });
});
