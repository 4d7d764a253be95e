/** Looks values up in the tables of sets as the headers of `templates/include/pktc` do, step by step. */
import type { Table } from '../../compiler/5-emit/sets/tables.ts';

export interface Walker {
  /** pktc_in_set */
  in32(value: number, set: number): boolean;
  /** pktc_in_direct */
  inDirect(value: number, set: number): boolean;
  /** pktc_in_set6 */
  in128(value: bigint, set: number): boolean;
  /** pktc_in_lines */
  inLines(value: bigint, set: number): boolean;
}

const WINDOW = 8;
const PROBES = 64;
const MASK32 = 0xffff_ffffn;
const MASK64 = (1n << 64n) - 1n;
const LINE_FACTOR = 0x9e3779b97f4a7c15n;
const LINE_PREFIXES = 6;

/** Throws where the C would leave a table. */
export function createWalker(tables: readonly Table[]): Walker {
  const words = new Map(
    tables.map(({ data }) => [data.variable, new Uint32Array(data.bytes.buffer, data.bytes.byteOffset, data.bytes.length / 4)]),
  );
  const wide = new Map(
    tables
      .filter(({ data }) => data.bytes.length % 8 === 0)
      .map(({ data }) => [data.variable, new BigUint64Array(data.bytes.buffer, data.bytes.byteOffset, data.bytes.length / 8)]),
  );
  const word = (table: string, at: number): number => {
    const value = words.get(`pktc_${table}`)?.[at];
    if (value === undefined) throw new RangeError(`${table}[${at}]`);
    return value;
  };
  const double = (table: string, at: number): bigint => {
    const value = wide.get(`pktc_${table}`)?.[at];
    if (value === undefined) throw new RangeError(`${table}[${at}]`);
    return value;
  };

  const inBlock = (block: number, low: number, value: number): boolean => {
    const at = Math.floor(block / 64) + Math.floor(low / 2 ** (block % 64));
    let start = word('set_buckets', at);
    let count = word('set_buckets', at + 1) - start;
    while (count > WINDOW) {
      const half = Math.floor(count / 2);
      if (word('set_edges', start + half) <= value) start += half;
      count -= half;
    }
    let below = 0;
    for (let index = 0; index < WINDOW; index++) {
      if (word('set_edges', start + index) <= value && index < count) below += 1;
    }
    return (start + below) % 2 === 1;
  };

  const inTops = (first: number, shift: number, value: number): boolean =>
    inBlock(word('set_blocks', first + Math.floor(value / 2 ** shift)), value % 2 ** shift, value);

  const inLink = (first: number, count: number, low: bigint): boolean => {
    let below = 0;
    for (let end = count; below < end; ) {
      const middle = Math.floor((below + end) / 2);
      if (double('set_hosts', first + middle) <= low) below = middle + 1;
      else end = middle;
    }
    return (first + below) % 2 === 1;
  };

  /** null: the network is no link. */
  const findLink = (high: bigint, low: bigint, at: number): boolean | null => {
    for (let place = at; place < at + PROBES; place++) {
      const [first, count] = [word('set_links', 4 * place + 2), word('set_links', 4 * place + 3)];
      if (count === 0) return null;
      if (double('set_links', 2 * place) === high) return inLink(first, count, low);
    }
    return null;
  };

  const findSite = (network: number, at: number): number => {
    for (let place = at; place < at + PROBES; place++) {
      const site = double('set_sites', place);
      if (site === 0n) return 0;
      if (Number(site >> 32n) === network) return Number(site & MASK32);
    }
    return 0;
  };

  const in128 = (value: bigint, set: number): boolean => {
    const at = 10 * set;
    const [high, low] = [value >> 64n, value & MASK64];
    const [network, rest] = [Number(high >> 32n), Number(high & MASK32)];
    const [factor, filterShift] = [word('sets6', at + 7), word('sets6', at + 9)];
    const hash = Math.imul(rest ^ Math.imul(network, factor), factor) >>> 0;
    const bit = hash >>> filterShift;
    if (((double('set_filters', word('sets6', at + 8) + (bit >>> 6)) >> BigInt(bit % 64)) & 1n) === 1n) {
      const found = findLink(high, low, word('sets6', at + 5) + (hash >>> word('sets6', at + 6)));
      if (found !== null) return found;
    }
    const place = (Math.imul(network, word('sets6', at + 4)) >>> 0) >>> word('sets6', at + 3);
    const block = findSite(network, word('sets6', at + 2) + place);
    if (block !== 0) return inBlock(block, rest, rest);
    return inTops(word('sets6', at), word('sets6', at + 1), network);
  };

  /** Line by line of the C, in one number of any length. */
  const inLines = (value: bigint, set: number): boolean => {
    const own = (at: number): number => word('lined_sets', 16 * set + 8 + at);
    const [high, low] = [value >> 64n, value & MASK64];
    const slot = Number((((high >> BigInt(own(0))) * LINE_FACTOR) & MASK64) >> BigInt(own(2)));
    const code = Number((double('line_codes', own(1) + Math.floor(slot / 32)) >> BigInt((slot % 32) * 2)) & 3n);
    const mask = double('lined_sets', 8 * set + code);
    const key = ((high & mask) * LINE_FACTOR) & MASK64;
    const line = Number(((key >> 32n) * BigInt(own(4))) >> 32n);
    const mixed = key + (high & (MASK64 ^ mask));
    const left = (BigInt(code) << 62n) | (((mixed << 9n) & MASK64) >> 2n);
    const has = (at: number): boolean => {
      for (let place = 1; place <= LINE_PREFIXES; place++) {
        const prefix = double('lines', 8 * at + place);
        if ((left ^ prefix) >> (prefix & 63n) === 0n) return true;
      }
      const last = double('lines', 8 * at + LINE_PREFIXES);
      return (last & 64n) !== 0n && (left ^ last) >> (last & 63n) === 1n && double('lines', 8 * at + 7) === low;
    };
    if (has(own(3) + line)) return true;
    const asks = (double('lines', 8 * (own(3) + line)) >> ((mixed >> BigInt(own(5))) & 63n)) & 1n;
    if (asks === 0n && own(7) === 0) return false;
    return [1, 2, 3].some((other) => has(own(3) + (line ^ other))) || in128(value, own(6));
  };

  return {
    in32: (value, set) => inTops(word('sets', 2 * set), word('sets', 2 * set + 1), value),
    inDirect: (value, set) => {
      const group = double('direct_groups', set * 2 ** 20 + Math.floor(value / 4096));
      const net = (value >>> 8) & 15;
      const paged = Number((group >> 16n) & 0xffffn);
      if (((paged >> net) & 1) === 0) return ((group >> BigInt(net)) & 1n) === 1n;
      let page = Number(group >> 32n);
      for (let before = 0; before < net; before++) page += (paged >> before) & 1;
      return ((double('direct_pages', 4 * page + ((value >>> 6) & 3)) >> BigInt(value % 64)) & 1n) === 1n;
    },
    in128,
    inLines,
  };
}
