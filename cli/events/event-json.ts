/**
 * Live events as JSON: one flat object a line, always the same keys in the same order, named as in Suricata's EVE where EVE has a name
 * (docs/output.md). Written as bytes, from the record itself: most of a line is the same for all packets of one kind, and is copied as a piece.
 */
import { ipv6Text } from '../../runtime/address-text.ts';
import { LITTLE_ENDIAN } from '../../runtime/byte-order.ts';
import {
  type EventRecord,
  isOfKind,
  kindOf,
  type PacketEvent,
  type RecordedBatch,
  recordOf,
} from '../../runtime/event-decoder.ts';
import { jsonLine, jsonText } from '../json.ts';
import {
  ascii,
  createDigits,
  type Digits,
  isMappedIpv4,
  type Piece,
  pieceOf,
  putHex,
  putIpv4,
  putIpv6,
  putNanosecond,
  putNumber,
  putPiece,
  putText,
  putTwoWords,
  type Room,
  roomFor,
} from './line-bytes.ts';
import { isoTime } from './packet-line.ts';
import { ethertypeName, eveProtocolName, flagsText } from './protocol-names.ts';

/** Of the lines that this version prints: a key may be added to it, none goes or changes its meaning. */
export const EVENT_VERSION = 1;

export const EVENT_TYPE = 'packet';

/** `{"event_type":"summary","v":1}` and what is to follow: lines that are no packets begin like those that are. */
export const lineOfType = <Rest extends object>(event_type: 'summary' | 'lost', rest: Rest) => ({
  event_type,
  v: EVENT_VERSION,
  ...rest,
});

/** Names of the rules of lines that say what packets were: where they are not needed as lines any more. */
export function rulesOf(lines: Uint8Array): readonly (string | null)[] {
  const texts = Buffer.from(lines.buffer, lines.byteOffset, lines.length).toString('utf8').split('\n').slice(0, -1);
  return texts.map((text) => (JSON.parse(text) as { readonly rule: string | null }).rule);
}

/** Turns a batch into lines. They stay where they are until the next call. */
export type EventLines = (events: readonly PacketEvent[]) => Uint8Array;

/** What all packets of a kind have in common. */
interface Shape {
  readonly kind: readonly number[];
  readonly rule_name: string | null;
  /** undefined: it is not known. */
  readonly ifname: string | undefined;
  /** Their lines up to the first address, without a payload, and with the second of the packet before. */
  readonly head: Uint8Array;
  second: Second | null;
  /** Where in `head` there is `null` for the payload, and what comes behind. */
  readonly payload_at: number;
  readonly src: Piece;
  /** IPv4 and ports: most packets. */
  readonly usual: boolean;
  readonly family: 0 | 4 | 6;
  readonly ports: boolean;
  /** Behind the address, or where it would be. */
  readonly sport: Piece;
  readonly dst: Piece;
  readonly dport: Piece;
  /** Of the call that last looked whether the names are still these. */
  call: number;
}

/** A second of UTC in which there are packets. */
interface Second {
  /** `2026-11-21T09:14:33` and a dot. */
  readonly text: Uint8Array;
  /** When it begins, in the time of records, modulo 2^64. */
  readonly low: number;
  readonly high: number;
  /** The clock by which that is so. */
  readonly clock_ns: bigint;
}

/** Shapes kept, a power of two; where two want one place, the later has it. */
const SHAPES = 1024;
const LEN = pieceOf(',"len":');
/** What stands between the addresses and ports of most packets: two words each. */
const USUAL = { sport: pieceOf('","src_port":'), dst: pieceOf(',"dest_ip":"'), dport: pieceOf('","dest_port":') } as const;
const END = pieceOf('}\n');
/** `{"timestamp":"` stands before the second. */
const SECOND_AT = 14;
const SECOND_BYTES = 20;
/** All of a line that is not its head and not its payload is shorter, and what is written beyond its end. */
const REST_BYTES = 256;
const FIRST_ROOM = 256 << 10;
const ZULU = 0x5a;
const BILLION = 1_000_000_000;
const SECOND_NS = 1_000_000_000n;
const [LOW_OFF, HIGH_OFF] = LITTLE_ENDIAN ? [0, 4] : [4, 0];

/** @param interfaces names by ifindex */
export function createEventLines(interfaces: ReadonlyMap<number, string>): EventLines {
  const shapeOf = createShapes(interfaces);
  const digits = createDigits();
  let second = secondOf(0n, 0n);
  let room = roomFor(FIRST_ROOM);
  let call = 0;
  return (events) => {
    call++;
    let at = 0;
    let batch: RecordedBatch | null = null;
    let shape: Shape | null = null;
    for (const event of events) {
      const record = recordOf(event);
      if (record === null) {
        const line = Buffer.from(jsonLine(membersOf(event, interfaces)));
        if (at + line.length > room.bytes.length) room = grown(room, at, at + line.length);
        room.bytes.set(line, at);
        at += line.length;
        continue;
      }
      const { start } = record;
      if (record.batch !== batch) {
        batch = record.batch;
        if (batch.clock_ns !== second.clock_ns) second = secondOf(event.time_ns, batch.clock_ns);
      }
      // Nobody can change names during a call.
      if (shape === null || !isOfKind(batch, start, shape.kind)) shape = shapeOf(event, record, call);
      const payload_len = payloadLength(batch, start);
      const most = at + shape.head.length + REST_BYTES + 2 * payload_len;
      if (most > room.bytes.length) room = grown(room, at, most);
      let nanosecond = nanosecondIn(second, batch, start);
      if (nanosecond < 0) {
        second = secondOf(event.time_ns, batch.clock_ns);
        nanosecond = nanosecondIn(second, batch, start);
      }
      if (shape.second !== second) {
        shape.head.set(second.text, SECOND_AT);
        shape.second = second;
      }
      room.bytes.set(shape.head, at);
      putNanosecond(room.view, at + SECOND_AT + SECOND_BYTES, digits, nanosecond, ZULU);
      if (payload_len === 0) at += shape.head.length;
      else at = putPayload(room, at, record, shape, payload_len);
      at = shape.usual ? putUsualRest(room.view, at, batch, start, digits) : putRest(room, at, record, shape, digits);
    }
    return room.bytes.subarray(0, at);
  };
}

function grown({ bytes }: Room, used: number, wanted: number): Room {
  const larger = roomFor(Math.max(2 * bytes.length, wanted));
  larger.bytes.set(bytes.subarray(0, used));
  return larger;
}

/** Negative: it is in another one. */
function nanosecondIn({ low, high }: Second, batch: RecordedBatch, start: number): number {
  const { memory, at } = batch;
  const time = start + at.time_ns;
  const now = memory.view.getUint32(time + LOW_OFF, LITTLE_ENDIAN);
  const past = (now - low) >>> 0;
  const steps = (memory.view.getUint32(time + HIGH_OFF, LITTLE_ENDIAN) - high - (now < low ? 1 : 0)) | 0;
  return past < BILLION && steps === 0 ? past : -1;
}

function secondOf(time_ns: bigint, clock_ns: bigint): Second {
  const begin_ns = BigInt.asUintN(64, time_ns - (time_ns % SECOND_NS) - clock_ns);
  return {
    text: ascii(isoTime(time_ns).slice(0, SECOND_BYTES)),
    low: Number(begin_ns & 0xffff_ffffn),
    high: Number(begin_ns >> 32n),
    clock_ns,
  };
}

/** Shapes by what records have in common. Names are looked at once a call. */
function createShapes(interfaces: ReadonlyMap<number, string>) {
  const shapes: (Shape | undefined)[] = new Array(SHAPES).fill(undefined);
  // The rule behind a number can be another one tomorrow, and an interface can have another name.
  const isUpToDate = (shape: Shape, { rule_name, ifindex }: PacketEvent, call: number) => {
    if (shape.call === call) return true;
    const same = shape.rule_name === rule_name && shape.ifname === interfaces.get(ifindex);
    if (same) shape.call = call;
    return same;
  };
  return (event: PacketEvent, { batch, start }: EventRecord, call: number): Shape => {
    const { memory, at } = batch;
    let place = Math.imul(memory.view.getUint32(start + at.rule, LITTLE_ENDIAN), 0x9e37_79b1);
    place = Math.imul(place ^ memory.view.getUint32(start + at.present, LITTLE_ENDIAN), 0x9e37_79b1);
    place = Math.imul(place ^ memory.view.getUint32(start + at.ifindex, LITTLE_ENDIAN), 0x9e37_79b1);
    place ^= (memory.view.getUint8(start + at.tcp_flags) << 16) ^ (memory.view.getUint8(start + at.proto) << 20);
    place = (place >>> 16) & (SHAPES - 1);
    const known = shapes[place];
    if (known !== undefined && isOfKind(batch, start, known.kind) && isUpToDate(known, event, call)) return known;
    const shape = shapeFrom(event, kindOf(batch, start), interfaces, call);
    shapes[place] = shape;
    return shape;
  };
}

function shapeFrom(event: PacketEvent, kind: readonly number[], interfaces: ReadonlyMap<number, string>, call: number): Shape {
  const { src, sport } = event;
  // The second's and the nanoseconds' places are filled later, the payload's where there is one.
  const common = jsonText(commonMembersOf({ ...commonOf(event), time_ns: 0n }, interfaces)).slice(0, -1);
  const [quote, none] = src === null ? ['', 'null'] : ['"', ''];
  const port = sport === null ? 'null' : '';
  const begin = `,"src_ip":${quote}${none}`;
  const head = Buffer.from(common + begin);
  return {
    kind,
    rule_name: event.rule_name,
    ifname: interfaces.get(event.ifindex),
    head,
    second: null,
    payload_at: head.length - begin.length - 'null'.length,
    src: pieceOf(begin),
    usual: sport !== null && src !== null && !src.includes(':'),
    family: src === null ? 0 : src.includes(':') ? 6 : 4,
    ports: sport !== null,
    sport: pieceOf(`${quote},"src_port":${port}`),
    dst: pieceOf(`,"dest_ip":${quote}${none}`),
    dport: pieceOf(`${quote},"dest_port":${port}`),
    call,
  };
}

/** A copy: the members of an event are not its own. */
function commonOf(event: PacketEvent) {
  const { time_ns, rule_name, verdict, ifindex, sample, ethertype, vlan, proto, flags, icmp_type, icmp_code } = event;
  return { time_ns, rule_name, verdict, ifindex, sample, ethertype, vlan, proto, flags, icmp_type, icmp_code };
}

function commonMembersOf(event: ReturnType<typeof commonOf>, interfaces: ReadonlyMap<number, string>) {
  const { time_ns, rule_name, verdict, ifindex, sample, ethertype, vlan, proto, flags, icmp_type, icmp_code } = event;
  return {
    timestamp: isoTime(time_ns),
    event_type: EVENT_TYPE,
    v: EVENT_VERSION,
    in_iface: interfaces.get(ifindex) ?? null,
    rule: rule_name,
    verdict,
    sample,
    ethertype: ethertype === null ? null : ethertypeName(ethertype),
    vlan,
    proto: proto === null ? null : eveProtocolName(proto),
    tcp_flags: flags === null ? null : flagsText(flags),
    icmp_type,
    icmp_code,
    payload_hex: null,
  };
}

/** Of an event that is not a record. */
function membersOf(event: PacketEvent, interfaces: ReadonlyMap<number, string>) {
  const { payload, src, sport, dst, dport, length } = event;
  return {
    ...commonMembersOf(commonOf(event), interfaces),
    payload_hex: payload.length === 0 ? null : Buffer.from(payload).toString('hex'),
    src_ip: src,
    src_port: sport,
    dest_ip: dst,
    dest_port: dport,
    len: length,
  };
}

function payloadLength({ memory, at }: RecordedBatch, start: number): number {
  return Math.min(memory.view.getUint16(start + at.payload_len, LITTLE_ENDIAN), at.payload_capacity);
}

/** In the place of the `null` in the head that stands at `from`, and what the head has behind that. */
function putPayload({ bytes, view }: Room, from: number, record: EventRecord, shape: Shape, length: number): number {
  const { batch, start } = record;
  const at = putHex(bytes, from + shape.payload_at, batch.memory.bytes, start + batch.at.payload, length);
  return putPiece(view, at, shape.src);
}

/** From the first address on, of IPv4 with ports. In one piece, as calls would take a third of the time. */
function putUsualRest(view: DataView, from: number, batch: RecordedBatch, start: number, digits: Digits): number {
  const { memory, at: off } = batch;
  let at = putIpv4(view, from, digits, memory.view.getUint32(start + off.src, true));
  at = putTwoWords(view, at, USUAL.sport);
  at = putNumber(view, at, digits, memory.view.getUint16(start + off.sport, LITTLE_ENDIAN));
  at = putTwoWords(view, at, USUAL.dst);
  at = putIpv4(view, at, digits, memory.view.getUint32(start + off.dst, true));
  at = putTwoWords(view, at, USUAL.dport);
  at = putNumber(view, at, digits, memory.view.getUint16(start + off.dport, LITTLE_ENDIAN));
  at = putPiece(view, at, LEN);
  at = putNumber(view, at, digits, memory.view.getUint32(start + off.frame_len, LITTLE_ENDIAN));
  return putPiece(view, at, END);
}

/** From the first address on. */
function putRest(room: Room, from: number, { batch, start }: EventRecord, shape: Shape, digits: Digits): number {
  const { view } = room;
  const { memory, at: off } = batch;
  let at = putAddress(room, from, shape, memory, start + off.src, digits);
  at = putPiece(view, at, shape.sport);
  if (shape.ports) at = putNumber(view, at, digits, memory.view.getUint16(start + off.sport, LITTLE_ENDIAN));
  at = putPiece(view, at, shape.dst);
  at = putAddress(room, at, shape, memory, start + off.dst, digits);
  at = putPiece(view, at, shape.dport);
  if (shape.ports) at = putNumber(view, at, digits, memory.view.getUint16(start + off.dport, LITTLE_ENDIAN));
  at = putPiece(view, at, LEN);
  at = putNumber(view, at, digits, memory.view.getUint32(start + off.frame_len, LITTLE_ENDIAN));
  return putPiece(view, at, END);
}

function putAddress(
  { bytes, view }: Room,
  at: number,
  { family }: Shape,
  memory: RecordedBatch['memory'],
  from: number,
  digits: Digits,
): number {
  if (family === 4) return putIpv4(view, at, digits, memory.view.getUint32(from, true));
  if (family === 0) return at;
  if (isMappedIpv4(memory.bytes, from)) return putText(bytes, at, ipv6Text(memory.bytes, from));
  return putIpv6(bytes, at, memory.bytes, from);
}
