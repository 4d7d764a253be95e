/** How a program will run on one hook: what to read from a packet, which classifier decides, how big each map is. */
import type { HookName } from '../../grammar/fields/field.ts';
import type { Program } from '../2-resolve/program.ts';

/** One value the generated C reads from a packet. An address field has two slots, one a family. */
export interface Slot {
  /** C identifier, made from the table, never from user text: `src4`, `src6`, `tcp_window`. */
  readonly name: string;
  readonly field: string;
  /** Width in C: bytes of the unsigned integer; 16 is two 64-bit halves. */
  readonly bytes: 1 | 2 | 4 | 8 | 16;
  /** Bit of `present`; slots that are never absent have one too. */
  readonly bit: number;
}

/** How far into a packet the walk over its headers goes. */
export type Depth = 'link' | 'network' | 'transport';

export interface Plan {
  readonly program: Program;
  readonly hook: HookName;
  readonly slots: readonly Slot[];
  readonly depth: Depth;
  readonly classifier: {
    readonly name: 'chain';
    readonly reason: string;
    /** Rules `[first, end)` of each C function: the verifier checks one function at a time, and jumps in it reach 32,767 instructions. */
    readonly blocks: readonly (readonly [number, number])[];
  };
  /** null: no rule logs. */
  readonly events: {
    /** Bytes reserved for payload in every record, the largest any rule asks for; 0: none. */
    readonly payloadBytes: number;
    /** Size of the ring buffer, a power of two. */
    readonly ringBytes: number;
  } | null;
  /** Counters: one a rule, and a last one for packets that no verdict caught. */
  readonly counters: number;
  /** Instructions the verifier is expected to walk, and the bound it works under. */
  readonly cost: { readonly instructions: number; readonly limit: number };
}
