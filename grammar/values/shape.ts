/** What a literal looks like, for messages: `dport takes a number, this is an IPv4 address`. */
export type Shape =
  | 'a number'
  | 'an IPv4 address'
  | 'an IPv6 address'
  | 'a MAC address'
  | 'an address with a port'
  | 'a rate'
  | 'a ratio'
  | 'a duration'
  | 'a share'
  | 'a value of another kind';

const SHAPES: readonly (readonly [RegExp, Shape])[] = [
  [/^(?:\d+(?:\.\d+){3}|\[[0-9A-Fa-f:.]+\]):\d+$/, 'an address with a port'],
  [/^[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?:\/\d+)?$/, 'a MAC address'],
  [/^[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:\/[\d.]+)?(?:%.*)?$/, 'an IPv6 address'],
  [/^\d+(?:\.\d+){2,}(?:\/[\d.]+)?$/, 'an IPv4 address'],
  [/^\d+\.\d+\/\d+$/, 'an IPv4 address'],
  [/^0[xX][0-9A-Fa-f]+$/, 'a number'],
  [/^\d+(?:\.\d+)?(?:[kMG]i?)?$/, 'a number'],
  [/^\d+(?:\.\d+)?(?:ms|s|m|min|h|d)$/, 'a duration'],
  [/^\d+(?:\.\d+)?%$/, 'a share'],
  [/^\d+\/\d+$/, 'a ratio'],
  [/^\d+(?:\.\d+)?[A-Za-z]*\/[a-z]+$/, 'a rate'],
];

export function shapeOf(text: string): Shape {
  if (text.length > 256) return 'a value of another kind';
  return SHAPES.find(([pattern]) => pattern.test(text))?.[1] ?? 'a value of another kind';
}
