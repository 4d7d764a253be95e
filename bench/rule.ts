/** A rule of the kind that packet classification is measured with: two prefixes, two ranges of ports, a protocol. */

export interface Prefix {
  /** Its first address; bits behind the prefix are 0. */
  readonly address: bigint;
  /** Bits; 0: any address. */
  readonly length: number;
}

/** First and last. */
export type Ports = readonly [number, number];

export interface BenchRule {
  /** IP version of its addresses; a rule for any address holds for both versions. */
  readonly family: 4 | 6;
  readonly src: Prefix;
  readonly dst: Prefix;
  readonly sport: Ports;
  readonly dport: Ports;
  /** null: any. */
  readonly proto: number | null;
  readonly verdict: 'drop' | 'pass';
}

export const ANY_ADDRESS: Prefix = { address: 0n, length: 0 };
export const ANY_PORT: Ports = [0, 65535];

const NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmp6'],
]);

export interface Lines {
  readonly default: 'drop' | 'pass';
  /** Overrides the rules' own. */
  readonly verdict?: 'drop' | 'pass';
  readonly hook?: string;
}

/** A `.rules` file. */
export function rulesText(rules: readonly BenchRule[], lines: Lines): string {
  const head = `hook ${lines.hook ?? 'xdp'}\ndefault ${lines.default}\n\n`;
  return `${head}${rules.map((rule) => `match ${conditionText(rule)} -> ${lines.verdict ?? rule.verdict}\n`).join('')}`;
}

function conditionText({ family, src, dst, sport, dport, proto }: BenchRule): string {
  const parts: string[] = [];
  if (src.length > 0) parts.push(`src ${prefixText(src, family)}`);
  if (dst.length > 0) parts.push(`dst ${prefixText(dst, family)}`);
  if (proto !== null) parts.push(`proto ${NAMES.get(proto) ?? proto}`);
  if (!isAny(sport)) parts.push(`sport ${portsText(sport)}`);
  if (!isAny(dport)) parts.push(`dport ${portsText(dport)}`);
  return parts.length === 0 ? 'any' : parts.join(' ');
}

export function isAny([first, last]: Ports): boolean {
  return first === 0 && last === 65535;
}

export function portsText([first, last]: Ports): string {
  return first === last ? String(first) : `${first}-${last}`;
}

export function prefixText({ address, length }: Prefix, family: 4 | 6): string {
  return `${addressText(address, family)}/${length}`;
}

function addressText(address: bigint, family: 4 | 6): string {
  const words = (count: number, bits: number) =>
    Array.from({ length: count }, (_, at) =>
      Number((address >> BigInt(bits * (count - 1 - at))) & ((1n << BigInt(bits)) - 1n)),
    );
  if (family === 4) return words(4, 8).join('.');
  // Zeros at the end as `::`, which is where prefixes have them.
  const groups = words(8, 16).map((word) => word.toString(16));
  const text = groups.join(':').replace(/(?:(?:^|:)0)+$/, '::');
  return groups.every((group) => group === '0') ? '::' : text;
}

/** The same prefix with the bits behind it cleared. */
export function prefixOf(address: bigint, length: number, family: 4 | 6): Prefix {
  const bits = family === 4 ? 32 : 128;
  const low = BigInt(bits - length);
  return { address: (address >> low) << low, length };
}

/** The last address in it. */
export function lastAddress({ address, length }: Prefix, family: 4 | 6): bigint {
  return address | ((1n << BigInt((family === 4 ? 32 : 128) - length)) - 1n);
}
