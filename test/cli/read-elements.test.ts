import { expect, test } from 'vitest';
import type { ElementList } from '../../cli/sets/element-list.ts';
import { readElements } from '../../cli/sets/read-elements.ts';
import type { ManifestSet } from '../../runtime/abi/manifest.ts';

const SET: ManifestSet = {
  name: 'listed',
  key: [{ field: 'src', type: 'address', bits: 128 }],
  size: 100,
  timeout_ms: null,
};

const elementsOf = (list: ElementList) => Array.from({ length: list.count }, (_, index) => [...list.at(index)]);
const inFile = (text: string) =>
  [...readElements(SET, [], { name: 'list', text })].map(([time_ms, list]) => [time_ms, elementsOf(list)]);

test('a line of a file is what the same text is on the command line', () => {
  const texts = [
    '192.0.2.7',
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    '2001:db8::7',
    '2001:DB8:0:0:1::ffff',
    'fe80::1:2:3:4',
    '1:2:3:4:5:6:7:8',
    '::ffff:192.0.2.1',
    '64:ff9b::192.0.2.33',
  ];
  const [written] = [...readElements(SET, texts, null).values()].map(elementsOf);
  expect(written).toHaveLength(texts.length);
  const plain = `${texts.join('\n')}\n`;
  const odd = `# all of them\n\n${texts.map((text, index) => ` ${text} ${index % 2 === 0 ? '# why' : '; why'}\r`).join('\n')}`;
  for (const text of [plain, odd]) expect(inFile(text)).toEqual([[null, written]]);
});

test('a time of its own', () => {
  const lists = inFile('192.0.2.1 timeout 10m\n2001:db8::1 timeout 1h # for now\n2001:db8::2\n');
  expect(lists).toEqual([
    [600_000, [[4, 0xc000_0201, 0, 0, 0]]],
    [3_600_000, [[6, 0x2001_0db8, 0, 0, 1]]],
    [null, [[6, 0x2001_0db8, 0, 0, 2]]],
  ]);
});

test.each(['192.0.2.0/24', '192.0.2.1/32', '2001:db8::/32', '2001:db8::1/128', '2001:db8::g', '1.2.3', '1:2:3', 'x'])(
  'what is no element is told with its line: %s',
  (wrong) => {
    expect(() => inFile(`192.0.2.1\n2001:db8::1\n${wrong}\n`)).toThrow(/^line 3 of `list`: /);
  },
);
