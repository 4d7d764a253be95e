/** The plain scan that every verdict of a measured program is held against: rule after rule, none of the project's code in it. */
import type { BenchPacket } from './packet.ts';
import { type BenchRule, isAny, lastAddress } from './rule.ts';

/** Index of the first rule that matches, -1: none. */
export type FirstMatch = (packet: BenchPacket) => number;

/** Addresses as four 32-bit words, most significant first; a prefix is a value under a mask. */
const WORDS = 4;

export function firstMatch(rules: readonly BenchRule[]): FirstMatch {
  const count = rules.length;
  const [src, dst] = [maskedWords(rules, 'src'), maskedWords(rules, 'dst')];
  const family = Uint8Array.from(rules, (rule) => (rule.src.length === 0 && rule.dst.length === 0 ? 0 : rule.family));
  const proto = Int16Array.from(rules, (rule) => rule.proto ?? -1);
  const ports = new Int32Array(4 * count);
  for (const [index, { sport, dport }] of rules.entries()) {
    // A packet without ports, -1, is in no range but that of a rule that does not ask.
    ports.set([...(isAny(sport) ? [-1, 65535] : sport), ...(isAny(dport) ? [-1, 65535] : dport)], 4 * index);
  }
  return (packet) => {
    const from = wordsOf(packet.src, packet.family);
    const to = wordsOf(packet.dst, packet.family);
    for (let index = 0; index < count; index++) {
      if (!under(src, index, from) || !under(dst, index, to)) continue;
      const version = family[index] as number;
      if (version !== 0 && version !== packet.family) continue;
      const wanted = proto[index] as number;
      if (wanted !== -1 && wanted !== packet.proto) continue;
      const at = 4 * index;
      if (packet.sport < (ports[at] as number) || packet.sport > (ports[at + 1] as number)) continue;
      if (packet.dport < (ports[at + 2] as number) || packet.dport > (ports[at + 3] as number)) continue;
      return index;
    }
    return -1;
  };
}

interface Masked {
  readonly value: Uint32Array;
  readonly mask: Uint32Array;
}

function maskedWords(rules: readonly BenchRule[], side: 'src' | 'dst'): Masked {
  const value = new Uint32Array(WORDS * rules.length);
  const mask = new Uint32Array(WORDS * rules.length);
  for (const [index, rule] of rules.entries()) {
    const prefix = rule[side];
    const differs = lastAddress(prefix, rule.family) ^ prefix.address;
    const all = rule.family === 4 ? 0xffffffffn : (1n << 128n) - 1n;
    value.set(wordsOf(prefix.address, rule.family), WORDS * index);
    mask.set(prefix.length === 0 ? new Uint32Array(WORDS) : wordsOf(all ^ differs, rule.family), WORDS * index);
  }
  return { value, mask };
}

function wordsOf(address: bigint, family: 4 | 6): Uint32Array {
  const words = new Uint32Array(WORDS);
  if (family === 4) words[0] = Number(address);
  else for (let at = 0; at < WORDS; at++) words[at] = Number((address >> BigInt(32 * (WORDS - 1 - at))) & 0xffffffffn);
  return words;
}

function under({ value, mask }: Masked, index: number, words: Uint32Array): boolean {
  const at = WORDS * index;
  return (
    ((words[0] as number) & (mask[at] as number)) >>> 0 === value[at] &&
    ((words[1] as number) & (mask[at + 1] as number)) >>> 0 === value[at + 1] &&
    ((words[2] as number) & (mask[at + 2] as number)) >>> 0 === value[at + 2] &&
    ((words[3] as number) & (mask[at + 3] as number)) >>> 0 === value[at + 3]
  );
}
