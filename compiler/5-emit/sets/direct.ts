/** Sets of 32-bit values as bits, as `templates/include/pktc/set_direct.h` reads them. */

import { HIGH } from '../../2-resolve/wide-ranges.ts';
import { setBits } from './bits.ts';
import { type Growing, growing } from './growing.ts';

/** Of 4,096 values, 16 nets, each. */
const GROUPS_A_SET = 2 ** 20;
const NETS = 16;
export const PAGE_WORDS = 8;

export interface Direct {
  /** Two words a group. */
  readonly groups: Growing<Uint32Array>;
  /** Eight words a page. */
  readonly pages: Growing<Uint32Array>;
}

export function createDirect(): Direct {
  const words = () => growing((length) => new Uint32Array(length));
  const direct = { groups: words(), pages: words() };
  direct.pages.append(new Uint32Array(PAGE_WORDS));
  return direct;
}

/** Adds a set. @param edges see `edges32`. @returns its number */
export function addDirect({ groups, pages }: Direct, edges: Uint32Array): number {
  const words = new Uint32Array(2 * GROUPS_A_SET);
  const page = new Uint32Array(PAGE_WORDS);
  let at = 0;
  for (let group = 0; group < GROUPS_A_SET; group++) {
    let own = at % 2 === 1 ? 0xffff : 0;
    const firstPage = pages.length() / PAGE_WORDS;
    if (at < edges.length && (edges[at] ?? 0) >>> 12 === group) {
      own = 0;
      for (let net = 0; net < NETS; net++) {
        const number = group * NETS + net;
        // An edge at the beginning of a net counts for all of it.
        if (at < edges.length && edges[at] === number * 256) at++;
        const from = at;
        while (at < edges.length && (edges[at] ?? 0) >>> 8 === number) at++;
        if (from < at) {
          fillPage(page, edges, from, at);
          pages.append(page);
          own |= 0x10000 << net;
        } else if (at % 2 === 1) {
          own |= 1 << net;
        }
      }
    }
    words[2 * group + HIGH] = firstPage;
    words[2 * group + 1 - HIGH] = own >>> 0;
  }
  groups.append(words);
  return groups.length() / (2 * GROUPS_A_SET) - 1;
}

/** The bits of 256 values with edges `[from, to)` among them. */
function fillPage(page: Uint32Array, edges: Uint32Array, from: number, to: number): void {
  page.fill(0);
  let first = 0;
  for (let at = from; at <= to; at++) {
    const end = at < to ? (edges[at] ?? 0) & 255 : 256;
    if (at % 2 === 1) setBits(page, first, end);
    first = end;
  }
}
