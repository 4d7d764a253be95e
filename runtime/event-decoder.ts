/** One record of the event ring as a PacketEvent. Where the members lie comes from BTF; what they mean is said here. */
import type { BtfType } from './abi/btf.ts';
import { damaged } from './abi/elf.ts';
import type { VerdictName } from './abi/manifest.ts';
import { enumValues, type StructLayout, structLayout } from './abi/struct-layout.ts';
import { ipv4Text, ipv6Text } from './address-text.ts';
import { LITTLE_ENDIAN } from './byte-order.ts';

/**
 * What the kernel tells about one packet that a rule logged. null: the packet has no such field. Whoever keeps an event keeps
 * its whole batch in memory.
 */
export interface PacketEvent {
  /** Nanoseconds since 1970, UTC, when the packet was seen. */
  readonly time_ns: bigint;
  /** Index of the rule in the manifest; -1: it has been replaced since. */
  readonly rule: number;
  /** Also of a rule that has been replaced; null: of none that this process has seen. */
  readonly rule_name: string | null;
  /** What this rule decided; null: it only observes. */
  readonly verdict: VerdictName | null;
  readonly ifindex: number;
  /** Bytes of the frame, from the Ethernet header on. */
  readonly length: number;
  /** The event stands for so many packets: N of `log sample 1/N`, else 1. */
  readonly sample: number;
  readonly ethertype: number | null;
  readonly vlan: number | null;
  /** Text: `10.0.0.1`, `fd00::1` (RFC 5952). */
  readonly src: string | null;
  readonly dst: string | null;
  readonly proto: number | null;
  readonly sport: number | null;
  readonly dport: number | null;
  /** The eight TCP flags as the header has them: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128. */
  readonly flags: number | null;
  readonly icmp_type: number | null;
  readonly icmp_code: number | null;
  /** What lies behind the transport header, as far as the rule asked for it. */
  readonly payload: Uint8Array;
  /** The frame itself from its first byte on, cut at the length that the program was compiled for; empty without one. */
  readonly frame: Uint8Array;
  /** Which way the packet went; null where there are no bytes of the frame either. */
  readonly direction: 'ingress' | 'egress' | null;
}

/** Where an event lies in memory, for those who write many of them. */
export interface EventRecord {
  readonly batch: RecordedBatch;
  /** Where in the batch's memory. */
  readonly start: number;
}

/** null: this event was not decoded from a record. */
export function recordOf(event: PacketEvent): EventRecord | null {
  return event instanceof RecordedEvent ? event : null;
}

/**
 * Parts of a record that are the same for two events when all their members are but time, addresses, ports, length, payload and frame. The
 * rule's number is among them, behind which there may be another rule after a change.
 */
export interface KindWords {
  /** Where in a record there is a word of 32 bits, */
  readonly offsets: Int32Array;
  /** and which bits of it count. */
  readonly masks: Int32Array;
}

/** A kind that has fewer has one of them several times. */
const FEWEST_WORDS = 7;

/** The words of a record's kind, signed. */
export function kindOf({ memory: { view }, kind }: RecordedBatch, start: number): Int32Array {
  return kind.offsets.map((offset) => view.getInt32(start + offset, LITTLE_ENDIAN));
}

/** Whether a record is of the same kind as the one that has these words. */
export function isOfKind(batch: RecordedBatch, start: number, words: Int32Array): boolean {
  // All of them in one piece: a loop would take twice the time.
  const differ =
    unlike(batch, start, words, 0) |
    unlike(batch, start, words, 1) |
    unlike(batch, start, words, 2) |
    unlike(batch, start, words, 3) |
    unlike(batch, start, words, 4) |
    unlike(batch, start, words, 5) |
    unlike(batch, start, words, 6);
  if (differ !== 0) return false;
  for (let word = FEWEST_WORDS; word < words.length; word++) if (unlike(batch, start, words, word) !== 0) return false;
  return true;
}

/** Bits in which one word differs; 0: in none that count. */
function unlike({ memory: { view }, kind }: RecordedBatch, start: number, words: Int32Array, word: number): number {
  const { offsets, masks } = kind;
  return (view.getInt32(start + (offsets[word] as number), LITTLE_ENDIAN) ^ (words[word] as number)) & (masks[word] as number);
}

/** Whose the number in a record is. */
export interface RuleNames {
  ruleAt(slot: number): number;
  nameAt(slot: number): string | null;
}

/** A stretch of memory with records in it. */
export interface RecordMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** @param starts where each record begins; `clock_ns` is what turns the kernel's time since boot into UTC. */
export type EventDecoder = (memory: RecordMemory, starts: ArrayLike<number>, clock_ns: bigint) => readonly PacketEvent[];

/**
 * A decoder for the `struct pktc_event` that this object was compiled with. An event reads a member when it is asked for it:
 * most readers want a few, and text is dear.
 * @throws RuntimeError PKT6003 when that is not what this version of pktc understands.
 */
export function eventDecoder(types: readonly BtfType[], rules: RuleNames): EventDecoder {
  return decoderOf(eventLayout(types), rules);
}

/** Where the members of a record are, as plain data. */
export interface EventLayout {
  readonly record_bytes: number;
  readonly at: ReturnType<typeof memberOffsets>;
  readonly kind: KindWords;
  readonly bit: ReturnType<typeof presenceBits>;
}

/** Of a record: the lengths of payload and frame have 16 bits each. */
const RECORD_BYTES_MAX = 3 << 16;

/** @throws RuntimeError PKT6003 as `eventDecoder` does */
export function eventLayout(types: readonly BtfType[]): EventLayout {
  const layout = structLayout(types, 'pktc_event');
  if (layout.size > RECORD_BYTES_MAX) throw damaged(`\`${layout.name}\` has ${layout.size} bytes`);
  return { record_bytes: layout.size, at: memberOffsets(layout), kind: kindWords(layout), bit: presenceBits(types) };
}

export function decoderOf({ at, kind, bit }: EventLayout, rules: RuleNames): EventDecoder {
  return (memory, starts, clock_ns) => {
    const batch = { memory, clock_ns, at, kind, bit, rules };
    const events: RecordedEvent[] = [];
    for (let index = 0; index < starts.length; index++) events.push(new RecordedEvent(batch, starts[index] as number));
    return events;
  };
}

/** Of a decoder that gives the same events again and again, with other records: they are what they are until the next call. */
export function lendingDecoderOf({ at, kind, bit }: EventLayout, rules: RuleNames): EventDecoder {
  const empty = new Uint8Array();
  const batch: { -readonly [Member in keyof RecordedBatch]: RecordedBatch[Member] } = {
    memory: { bytes: empty, view: new DataView(empty.buffer) },
    clock_ns: 0n,
    at,
    kind,
    bit,
    rules,
  };
  const events: RecordedEvent[] = [];
  return (memory, starts, clock_ns) => {
    batch.memory = memory;
    batch.clock_ns = clock_ns;
    while (events.length < starts.length) events.push(new RecordedEvent(batch, 0));
    for (let index = 0; index < starts.length; index++) (events[index] as RecordedEvent).moveTo(starts[index] as number);
    return events.slice(0, starts.length);
  };
}

/** What the events of a batch have in common. */
export interface RecordedBatch {
  readonly memory: RecordMemory;
  /** What is to be added to the time of a record. */
  readonly clock_ns: bigint;
  /** Where in a record its members are. */
  readonly at: ReturnType<typeof memberOffsets>;
  readonly kind: KindWords;
  readonly bit: ReturnType<typeof presenceBits>;
  readonly rules: RuleNames;
}

/** `enum pktc_verdict` in `templates/include/pktc/decision.h` */
const VERDICTS: readonly (VerdictName | null)[] = [null, 'drop', 'pass', 'reject', 'redirect', 'audit'];

/** `enum pktc_direction` in `templates/include/pktc/hook.h` */
const EGRESS = 1;
const NOTHING: Uint8Array = new Uint8Array();

/** A class for its getters: they are there once, where an object made by a function would need its own for every event. */
class RecordedEvent implements PacketEvent, EventRecord {
  readonly #batch: RecordedBatch;
  #start: number;

  constructor(batch: RecordedBatch, start: number) {
    this.#batch = batch;
    this.#start = start;
  }

  moveTo(start: number): void {
    this.#start = start;
  }

  get time_ns() {
    const { memory, at, clock_ns } = this.#batch;
    return memory.view.getBigUint64(this.#start + at.time_ns, LITTLE_ENDIAN) + clock_ns;
  }
  get batch() {
    return this.#batch;
  }
  get start() {
    return this.#start;
  }
  get rule() {
    return this.#batch.rules.ruleAt(this.#u32(this.#batch.at.rule));
  }
  get rule_name() {
    return this.#batch.rules.nameAt(this.#u32(this.#batch.at.rule));
  }
  get verdict() {
    return VERDICTS[this.#u8(this.#batch.at.verdict)] ?? null;
  }
  get ifindex() {
    return this.#u32(this.#batch.at.ifindex);
  }
  get length() {
    return this.#u32(this.#batch.at.frame_len);
  }
  get sample() {
    return this.#u32(this.#batch.at.sample);
  }
  get ethertype() {
    return this.#has('ethertype') ? this.#u16(this.#batch.at.ethertype) : null;
  }
  get vlan() {
    return this.#has('vlan') ? this.#u16(this.#batch.at.vlan) : null;
  }
  get src() {
    return this.#address(this.#batch.at.src);
  }
  get dst() {
    return this.#address(this.#batch.at.dst);
  }
  get proto() {
    return this.#has('proto') ? this.#u8(this.#batch.at.proto) : null;
  }
  get sport() {
    return this.#has('ports') ? this.#u16(this.#batch.at.sport) : null;
  }
  get dport() {
    return this.#has('ports') ? this.#u16(this.#batch.at.dport) : null;
  }
  get flags() {
    return this.#has('tcp_flags') ? this.#u8(this.#batch.at.tcp_flags) : null;
  }
  get icmp_type() {
    return this.#has('icmp') ? this.#u8(this.#batch.at.icmp_type) : null;
  }
  get icmp_code() {
    return this.#has('icmp') ? this.#u8(this.#batch.at.icmp_code) : null;
  }
  get payload() {
    const { memory, at } = this.#batch;
    if (this.#u16(at.payload_len) === 0) return NOTHING;
    const start = this.#start + at.payload;
    return memory.bytes.subarray(start, start + Math.min(this.#u16(at.payload_len), at.payload_capacity));
  }

  get frame() {
    const { memory, at } = this.#batch;
    if (at.frame === null) return NOTHING;
    const start = this.#start + at.frame.bytes;
    return memory.bytes.subarray(start, start + Math.min(this.#u16(at.frame.captured), at.frame.capacity));
  }
  get direction() {
    const { frame } = this.#batch.at;
    if (frame === null) return null;
    return this.#u8(frame.direction) === EGRESS ? 'egress' : 'ingress';
  }

  #u8(offset: number): number {
    return this.#batch.memory.view.getUint8(this.#start + offset);
  }
  #u16(offset: number): number {
    return this.#batch.memory.view.getUint16(this.#start + offset, LITTLE_ENDIAN);
  }
  #u32(offset: number): number {
    return this.#batch.memory.view.getUint32(this.#start + offset, LITTLE_ENDIAN);
  }
  #has(field: keyof RecordedBatch['bit']): boolean {
    return (this.#u32(this.#batch.at.present) & this.#batch.bit[field]) !== 0;
  }
  #address(offset: number): string | null {
    const { memory, at } = this.#batch;
    if (!this.#has('addresses')) return null;
    const toText = this.#u8(at.family) === 4 ? ipv4Text : ipv6Text;
    return toText(memory.bytes, this.#start + offset);
  }
}

function memberOffsets(layout: StructLayout) {
  /** Widths and byte order are part of the meaning: an object that differs was made for another decoder. */
  const offset = (name: string, size: number) => {
    const member = layout.member(name);
    if (member.length !== null || member.size !== size || member.byteOrder !== 'host') {
      throw damaged(`\`${layout.name}.${name}\` is not ${size} bytes in host order`);
    }
    return member.offset;
  };
  const array = (name: string) => {
    const member = layout.member(name);
    if (member.length === null || member.size !== 1) throw damaged(`\`${layout.name}.${name}\` is not an array of bytes`);
    return { offset: member.offset, length: member.length };
  };
  const address = (name: string) => {
    const { offset: at, length } = array(name);
    if (length !== 16) throw damaged(`\`${layout.name}.${name}\` does not have 16 bytes`);
    return at;
  };
  const payload = array('payload');
  const frame = layout.has('frame') ? array('frame') : null;
  return {
    frame:
      frame === null
        ? null
        : {
            bytes: frame.offset,
            capacity: frame.length,
            captured: offset('captured', 2),
            direction: offset('direction', 1),
          },
    time_ns: offset('time_ns', 8),
    rule: offset('rule', 4),
    ifindex: offset('ifindex', 4),
    frame_len: offset('frame_len', 4),
    sample: offset('sample', 4),
    present: offset('present', 4),
    ethertype: offset('ethertype', 2),
    vlan: offset('vlan', 2),
    sport: offset('sport', 2),
    dport: offset('dport', 2),
    payload_len: offset('payload_len', 2),
    proto: offset('proto', 1),
    tcp_flags: offset('tcp_flags', 1),
    icmp_type: offset('icmp_type', 1),
    icmp_code: offset('icmp_code', 1),
    verdict: offset('verdict', 1),
    family: offset('family', 1),
    src: address('src'),
    dst: address('dst'),
    payload: payload.offset,
    payload_capacity: payload.length,
  };
}

const KIND_MEMBERS = [
  'rule',
  'ifindex',
  'sample',
  'present',
  'ethertype',
  'vlan',
  'proto',
  'tcp_flags',
  'icmp_type',
  'icmp_code',
  'verdict',
  'family',
] as const;

function kindWords(layout: StructLayout): KindWords {
  const counts = new Uint8Array((layout.size + 3) & ~3);
  for (const name of KIND_MEMBERS) {
    const { offset, size } = layout.member(name);
    counts.fill(0xff, offset, offset + size);
  }
  const view = new DataView(counts.buffer);
  const offsets = Array.from({ length: counts.length / 4 }, (_, word) => 4 * word);
  const used = offsets.filter((offset) => view.getInt32(offset, LITTLE_ENDIAN) !== 0);
  while (used.length < FEWEST_WORDS) used.push(used[0] ?? 0);
  return { offsets: Int32Array.from(used), masks: Int32Array.from(used, (offset) => view.getInt32(offset, LITTLE_ENDIAN)) };
}

function presenceBits(types: readonly BtfType[]) {
  const values = enumValues(types, 'pktc_event_bit');
  const bit = (name: string) => {
    const value = values.get(`PKTC_EVENT_${name}`);
    if (value === undefined) throw damaged(`\`enum pktc_event_bit\` has no \`PKTC_EVENT_${name}\``);
    return value;
  };
  return {
    ethertype: bit('ETHERTYPE'),
    vlan: bit('VLAN'),
    addresses: bit('ADDRESSES'),
    proto: bit('PROTO'),
    ports: bit('PORTS'),
    tcp_flags: bit('TCP_FLAGS'),
    icmp: bit('ICMP'),
  };
}
