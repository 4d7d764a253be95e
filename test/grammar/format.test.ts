import { describe, expect, it } from 'vitest';
import { parse } from '../../compiler/1-parse/parse.ts';
import { format } from '../../grammar/format.ts';
import { injured, type Random, randomFrom, respaced, rubbish, statements } from './random-text.ts';
import { STATEMENTS } from './statements.ts';
import { flattened, sourceOf, withoutSpans } from './syntax-tree.ts';

function formatted(text: string): string {
  const source = sourceOf(text);
  return format(parse(source).value, source);
}

/** What the formatter promises, for one text: the same meaning, every comment, and nothing left to do. */
function promises(text: string): string {
  const source = sourceOf(text);
  const before = parse(source).value;
  const once = format(before, source);
  const after = parse(sourceOf(once)).value;
  expect(withoutSpans(after.statements), `meaning of ${JSON.stringify(text)}\nas ${JSON.stringify(once)}`).toBe(
    withoutSpans(before.statements),
  );
  const comments = before.comments.map((comment) => comment.text.trimEnd());
  expect(
    after.comments.map((comment) => comment.text.trimEnd()),
    `comments of ${JSON.stringify(text)}`,
  ).toEqual(comments);
  expect(formatted(once), `again ${JSON.stringify(text)}`).toBe(once);
  return once;
}

const CASES: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'one statement a line': ['match tcp->drop match udp  ->  pass', 'match tcp -> drop\nmatch udp -> pass\n'],
  'a statement of many lines becomes one': [
    'ssh:\n  match tcp\n  dport 22\n -> log,\n drop',
    'ssh: match tcp dport 22 -> log, drop\n',
  ],
  'slashes become commas': [
    'match any -> count/drop/log sample 1/10/pass',
    'match any -> count, drop, log sample 1/10, pass\n',
  ],
  'signs and brackets': [
    'let x={80 , 443,8000 - 8100,}\nlet y = { }\nset z :(a,b) size 3',
    'let x = { 80, 443, 8000-8100 }\nlet y = {}\nset z: (a, b) size 3\n',
  ],
  'a range that would read as something else keeps its space': [
    'let x = 00-11-22-33-44-55 - 66',
    'let x = 00-11-22-33-44-55 - 66\n',
  ],
  'side by side, except next to `not` and parentheses': [
    'match tcp and dport 22 not src lan (arp or udp) dport 3 -> drop',
    'match tcp dport 22 and not src lan and (arp or udp) and dport 3 -> drop\n',
  ],
  '`and` that carries meaning stays': ['match dport and tcp -> drop', 'match dport and tcp -> drop\n'],
  'empty lines between groups: one at most': [
    '\n\n# a\n\n\n\nmatch tcp -> drop\nmatch udp -> drop\n\n\n',
    '# a\n\nmatch tcp -> drop\nmatch udp -> drop\n',
  ],
  'a long rule breaks before its arrow': [
    `match tcp flags SYN,!ACK rate > 5k/s per src -> block src for 10m unless src in lan, top src 20, drop`,
    `match tcp flags SYN,!ACK rate > 5k/s per src\n  -> block src for 10m unless src in lan, top src 20, drop\n`,
  ],
  'a long list of actions breaks between actions': [
    'match tcp -> alert "port scan" when distinct > 100 unless (src in admin or flags SYN) every 5m per src, count, log sample 1/10',
    'match tcp\n  -> alert "port scan" when distinct > 100 unless (src in admin or flags SYN) every 5m per src,\n     count, log sample 1/10\n',
  ],
  'a long list becomes a block': [
    `let lan = { ${Array.from({ length: 12 }, (_, index) => `10.0.${index}.0/24`).join(', ')} }`,
    `let lan = {\n  10.0.0.0/24, 10.0.1.0/24, 10.0.2.0/24, 10.0.3.0/24, 10.0.4.0/24, 10.0.5.0/24, 10.0.6.0/24,\n  10.0.7.0/24, 10.0.8.0/24, 10.0.9.0/24, 10.0.10.0/24, 10.0.11.0/24,\n}\n`,
  ],
  'comments in a list keep their lines': [
    'let lan = { 10.0.0.0/8, # office\n # home\n 192.168.0.0/16 # old\n } # all',
    'let lan = {\n  10.0.0.0/8, # office\n  # home\n  192.168.0.0/16, # old\n} # all\n',
  ],
  'comments inside a rule': [
    'a: match tcp # half\n  flags SYN\n  # before\n  -> drop # why\n , log # end',
    'a: match tcp and # half\n    flags SYN\n  # before\n  -> drop, # why\n     log # end\n',
  ],
  'comments of a test block': [
    'test "x" { # first\n packet arp   expect pass # ok\n\n\n # alone\n capture "a" expect drop 0\n # last\n}',
    'test "x" { # first\n  packet arp expect pass # ok\n\n  # alone\n  capture "a" expect drop 0\n  # last\n}\n',
  ],
  'what could not be read stays as written': [
    'match   tcp -> drop\n  match ( tcp   # why\n    -> drop\nmatch udp   -> pass',
    'match tcp -> drop\nmatch ( tcp   # why\n    -> drop\nmatch udp -> pass\n',
  ],
  'nothing stays nothing': [' \r\n', ''],
  'other line ends and a byte order mark': ['\ufeffmatch tcp # a\r\n -> drop\r\n', 'match tcp # a\n  -> drop\n'],
};

describe('format', () => {
  for (const [name, [from, to]] of Object.entries(CASES)) {
    it(name, () => {
      expect(formatted(from)).toBe(to);
      promises(from);
    });
  }

  it('keeps its promises for every statement, whole and flattened', () => {
    const all = STATEMENTS.map(([, text]) => text).join('\n');
    const text = promises(all);
    expect(promises(flattened(all))).toBe(text);
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  it('breaks no line where it would begin a statement', () => {
    const condition = Array.from({ length: 30 }, (_, index) => `lest${index} ${index}`).join(' ');
    promises(`match ${condition} -> drop`);
    promises(`match tcp -> log ${condition}`);
    promises(`match tcp # c\n and lest 3 -> drop`);
  });
});

const SEED = Number(process.env.PKTC_SEED ?? 1);

const BUILDERS: Readonly<Record<string, (random: Random) => string>> = {
  'files of good statements': (random) => respaced(random, statements(random, 6, ALL)),
  'files with injuries': (random) => injured(random, respaced(random, injured(random, statements(random, 5, ALL)))),
  rubbish: (random) => `${rubbish(random)}\n${statements(random, 2)}${rubbish(random)}`,
};

const ALL = STATEMENTS.map(([, text]) => text);

describe('format keeps its promises for random', () => {
  for (const [name, build] of Object.entries(BUILDERS)) {
    it(name, () => {
      const random = randomFrom(SEED + name.length);
      for (let run = 0; run < 3000; run++) promises(build(random));
    });
  }
});
