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

/** What a PacketEvent has as text and as `bigint`, for those who write many of them. */
export interface RecordedFields {
  /** Since 1970, UTC. */
  readonly second: number;
  /** Of that second. */
  readonly nanosecond: number;
  /** 0: no addresses. */
  readonly family: 0 | 4 | 6;
  readonly bytes: Uint8Array;
  /** Where in `bytes` the addresses begin, in network order. */
  readonly src_at: number;
  readonly dst_at: number;
  /**
   * Numbers that are the same for two events when all their members are but time, addresses, ports, length, payload and frame; the rule's is
   * that of the record, behind which there may be another rule after a change.
   * @param into `KIND_WORDS` long
   */
  kind(into: Uint32Array): void;
}

export const KIND_WORDS = 7;

/** null: this event was not decoded from a record. */
export function recordedFields(event: PacketEvent): RecordedFields | null {
  return event instanceof RecordedEvent ? event : null;
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
export type EventDecoder = (memory: RecordMemory, starts: readonly number[], clock_ns: bigint) => readonly PacketEvent[];

/**
 * A decoder for the `struct pktc_event` that this object was compiled with. An event reads a member when it is asked for it:
 * most readers want a few, and text is dear.
 * @throws RuntimeError PKT6003 when that is not what this version of pktc understands.
 */
export function eventDecoder(types: readonly BtfType[], rules: RuleNames): EventDecoder {
  const at = memberOffsets(structLayout(types, 'pktc_event'));
  const bit = presenceBits(types);
  return (memory, starts, clock_ns) => {
    const clock_s = clock_ns / SECOND_NS;
    const clock = { seconds: Number(clock_s), nanoseconds: Number(clock_ns - clock_s * SECOND_NS) };
    const batch = { memory, clock_ns, clock, at, bit, rules };
    return starts.map((start) => new RecordedEvent(batch, start));
  };
}

interface RecordedBatch {
  readonly memory: RecordMemory;
  readonly clock_ns: bigint;
  /** The same, in parts that numbers can have exactly. */
  readonly clock: { readonly seconds: number; readonly nanoseconds: number };
  readonly at: ReturnType<typeof memberOffsets>;
  readonly bit: ReturnType<typeof presenceBits>;
  readonly rules: RuleNames;
}

/** `enum pktc_verdict` in `templates/include/pktc/decision.h` */
const VERDICTS: readonly (VerdictName | null)[] = [null, 'drop', 'pass', 'reject', 'redirect', 'audit'];

const SECOND_NS = 1_000_000_000n;
const BILLION = 1_000_000_000;
/** 2^32 ns and 2^52 ns as seconds and nanoseconds: what the upper half of a time counts, in parts that stay exact. */
const HIGH = { seconds: 4, nanoseconds: 294_967_296, steps: 2 ** 20 } as const;
const HIGHEST = { seconds: 4_503_599, nanoseconds: 627_370_496 } as const;

/** `enum pktc_direction` in `templates/include/pktc/hook.h` */
const EGRESS = 1;
const NOTHING: Uint8Array = new Uint8Array();

/** A class for its getters: they are there once, where an object made by a function would need its own for every event. */
class RecordedEvent implements PacketEvent, RecordedFields {
  readonly #batch: RecordedBatch;
  readonly #start: number;

  constructor(batch: RecordedBatch, start: number) {
    this.#batch = batch;
    this.#start = start;
  }

  get time_ns() {
    const { memory, at, clock_ns } = this.#batch;
    return memory.view.getBigUint64(this.#start + at.time_ns, LITTLE_ENDIAN) + clock_ns;
  }
  get second() {
    const high = this.#timeHigh();
    const steps = Math.floor(high / HIGH.steps);
    const seconds = steps * HIGHEST.seconds + (high - steps * HIGH.steps) * HIGH.seconds;
    return this.#batch.clock.seconds + seconds + Math.floor(this.#nanoseconds(high) / BILLION);
  }
  get nanosecond() {
    return this.#nanoseconds(this.#timeHigh()) % BILLION;
  }
  get family() {
    return this.#has('addresses') ? (this.#u8(this.#batch.at.family) === 4 ? 4 : 6) : 0;
  }
  get bytes() {
    return this.#batch.memory.bytes;
  }
  get src_at() {
    return this.#start + this.#batch.at.src;
  }
  get dst_at() {
    return this.#start + this.#batch.at.dst;
  }
  kind(into: Uint32Array) {
    const { memory, at } = this.#batch;
    const { view } = memory;
    const start = this.#start;
    into[0] = view.getUint32(start + at.rule, LITTLE_ENDIAN);
    into[1] = view.getUint32(start + at.ifindex, LITTLE_ENDIAN);
    into[2] = view.getUint32(start + at.sample, LITTLE_ENDIAN);
    into[3] = view.getUint32(start + at.present, LITTLE_ENDIAN);
    into[4] = (view.getUint16(start + at.ethertype, LITTLE_ENDIAN) << 16) | view.getUint16(start + at.vlan, LITTLE_ENDIAN);
    into[5] =
      (view.getUint8(start + at.proto) << 16) | (view.getUint8(start + at.tcp_flags) << 8) | view.getUint8(start + at.verdict);
    into[6] = (view.getUint8(start + at.icmp_type) << 8) | view.getUint8(start + at.icmp_code);
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

  #timeHigh(): number {
    return this.#u32(this.#batch.at.time_ns + (LITTLE_ENDIAN ? 4 : 0));
  }
  /** What the seconds in the time's halves leave over, and the clock's part: below 2^50. */
  #nanoseconds(high: number): number {
    const low = this.#u32(this.#batch.at.time_ns + (LITTLE_ENDIAN ? 0 : 4));
    const steps = Math.floor(high / HIGH.steps);
    return steps * HIGHEST.nanoseconds + (high - steps * HIGH.steps) * HIGH.nanoseconds + low + this.#batch.clock.nanoseconds;
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
