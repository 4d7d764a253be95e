/**
 * The artifact's schema: what the compiler tells the runtime about an object beside its bytecode. BTF says how bytes lie, the
 * manifest says what they mean. This is the only file that both sides import.
 */
export const MANIFEST_VERSION = 10;

/** Where the kernel runs a program. */
export type AttachPoint = 'xdp' | 'tc ingress' | 'tc egress' | 'socket' | 'cgroup ingress' | 'cgroup egress';

/** What a rule, or the default, decides. */
export type VerdictName = 'pass' | 'drop' | 'reject' | 'redirect' | 'audit';

export interface Manifest {
  readonly version: typeof MANIFEST_VERSION;
  /** pktc that made it. */
  readonly pktc: string;
  /** Rule file as named on the command line; for people only. */
  readonly source: string;
  /** As rules name it: one of the programs' places, or `tc` and `cgroup` for both of their directions. */
  readonly hook: string;
  /** The programs in the object, one a place; they share counters and events. */
  readonly programs: readonly ManifestProgram[];
  /** SHA-256 of the object, hex: object and manifest belong together. */
  readonly object_sha256: string;
  /** The rules as data; null: they are compiled into the object. */
  readonly data: ManifestData | null;
  readonly default_verdict: VerdictName;
  /** In evaluation order. Without `data` a rule's index is its place in the counters and in events. */
  readonly rules: readonly ManifestRule[];
  /** null: the program has no events. */
  readonly events: ManifestEvents | null;
  /** Names and patterns (`veth*`) of interfaces, at most 64; the index is the bit that the map `pktc_interfaces` has for them. */
  readonly interfaces: readonly string[];
  /** Interfaces that packets are sent to; the loader writes their indexes into the array `pktc_redirects`, in this order. */
  readonly redirects: readonly string[];
  /** Sets that the program fills; the index is the number of the map `pktc_set_N`. Absent: none. */
  readonly sets?: readonly ManifestSet[];
  /** Line in the generated C (1-based, file name `*.bpf.c`) -> rule index, first line of each rule, ascending; rule -1: from here on no rule's code. */
  readonly line_map: readonly { readonly c_line: number; readonly rule: number }[];
}

export interface ManifestEvents {
  /** Bytes of payload in every record. */
  readonly payload_bytes: number;
  /** What a ring has at least: a power of two. */
  readonly ring_bytes: number;
  /** What all rings have together, which share it equally: a power of two. */
  readonly rings_bytes: number;
}

export interface ManifestSet {
  /** As rules name it, or `block.src` for what `block src` fills. */
  readonly name: string;
  /** What an element is: fields, and how the values of each lie in it. */
  readonly key: readonly ManifestKeyPart[];
  /** Elements at most. */
  readonly size: number;
  /** How long an element stays that is added without a time; null: until it is taken out. */
  readonly timeout_ms: number | null;
}

export interface ManifestKeyPart {
  readonly field: string;
  /** `address`: four words behind the family, which is the first word of the element; `mac`: two words; `number`: one or two. */
  readonly type: 'address' | 'mac' | 'number';
  readonly bits: number;
}

export interface ManifestProgram {
  /** Of the function in the object. */
  readonly name: string;
  readonly at: AttachPoint;
}

export interface ManifestRule {
  readonly name: string;
  readonly identity: string;
  /** 1-based line in the rule file. */
  readonly line: number;
  /** The rule's text on one line, for people; control characters escaped. */
  readonly text: string;
  readonly verdict: VerdictName | null;
  readonly logs: boolean;
}

/** What the loader must know of the data, which the program alone understands otherwise. */
export interface ManifestData {
  readonly bytes: number;
  /** Hex; of the data as they come from the compiler. */
  readonly sha256: string;
  /** Where the rule table begins, in bytes from the start. */
  readonly rule_off: number;
  /** Rows of it; a rule may have several. */
  readonly rules: number;
  /** Whether the program notes packets before it counts them: templates/include/pktc/tally.h. */
  readonly tallies: boolean;
  /** Whether the program asks what it remembers of a flow ahead of the data, and counts packets with it: templates/include/pktc/plain.h. */
  readonly recalls: boolean;
}

/** What `build` hands to the runtime, in memory or as `X.bpf.o` beside `X.manifest.json` and, where there are data, `X.data`. */
export interface Artifact {
  readonly object: Uint8Array;
  readonly manifest: Manifest;
  /** Native byte order (templates/include/pktc/data.h); null: the rules are compiled into the object. */
  readonly data: Uint8Array | null;
}

/**
 * Byte offsets in `struct pktc_data_head` and `struct pktc_rule` of what the loader reads and writes; 32 bits each. The compiler
 * leaves a rule's index + 1 as the slot of its rows; the loader puts the slot of the rule's counter there. For each `shift_rows` rows
 * it also writes slot less row, where that is the same for all of them, else `shift_none`; the compiler leaves zeros.
 */
export const DATA_LAYOUT = {
  bytes: 8,
  generation: 12,
  rules: 16,
  rule_off: 20,
  shift_off: 32,
  depth: 36,
  partitions: 40,
  leaf: 44,
  head_bytes: 64,
  row_bytes: 8,
  row_slot: 0,
  shift_rows: 64,
  shift_none: 0x8000_0000,
} as const;

/** Of packets that no verdict caught, where rules are data; else it is the one behind the last rule's. */
export const DEFAULT_SLOT = 0;
