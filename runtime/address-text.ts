/** Addresses as people write them: dotted IPv4, and IPv6 in the form of RFC 5952. */

const OCTETS: readonly string[] = Array.from({ length: 256 }, (_, octet) => String(octet));

/** @param at where the four bytes begin, in network order. */
export function ipv4Text(bytes: Uint8Array, at: number): string {
  return `${octet(bytes, at)}.${octet(bytes, at + 1)}.${octet(bytes, at + 2)}.${octet(bytes, at + 3)}`;
}

/** @param at where the sixteen bytes begin, in network order. */
export function ipv6Text(bytes: Uint8Array, at: number): string {
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) groups.push(((bytes[at + index] ?? 0) << 8) | (bytes[at + index + 1] ?? 0));
  const zeros = longestZeros(groups);
  if (zeros.start === 0 && zeros.length === 5 && groups[5] === 0xffff) return `::ffff:${ipv4Text(bytes, at + 12)}`;
  if (zeros.length < 2) return hex(groups);
  return `${hex(groups.slice(0, zeros.start))}::${hex(groups.slice(zeros.start + zeros.length))}`;
}

function octet(bytes: Uint8Array, at: number): string {
  return OCTETS[bytes[at] ?? 0] ?? '';
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}

/** The first of the longest runs of zero groups (RFC 5952, 4.2.3). */
function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index < groups.length; index++) {
    if (groups[index] !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}
