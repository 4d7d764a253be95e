import { describe, expect, it } from 'vitest';
import { lex, RESERVED_WORDS, tokenize } from '../../grammar/tokens.ts';

function names(text: string): string {
  return tokenize(text)
    .map(({ name, text: image }) => (name === image || name.startsWith('Word_') ? image : `${name}<${image}>`))
    .join(' ');
}

const SHAPES: readonly (readonly [text: string, tokens: string])[] = [
  ['10.0.0.0/8', 'Ip4<10.0.0.0/8>'],
  ['10.0.0.0/255.0.0.0', 'Ip4<10.0.0.0/255.0.0.0>'],
  ['10.1/16', 'Ratio<10.1/16>'],
  ['010.1.2.3', 'Ip4<010.1.2.3>'],
  ['10.0.0.*', 'Ip4<10.0.0.*>'],
  ['10.0.0.1:80', 'Endpoint<10.0.0.1:80>'],
  ['[fd00::1]:80', 'Endpoint<[fd00::1]:80>'],
  ['[4:2]', 'OpenBracket<[> Numeral<4> Colon<:> Numeral<2> CloseBracket<]>'],
  ['fe80::1/64', 'Ip6<fe80::1/64>'],
  ['fe80::1%eth0', 'Ip6<fe80::1%eth0>'],
  ['::ffff:10.0.0.1', 'Ip6<::ffff:10.0.0.1>'],
  ['::', 'Ip6<::>'],
  ['cafe::1', 'Ip6<cafe::1>'],
  ['fe80:1', 'Glued<fe80:1>'],
  ['00:11:22:33:44:55', 'Mac<00:11:22:33:44:55>'],
  ['00-11-22-33-44-55', 'Mac<00-11-22-33-44-55>'],
  ['00:11:22:33:44', 'Ip6<00:11:22:33:44>'],
  ['8000-8100', 'Numeral<8000> Dash<-> Numeral<8100>'],
  ['fe80::1-fe80::9', 'Ip6<fe80::1> Dash<-> Ip6<fe80::9>'],
  ['100/s-200/s', 'Rate<100/s> Dash<-> Rate<200/s>'],
  ['10m 10M 5% 1.2 64KiB', 'Numeral<10m> Numeral<10M> Numeral<5%> Numeral<1.2> Numeral<64KiB>'],
  ['100Mbit/s 1/10 0x1F', 'Rate<100Mbit/s> Ratio<1/10> Hexadecimal<0x1F>'],
  ['1/10/drop 64/drop', 'Ratio<1/10> Slash</> Word<drop> Numeral<64> Slash</> Word<drop>'],
  ['10.0.0.1/drop fe80::1/drop', 'Ip4<10.0.0.1> Slash</> Word<drop> Ip6<fe80::1> Slash</> Word<drop>'],
  ['echo-request eth0.100 a_b', 'Word<echo-request> Word<eth0.100> Word<a_b>'],
  ['a->b', 'Word<a> Arrow<->> Word<b>'],
  ['ssh: ssh:match', 'Label<ssh:> Glued<ssh:match>'],
  ['match matches match-x in.x', 'match Word<matches> Word<match-x> Word<in.x>'],
  ['from packet', 'from packet'],
  ['"a\\"#b" #c', 'Text<"a\\"#b">'],
  ['"a\\', 'OpenText<"a\\>'],
  ['"a\nb"', 'OpenText<"a> Word<b> OpenText<">'],
  [
    '=> == && || ; <> := // /*',
    '=> == && || ; <> := // /*'
      .split(' ')
      .map((text) => `Foreign<${text}>`)
      .join(' '),
  ],
  ['<=>=!=', 'LessEqual<<=> GreaterEqual<>=> NotEqual<!=>'],
  ['\0', 'Stray<\0>'],
  ['a\u00a0b', 'Word<a> Stray<\u00a0> Word<b>'],
  ['größe', 'Word<gr> Stray<öß> Word<e>'],
];

describe('tokens', () => {
  for (const [text, tokens] of SHAPES) {
    it(`of ${JSON.stringify(text)}`, () => expect(names(text)).toBe(tokens));
  }

  it('have the places of their text, across slices too', () => {
    const text = `\ufeff${'match tcp dport { 80, 443 } -> drop # all\r\n'.repeat(6000)}`;
    let end = 0;
    let slices = 0;
    for (const { tokens, comments } of lex(text)) {
      slices++;
      for (const { startOffset, image } of tokens) {
        expect(text.startsWith(image, startOffset)).toBe(true);
        expect(startOffset).toBeGreaterThanOrEqual(end);
        end = startOffset + image.length;
      }
      for (const { text: comment, span } of comments) expect(text.slice(span.start, span.end)).toBe(comment);
    }
    expect(slices).toBeGreaterThan(3);
  });

  it('leave out nothing but white space and comments', () => {
    const every = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code))
      .join('')
      .replace(/["#\n\r]/g, '');
    expect(
      tokenize(every)
        .map(({ text }) => text)
        .join(''),
    ).toBe(every.replace(/[ \t\f]/g, ''));
  });
});

describe('reserved words', () => {
  it('are these and no more', () => {
    expect(RESERVED_WORDS.join(' ')).toBe(
      'include hook default let set match test and or not in contains starts ends per then within when unless expect',
    );
  });
});
