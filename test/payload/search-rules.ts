/** Rule files that search payloads, and packets to search. */
import type { BytePattern } from '../../compiler/2-resolve/program.ts';
import { frameOf, ipv4, tcp, udp } from '../packets/build-packet.ts';

export interface Search {
  readonly patterns: readonly BytePattern[];
  /** null: as far as it goes. */
  readonly within: number | null;
}

/** A rule that counts for each search. */
export function rulesFor(searches: readonly Search[]): string {
  return searches.map((search) => `match ${conditionOf(search)} -> count`).join('\n');
}

export function conditionOf({ patterns, within }: Search): string {
  const bound = within === null ? '' : ` within ${within}`;
  const list = (nocase: boolean): readonly string[] => {
    const texts = patterns.filter((one) => one.nocase === nocase).map(({ bytes }) => quoted(bytes));
    return texts.length === 0 ? [] : [`payload${bound} contains${nocase ? ' nocase' : ''} { ${texts.join(', ')} }`];
  };
  return [...list(false), ...list(true)].join(' or ');
}

function quoted(bytes: readonly number[]): string {
  return `"${bytes.map(escaped).join('')}"`;
}

function escaped(byte: number): string {
  const plain = String.fromCharCode(byte);
  return /[ -~]/.test(plain) && !/["\\]/.test(plain) ? plain : `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** The payload in TCP; its length is not said where it is more than the header can say. */
export function tcpFrame(payload: Uint8Array): Uint8Array {
  const segment = tcp({ dport: 80 }, payload);
  return frameOf(ipv4({ proto: 6, ...(segment.length > 65_000 ? { totalLength: 0 } : {}) }, segment));
}

export function udpFrame(payload: Uint8Array): Uint8Array {
  return frameOf(ipv4({ proto: 17 }, udp({ dport: 53 }, payload)));
}

/** Numbers below a bound that are the same in every run. */
export function randomNumbers(first: number): (below: number) => number {
  let state = first;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** `length` bytes of an alphabet. */
export function randomBytes(random: (below: number) => number, length: number, alphabet: string): Uint8Array {
  return Uint8Array.from({ length }, () => alphabet.charCodeAt(random(alphabet.length)));
}
