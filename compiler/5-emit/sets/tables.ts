/** The tables of all large sets of a program, as `templates/include/pktc/set.h` and `set6.h` have them. */

import { HIGH } from '../../2-resolve/wide-ranges.ts';
import type { ProgramData } from '../data.ts';
import { setBits } from './bits.ts';
import { addBlock, addTops, createBlocks, WINDOW } from './blocks.ts';
import type { WideEdges } from './edges.ts';
import { growing } from './growing.ts';
import { splitLayer } from './layers.ts';
import { type Places, placesFor } from './places.ts';
import { sizeClass } from './size-class.ts';

export interface Table {
  /** C name of the constant that says how long it is. */
  readonly constant: string;
  readonly length: number;
  readonly data: ProgramData;
}

export interface SetTables {
  /** @returns the number of the set, for `pktc_in_set` */
  add32(edges: Uint32Array): number;
  /** @returns the number of the set, for `pktc_in_set6` */
  add128(edges: WideEdges): number;
  /** Those of `set.h`, when there is a set of any kind. */
  tables(): readonly Table[];
  /** Those that `set6.h` has besides, when there is a set of IPv6 addresses. */
  wideTables(): readonly Table[];
}

/** Bits of the filter, for each link. */
const FILTER_BITS_A_LINK = 16;

/** The layer of /64 networks of a set. */
interface Links {
  readonly coarse: Uint32Array;
  readonly places: Places;
  readonly filterShift: number;
}

interface Growing {
  readonly blocks: ReturnType<typeof createBlocks>;
  readonly sites: Words;
  readonly filters: Words;
  readonly links: Words;
  readonly hosts: Words;
}

type Words = ReturnType<typeof words>;

const words = () => growing((length) => new Uint32Array(length));

export function createSetTables(): SetTables {
  const blocks = createBlocks();
  const [sets, sets6, sites, filters, links, hosts] = [words(), words(), words(), words(), words(), words()];
  const growingTables: Growing = { blocks, sites, filters, links, hosts };
  let count = 0;
  let count6 = 0;

  return {
    add32: (edges) => {
      const { first, shift } = addTops(blocks, edges);
      sets.push(first);
      sets.push(shift);
      return count++;
    },
    add128: (edges) => {
      const [firstSite, firstLink, firstFilter] = [sites.length() / 2, links.length() / 4, filters.length() / 2];
      const { coarse: networks, places: linkPlaces, filterShift } = addLinks(growingTables, edges);
      const [coarse, sitePlaces] = addSites(growingTables, networks);
      const tops = addTops(blocks, coarse);
      sets6.append(Uint32Array.of(tops.first, tops.shift, firstSite, sitePlaces.shift, sitePlaces.factor));
      sets6.append(Uint32Array.of(firstLink, linkPlaces.shift, linkPlaces.factor, firstFilter, filterShift));
      return count6++;
    },
    tables: () => [
      // Of a variable that no function reads the object has nothing.
      ...(count > 0 ? [tableOf('PKTC_SETS', 'pktc_sets', sets.view(), 2, count)] : []),
      tableOf('PKTC_SET_BLOCKS', 'pktc_set_blocks', blocks.blocks.view(), 1),
      tableOf('PKTC_SET_BUCKETS', 'pktc_set_buckets', blocks.buckets.view(), 1),
      tableOf('PKTC_SET_EDGES', 'pktc_set_edges', blocks.edges.view(), 1, sizeClass(blocks.edges.length() + WINDOW + 1)),
    ],
    wideTables: () => [
      tableOf('PKTC_SETS6', 'pktc_sets6', sets6.view(), 10, count6),
      tableOf('PKTC_SET_SITES', 'pktc_set_sites', sites.view(), 2),
      tableOf('PKTC_SET_FILTERS', 'pktc_set_filters', filters.view(), 2),
      tableOf('PKTC_SET_LINKS', 'pktc_set_links', links.view(), 4),
      tableOf('PKTC_SET_HOSTS', 'pktc_set_hosts', hosts.view(), 2),
    ],
  };
}

/** Networks of /32 that are partly in the set. */
function addSites({ blocks, sites }: Growing, edges: Uint32Array): readonly [coarse: Uint32Array, places: Places] {
  const { coarse, units, starts, parities, inside } = splitLayer(edges, 2, 1);
  const found = placesFor(units.length, (unit, factor) => Math.imul(units[unit] ?? 0, factor) >>> 0);
  const own = Array.from(units, (_, unit) =>
    addBlock(blocks, inside, starts[unit] ?? 0, starts[unit + 1] ?? 0, parities[unit] ?? 0),
  );
  for (const unit of found.entries) pushWide(sites, units[unit] ?? 0, own[unit] ?? 0);
  return [coarse, found];
}

/** Networks of /64 that are partly in the set, what is in them, and a filter for both. */
function addLinks({ hosts, links, filters }: Growing, edges: WideEdges): Links {
  const { coarse, units, starts, parities, inside } = splitLayer(edges.words, 4, 2);
  const open = parities.length;
  const hash = (unit: number, factor: number) =>
    Math.imul((units[2 * unit + 1] ?? 0) ^ Math.imul(units[2 * unit] ?? 0, factor), factor) >>> 0;
  const found = placesFor(open, hash);
  const firsts = new Uint32Array(open);
  for (let unit = 0; unit < open; unit++) {
    if ((hosts.length() / 2) % 2 !== parities[unit]) pushWide(hosts, 0, 0);
    firsts[unit] = hosts.length() / 2;
    for (let edge = starts[unit] ?? 0; edge < (starts[unit + 1] ?? 0); edge++) {
      pushWide(hosts, inside[2 * edge] ?? 0, inside[2 * edge + 1] ?? 0);
    }
  }
  for (const unit of found.entries) {
    pushWide(links, units[2 * unit] ?? 0, units[2 * unit + 1] ?? 0);
    links.push(firsts[unit] ?? 0);
    links.push((starts[unit + 1] ?? 0) - (starts[unit] ?? 0));
  }
  const bits = Math.ceil(Math.log2(Math.max(64, FILTER_BITS_A_LINK * open)));
  const filter = new Uint32Array(2 ** (bits - 5));
  for (let unit = 0; unit < open; unit++) {
    const bit = hash(unit, found.factor) >>> (32 - bits);
    setBits(filter, bit, bit + 1);
  }
  filters.append(filter);
  return { coarse, places: found, filterShift: 32 - bits };
}

function pushWide(into: { push(value: number): void }, high: number, low: number): void {
  into.push(HIGH === 1 ? low : high);
  into.push(HIGH === 1 ? high : low);
}

/** @param words 32-bit words, `width` an element. @param length elements, some more than there are values for */
export function tableOf(
  constant: string,
  variable: string,
  words: Uint32Array,
  width: number,
  length = sizeClass(words.length / width),
): Table {
  // What has the length already is taken as it is, when nothing else lies in its memory.
  const whole = words.length === length * width && words.byteLength === words.buffer.byteLength;
  const room = whole ? words : new Uint32Array(length * width);
  if (!whole) room.set(words);
  return { constant, length, data: { variable, bytes: new Uint8Array(room.buffer) } };
}
