import { bad, good, type Judged, write } from './judged.ts';

/** The number as people write it: `00:11:22:33:44:55`. */
export function printMac(address: number): string {
  return (address.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');
}

/** Six octets with `:` or `-` between them (one of the two), with an optional prefix length: `02:00:00:00:00:00/24`. */
export function judgeMac(text: string): Judged<readonly [number, number]> {
  const whole = [0, text.length] as const;
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  if (address.length > 64) return bad('not-a-mac', whole, 'not a MAC address');
  if (/[:]/.test(address) && address.includes('-')) {
    return bad('not-a-mac', whole, '`:` and `-` are mixed', { fixes: [write(text.replaceAll('-', ':'))] });
  }
  if (!/^[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}$/.test(address)) {
    return bad('not-a-mac', whole, 'not a MAC address', { help: 'write six octets: `00:11:22:33:44:55`' });
  }
  const value = Number.parseInt(address.replace(/[:-]/g, ''), 16);
  if (slash < 0) return good([value, value]);
  const length = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d?)$/.test(length) || Number(length) > 48) {
    return bad('prefix-length', [slash + 1, Math.max(text.length, slash + 2)], 'a prefix length is 0 to 48');
  }
  const size = 2 ** (48 - Number(length));
  if (value % size !== 0) {
    const network = `${printMac(value - (value % size))}/${length}`;
    return bad('host-bits', [0, address.length], `bits are set behind the first ${length}`, {
      fixes: [
        { title: `write \`${network}\` for the whole block`, text: network },
        { title: `write \`${address}/48\` for this one address`, text: `${address}/48` },
      ],
    });
  }
  return good([value, value + size - 1]);
}

export function judgeMacRange(first: string, last: string): Judged<readonly [number, number]> {
  const offset = first.length + 1;
  const from = judgeMac(first);
  if (!from.ok) return from;
  const to = judgeMac(last);
  if (!to.ok) {
    const { problem } = to;
    return { ok: false, problem: { ...problem, start: problem.start + offset, end: problem.end + offset, fixes: [] } };
  }
  for (const [text, at] of [[first, 0] as const, [last, offset] as const]) {
    const slash = text.indexOf('/');
    if (slash >= 0) return bad('prefix-length', [at + slash, at + text.length], 'a range runs from address to address');
  }
  if (from.value[0] > to.value[1]) {
    return bad('backwards', [0, offset + last.length], 'the larger address comes first', {
      fixes: [write(`${last}-${first}`)],
    });
  }
  return good([from.value[0], to.value[1]]);
}
