/** How a program will run on one hook: what to read from a packet, which classifier decides, how big each map is. */
import type { HookName } from '../../grammar/fields/field.ts';
import type { DynamicSet, Expression, Program, RuleActions } from '../2-resolve/program.ts';
import type { PatternSearch } from './patterns.ts';
import type { PlainPart } from './plain-flow.ts';
import type { TreeShape } from './tree/box-set.ts';

/**
 * Where a stretch of the packet begins or ends, as an offset in bytes: what raw reads count from, and what bounds them.
 * `frame_off` is 0 but for the packet in a tunnel.
 */
export type Place = 'frame_off' | 'network_off' | 'transport_off' | 'payload_off' | 'datagram_end';

/** One value the generated C reads from a packet. An address field has two slots, one a family. */
export interface Slot {
  /** C identifier, made from the table, never from user text: `src4`, `src6`, `tcp_window`, or the name of a place. */
  readonly name: string;
  /** Name in the table; empty for a place. */
  readonly field: string;
  /** null: the value of a field. */
  readonly place: Place | null;
  /** Width in C: bytes of the unsigned integer; 16 is two 64-bit halves. */
  readonly bytes: 1 | 2 | 4 | 8 | 16;
  /** Bit of `present`; slots that are never absent have one too. */
  readonly bit: number;
}

/** How far into a packet the walk over its headers goes. */
export type Depth = 'link' | 'network' | 'transport';

/** How the rules are tried. */
export type Classifier = ChainPlan | (TreePlan & { readonly name: 'tree'; readonly reason: string });

export interface ChainPlan {
  readonly name: 'chain';
  readonly reason: string;
  /** Whether the rules are functions of their own, however few they are. */
  readonly long: boolean;
  /** Rules `[first, end)` of each C function: the verifier checks one function at a time, and jumps in it reach 32,767 instructions. */
  readonly blocks: readonly (readonly [number, number])[];
}

/** The rules are data, in decision trees; the C depends on what is here but for the data and its measures. */
export interface TreePlan {
  readonly shape: TreeShape;
  /** Whether rules compare the packet's addresses. */
  readonly src: boolean;
  readonly dst: boolean;
  /** Conditions that no box carries, asked of candidates, and the first rule that has each; rules have their number from 1 on. */
  readonly checks: readonly { readonly condition: Expression; readonly rule: number }[];
  /** Whether there are rules without a verdict. */
  readonly observers: boolean;
  /** null: no cache. */
  readonly flowLines: FlowLines | null;
  /** What tells flows of plain packets apart; null: flows are known by their keys alone, or not kept. */
  readonly plainFlow: readonly PlainPart[] | null;
  /** Whether packets are noted before they are counted: templates/include/pktc/tally.h. */
  readonly tallies: boolean;
  /** Ranges in all dimensions that the rules came to. */
  readonly boxes: number;
  /** What `templates/include/pktc/data.h` describes. */
  readonly data: Uint8Array;
  /** Nodes from a root to a leaf, and records in a leaf, at most. */
  readonly depth: number;
  readonly leaf: number;
  readonly nodes: number;
  readonly records: number;
  /** How the rules are shared out, for people. */
  readonly partitions: string;
  /** Nodes and records that a packet reads, estimated. */
  readonly cost: number;
}

/** Flows that a CPU remembers, powers of two; 0: no rule decides about such packets. */
export interface FlowLines {
  /** Also of packets without addresses. */
  readonly ipv4: number;
  readonly ipv6: number;
}

/** A set that rules fill, as it lies in the kernel: `templates/include/pktc/dynamic_set.h`. */
export interface SetPlan {
  readonly set: DynamicSet;
  /** What the values of each field are in an element. */
  readonly parts: readonly ElementPart[];
  /** 32-bit words of an element: the family where there are addresses, then the parts. */
  readonly words: number;
  /** A power of two. */
  readonly buckets: number;
}

/** `address` is four words, `wide` two, `number` one. */
export type ElementPart = 'address' | 'wide' | 'number';

export interface Plan {
  readonly program: Program;
  /** What the rules do: of rules that differ in their literals alone, the first one's. */
  readonly actions: readonly RuleActions[];
  readonly hook: HookName;
  readonly slots: readonly Slot[];
  readonly depth: Depth;
  /** Whether a rule asks about the packet in a tunnel: it has the same slots again. */
  readonly inner: boolean;
  /** Where that packet's fields are kept. */
  readonly innerRoom: 'stack' | 'map';
  /** Whether a rule reads bytes at a place that it names. */
  readonly raw: boolean;
  /** Different lists of option kinds and extension header types that rules ask for; the index is the bit of `pktc_kind_bits`. */
  readonly kindLists: readonly (readonly number[])[];
  readonly classifier: Classifier;
  /** Everything that rules look for in payloads; null: nothing. */
  readonly patterns: PatternSearch | null;
  /** Names and patterns of interfaces that the rules ask for; the index is the bit in the program's map. */
  readonly interfaces: readonly string[];
  /** Interfaces that rules redirect to; the index is the place in the program's array. */
  readonly redirects: readonly string[];
  /** Sets that rules fill, in the order of the program; the index is their number in C. */
  readonly sets: readonly SetPlan[];
  /** null: no rule logs. */
  readonly events: {
    /** Bytes reserved for payload in every record, the largest any rule asks for; 0: none. */
    readonly payloadBytes: number;
    /** Bytes of the frame itself in every record, from its start on; 0: none. */
    readonly frameBytes: number;
    /** Of a ring buffer at least, a power of two; how many there are, the loader decides. */
    readonly ringBytes: number;
    /** Of all of them together, a power of two. */
    readonly ringsBytes: number;
  } | null;
  /** Counters: one a rule, and a last one for packets that no verdict caught. */
  readonly counters: number;
  /** Instructions the verifier is expected to walk, and the bound it works under. */
  readonly cost: { readonly instructions: number; readonly limit: number };
}
