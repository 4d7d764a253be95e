import { judgeIpv4, lengthOfMask, printIpv4 } from './ipv4.ts';
import { judgeIpv6, printIpv6 } from './ipv6.ts';
import { bad, good, type Judged, type ValueProblem, write } from './judged.ts';

/** Every address from `first` to `last`, in one family. */
export type AddressRange =
  | { readonly family: 4; readonly first: number; readonly last: number }
  | { readonly family: 6; readonly first: bigint; readonly last: bigint };

interface FamilyTraits<N> {
  readonly bits: 32 | 128;
  readonly judge: (text: string) => Judged<N>;
  readonly print: (address: N) => string;
  readonly toBig: (address: N) => bigint;
}

const IPV4: FamilyTraits<number> = { bits: 32, judge: judgeIpv4, print: printIpv4, toBig: BigInt };
const IPV6: FamilyTraits<bigint> = { bits: 128, judge: judgeIpv6, print: printIpv6, toBig: (address) => address };

const ENDPOINT = /^(?:(\d+(?:\.\d+){3})|\[([0-9A-Fa-f:.]+)\]):(\d+)$/;

/** `10.0.0.1:80` and `[::1]:80` taken apart; null for everything else. */
export function endpointParts(text: string): { readonly address: string; readonly port: string } | null {
  const parts = text.length > 128 ? null : ENDPOINT.exec(text);
  if (!parts) return null;
  return { address: parts[1] ?? parts[2] ?? '', port: parts[3] ?? '' };
}

function endpointProblem(text: string, parts: { readonly address: string; readonly port: string }): Judged<AddressRange> {
  const from = text.length - parts.port.length - 1;
  return bad('endpoint', [from, text.length], 'a port does not belong to an address', {
    help: 'address and port are two fields',
  });
}

function moved(problem: ValueProblem, offset: number, refit: (fix: string) => string): Judged<never> {
  const fixes = problem.fixes.map((fix) => write(refit(fix.text)));
  return { ok: false, problem: { ...problem, start: problem.start + offset, end: problem.end + offset, fixes } };
}

/** What follows the slash. */
function judgeLength<N>(text: string, slash: number, family: FamilyTraits<N>): Judged<number> {
  const written = text.slice(slash + 1);
  const place = [slash + 1, Math.max(text.length, slash + 2)] as const;
  const address = text.slice(0, slash);
  if (family.bits === 32 && written.includes('.')) {
    const mask = judgeIpv4(written);
    const length = mask.ok ? lengthOfMask(mask.value) : null;
    return bad('netmask', place, length === null ? 'not a prefix length' : 'a netmask', {
      help: 'write the prefix length in bits',
      fixes: length === null ? [] : [write(canonicalPrefix(address, length, family) ?? `${address}/${length}`)],
    });
  }
  if (!/^\d{1,3}$/.test(written) || Number(written) > family.bits) {
    return bad('prefix-length', place, `a prefix length is 0 to ${family.bits}`);
  }
  if (written.length > 1 && written.startsWith('0')) {
    return bad('leading-zero', place, 'a leading zero', { fixes: [write(`${address}/${Number(written)}`)] });
  }
  return good(Number(written));
}

/** The address with its host bits cleared, and the length; null when the address is none. */
function canonicalPrefix<N>(address: string, length: number, family: FamilyTraits<N>): string | null {
  const judged = family.judge(address);
  if (!judged.ok) return null;
  const host = BigInt(family.bits - length);
  const network = (family.toBig(judged.value) >> host) << host;
  return `${family.bits === 32 ? printIpv4(Number(network)) : printIpv6(network)}/${length}`;
}

/** `10.1/16`: the octets left out are zeros, if the length says so. */
function padded(address: string, length: number): string | null {
  const octets = address.split('.');
  return octets.length < 4 && length <= 8 * octets.length
    ? canonicalPrefix([...octets, '0', '0', '0'].slice(0, 4).join('.'), length, IPV4)
    : null;
}

function judgeOne<N extends number | bigint>(text: string, family: FamilyTraits<N>): Judged<readonly [bigint, bigint]> {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const judged = family.judge(address);
  if (slash < 0) return judged.ok ? good([family.toBig(judged.value), family.toBig(judged.value)]) : judged;
  const length = judgeLength(text, slash, family);
  if (!judged.ok) {
    const full = judged.problem.kind === 'short-address' && length.ok ? padded(address, length.value) : null;
    if (full !== null) return { ok: false, problem: { ...judged.problem, fixes: [write(full)] } };
    return moved(judged.problem, 0, (fix) => `${fix}${text.slice(slash)}`);
  }
  if (!length.ok) return length;
  const host = BigInt(family.bits - length.value);
  const value = family.toBig(judged.value);
  const first = (value >> host) << host;
  if (first !== value) {
    const network = canonicalPrefix(address, length.value, family) ?? text;
    return bad('host-bits', [0, address.length], `bits are set behind the first ${length.value}`, {
      fixes: [
        { title: `write \`${network}\` for the whole network`, text: network },
        { title: `write \`${address}/${family.bits}\` for this one address`, text: `${address}/${family.bits}` },
      ],
    });
  }
  return good([first, first + (1n << host) - 1n]);
}

const IPV4_SHAPE = /^[\d.]+(?:\/|$)/;

function toRange(family: 4 | 6, range: readonly [bigint, bigint]): AddressRange {
  return family === 4
    ? { family, first: Number(range[0]), last: Number(range[1]) }
    : { family, first: range[0], last: range[1] };
}

/** An address or a prefix, of either family. */
export function judgeAddress(text: string): Judged<AddressRange> {
  if (text.length > 256) return bad('not-an-address', [0, text.length], 'not an address');
  const endpoint = endpointParts(text);
  if (endpoint) return endpointProblem(text, endpoint);
  const family = text.includes(':') || text.includes('%') ? 6 : 4;
  if (family === 4 && !IPV4_SHAPE.test(text)) return bad('not-an-address', [0, text.length], 'not an address');
  const judged = family === 4 ? judgeOne(text, IPV4) : judgeOne(text, IPV6);
  return judged.ok ? good(toRange(family, judged.value)) : judged;
}

/** `first-last`: two addresses of one family, without prefix lengths. Places in `last` lie behind `first` and the dash. */
export function judgeAddressRange(first: string, last: string): Judged<AddressRange> {
  const offset = first.length + 1;
  const from = judgeAddress(first);
  if (!from.ok) return moved(from.problem, 0, (fix) => `${fix}-${last}`);
  const to = judgeAddress(last);
  if (!to.ok) return moved(to.problem, offset, (fix) => `${first}-${fix}`);
  for (const [text, at] of [[first, 0] as const, [last, offset] as const]) {
    const slash = text.indexOf('/');
    if (slash >= 0) return bad('prefix-length', [at + slash, at + text.length], 'a range runs from address to address');
  }
  const whole = [0, offset + last.length] as const;
  if (from.value.family !== to.value.family) {
    return bad('mixed-families', whole, `from IPv${from.value.family} to IPv${to.value.family}`);
  }
  if (from.value.first > to.value.last) {
    return bad('backwards', whole, 'the larger address comes first', { fixes: [write(`${last}-${first}`)] });
  }
  return good({ ...from.value, last: to.value.last } as AddressRange);
}

/** The shortest way to write a range: an address, a prefix, or `first-last`. */
export function printAddressRange(range: AddressRange): string {
  const [bits, first, last] = [range.family === 4 ? 32 : 128, BigInt(range.first), BigInt(range.last)];
  const print = (address: bigint): string => (range.family === 4 ? printIpv4(Number(address)) : printIpv6(address));
  if (first === last) return print(first);
  const size = last - first + 1n;
  const host = size.toString(2).length - 1;
  if (size === 1n << BigInt(host) && first % size === 0n) return `${print(first)}/${bits - host}`;
  return `${print(first)}-${print(last)}`;
}
