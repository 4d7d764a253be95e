import { judgeIpv4, printIpv4 } from './ipv4.ts';
import { bad, good, type Judged } from './judged.ts';

interface Half {
  readonly groups: readonly number[];
  readonly problem: Judged<bigint> | null;
}

/** Groups of one side of `::`; the last one may be an embedded IPv4 address when `mayEmbed`. */
function readGroups(text: string, offset: number, mayEmbed: boolean): Half {
  const groups: number[] = [];
  if (text === '') return { groups, problem: null };
  let at = offset;
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const place = [at, at + Math.max(part.length, 1)] as const;
    if (part.includes('.')) {
      const embedded = judgeIpv4(part);
      if (!mayEmbed || index !== parts.length - 1) {
        return { groups, problem: bad('not-an-address', place, 'an IPv4 part can only come last') };
      }
      if (!embedded.ok) {
        const { problem } = embedded;
        const moved = { ...problem, start: problem.start + at, end: problem.end + at, fixes: [] };
        return { groups, problem: { ok: false, problem: moved } };
      }
      groups.push(Math.floor(embedded.value / 65536), embedded.value % 65536);
    } else if (part === '') {
      return { groups, problem: bad('not-an-address', place, 'a group is missing here') };
    } else if (!/^[0-9A-Fa-f]+$/.test(part)) {
      return { groups, problem: bad('not-an-address', place, 'not a hexadecimal group') };
    } else if (part.length > 4) {
      return { groups, problem: bad('not-an-address', place, 'a group has at most four digits') };
    } else {
      groups.push(Number.parseInt(part, 16));
    }
    at += part.length + 1;
  }
  return { groups, problem: null };
}

/** RFC 4291 section 2.2, all three forms. Zone identifiers (RFC 4007) are refused: packets do not carry them. */
export function judgeIpv6(text: string): Judged<bigint> {
  const whole = [0, text.length] as const;
  const zone = text.indexOf('%');
  if (zone >= 0) {
    return bad('zone', [zone, text.length], 'a packet does not carry its zone', { help: 'leave the zone out' });
  }
  if (text.length > 128 || !text.includes(':')) return bad('not-an-address', whole, 'not an IPv6 address');
  const gap = text.indexOf('::');
  const second = gap < 0 ? -1 : text.indexOf('::', gap + 1);
  if (second >= 0) return bad('not-an-address', [second, second + 2], '`::` can stand only once');
  const head = readGroups(gap < 0 ? text : text.slice(0, gap), 0, gap < 0);
  if (head.problem) return head.problem;
  const tail = gap < 0 ? { groups: [], problem: null } : readGroups(text.slice(gap + 2), gap + 2, true);
  if (tail.problem) return tail.problem;
  const count = head.groups.length + tail.groups.length;
  if (gap < 0 && count !== 8) {
    return bad('not-an-address', whole, `${count} ${count === 1 ? 'group' : 'groups'}; an IPv6 address has eight, or \`::\``);
  }
  if (gap >= 0 && count > 7) return bad('not-an-address', whole, '`::` stands for at least one group');
  const groups = [...head.groups, ...Array<number>(8 - count).fill(0), ...tail.groups];
  return good(groups.reduce((address, group) => (address << 16n) | BigInt(group), 0n));
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`, `::ffff:a.b.c.d` for mapped addresses. */
export function printIpv6(address: bigint): string {
  if (address >> 32n === 0xffffn) return `::ffff:${printIpv4(Number(address & 0xffffffffn))}`;
  const groups = Array.from({ length: 8 }, (_, index) => Number((address >> BigInt(112 - 16 * index)) & 0xffffn));
  let best = { start: 0, length: 1 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  const print = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (best.length < 2) return print(groups);
  return `${print(groups.slice(0, best.start))}::${print(groups.slice(best.start + best.length))}`;
}
