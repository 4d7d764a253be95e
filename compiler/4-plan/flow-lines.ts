/** How many flows a program remembers, and what a line of it takes: templates/include/pktc/flow_cache.h. */
import type { Target } from '../targets/target.ts';
import type { Boxes } from './boxes/box-sets.ts';
import type { FlowLines } from './plan.ts';
import type { BoxSet, TreeShape } from './tree/box-set.ts';

type Family = keyof FlowLines;

type Steps = readonly (readonly [boxes: number, flows: number])[];

/**
 * Lines of a family on each CPU, from so many boxes of it on. Half as many flows all find a place in them, and of as many 85 in 100 are found again (by
 * arithmetic). More lines would take more of the processor's caches: docs/performance.md.
 */
const FLOWS: Steps = [
  [32_768, 32_768],
  [32, 16_384],
  [1, 2048],
];
/** Those of IPv6 where no rule has an address of it, but rules for any address, of which a file about IPv4 has some. They are twice as large. */
const FLOWS_BESIDE: Steps = [
  [32_768, 32_768],
  [256, 16_384],
  [32, 8192],
  [1, 2048],
];
/** What the lines of a family may take on each CPU: both are one value of an array, which before Linux 6.0 has less than 4 MiB. */
const BYTES_MAX: Readonly<Record<Family, number>> = { ipv4: 1 << 20, ipv6: 2 << 20 };
/** Rules with a verdict, about packets with addresses of IPv6 and about others: enum pktc_packet_kind in templates/include/pktc/data.h. */
const SETS: Readonly<Record<Family, readonly number[]>> = { ipv4: [0, 4, 6], ipv6: [2, 8] };
const WORD_BYTES = 8;
/** Words of addresses, and the least that a line takes. */
const FAMILIES: Readonly<Record<Family, { readonly addresses: number; readonly bytes: number }>> = {
  ipv4: { addresses: 1, bytes: 32 },
  ipv6: { addresses: 4, bytes: 64 },
};

/**
 * null: no cache. What a check says may differ from packet to packet of a flow; and a program at a cgroup may be interrupted by another
 * packet on its CPU while it writes a line.
 */
export function flowLines(
  { hook }: Target,
  { checks, sets }: Boxes,
  shape: TreeShape,
  most: number = Number.POSITIVE_INFINITY,
): FlowLines | null {
  if (checks.length > 0 || hook.startsWith('cgroup')) return null;
  const lines = (family: Family) => {
    const own = SETS[family].flatMap((set) => sets[set] ?? []);
    const boxes = Math.max(0, ...own.map(({ count }) => count));
    const steps = family === 'ipv4' || own.some(hasAddress) ? FLOWS : FLOWS_BESIDE;
    const flows = steps.find(([from]) => boxes >= from)?.[1] ?? 0;
    return Math.min(flows, BYTES_MAX[family] / lineBytes(shape, family), most);
  };
  const [ipv4, ipv6] = [lines('ipv4'), lines('ipv6')];
  return ipv4 + ipv6 === 0 ? null : { ipv4, ipv6 };
}

/** Whether one of the boxes of IPv6 settles a bit of an address. */
function hasAddress({ srcLength, dstLength }: BoxSet): boolean {
  return [srcLength, dstLength].some((lengths) => lengths.some((length) => length > 0));
}

/** What a flow is known by, what was decided, and what is not counted yet: a power of two, so that a line lies in no more cache lines than it must. */
function lineBytes(shape: TreeShape, family: Family): number {
  let { bytes } = FAMILIES[family];
  while (bytes < flowKeyBytes(shape, family) + 2 * WORD_BYTES) bytes *= 2;
  return bytes;
}

/** Addresses, and what else a flow is known by; of IPv4, 64 bits of which have a place beside the addresses. */
export function flowKeyBytes(shape: TreeShape, family: Family): number {
  return WORD_BYTES * (FAMILIES[family].addresses + Math.ceil(flowKey(shape).bits / 64));
}

export interface FlowKey {
  /** All of them. */
  readonly bits: number;
  /** From which on each scalar, and the bits behind them, are. */
  readonly shifts: readonly number[];
}

/** Which set of trees comes first, in eight bits; then what takes one byte, and then what takes two. */
export function flowKey({ scalars, bits }: TreeShape): FlowKey {
  const bytes = [...scalars, ...(bits === null ? [] : [bits])].map((one) => one.bytes);
  const narrow = 8 * (1 + bytes.filter((width) => width === 1).length);
  let [next, nextWide] = [8, Math.ceil(narrow / 16) * 16];
  const shifts = bytes.map((width) => {
    const at = width === 1 ? next : nextWide;
    if (width === 1) next += 8;
    else nextWide += 16;
    return at;
  });
  return { bits: Math.max(next, nextWide), shifts };
}
