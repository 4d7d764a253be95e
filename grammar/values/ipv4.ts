import { bad, good, type Judged, write } from './judged.ts';

/** The number as people write it: `10.0.0.1`. */
export function printIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** Exactly four decimal octets (RFC 6943 section 3.1.1, strict form). Other forms that inet_aton takes are refused, each for its reason. */
export function judgeIpv4(text: string): Judged<number> {
  if (text.length > 64 || !/^[\d.]+$/.test(text)) return bad('not-an-address', [0, text.length], 'not an IPv4 address');
  const octets = text.split('.');
  let address = 0;
  let at = 0;
  for (const octet of octets) {
    const place = [at, at + octet.length] as const;
    if (octet === '') return bad('not-an-address', [at, Math.min(at + 1, text.length)], 'an octet is missing here');
    if (octet.length > 1 && octet.startsWith('0')) return leadingZero(text, octets, place);
    if (octet.length > 3 || Number(octet) > 255) return bad('not-an-address', place, 'an octet is at most 255');
    address = address * 256 + Number(octet);
    at += octet.length + 1;
  }
  if (octets.length < 4) {
    return bad('short-address', [0, text.length], `${octets.length} of four octets`, { help: 'write all four octets' });
  }
  if (octets.length > 4) return bad('not-an-address', [0, text.length], `${octets.length} octets; an IPv4 address has four`);
  return good(address);
}

function leadingZero(text: string, octets: readonly string[], place: readonly [number, number]): Judged<number> {
  const plain = octets.map((octet) => octet.replace(/^0+(?=\d)/, '')).join('.');
  return bad('leading-zero', place, 'a leading zero', {
    help: 'some tools read this octet as octal',
    fixes: plain !== text && judgeIpv4(plain).ok ? [write(plain)] : [],
  });
}

/** The prefix length that a netmask stands for, `255.0.0.0` or inverted `0.255.255.255`; null when its ones are not in one piece. */
export function lengthOfMask(mask: number): number | null {
  for (let length = 0; length <= 32; length += 1) {
    const ones = 2 ** 32 - 2 ** (32 - length);
    if (mask === ones || (length > 0 && length < 32 && mask === 2 ** 32 - 1 - ones)) return length;
  }
  return null;
}
