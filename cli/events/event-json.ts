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
import { ascii, createLineBytes, isMappedIpv4, type LineBytes, type Piece, pieceOf } from './line-bytes.ts';
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
  readonly kind: Int32Array;
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
  /** The one for which it was last looked whether the names are still these: nobody can change them while it is written. */
  batch: number;
}

/** A second of UTC in which there are packets. */
interface Second {
  /** `2026-11-21T09:14:33` and a dot. */
  readonly text: Uint8Array;
  /** When it begins, in the time of records, modulo 2^64: two words, signed. */
  readonly low: number;
  readonly high: number;
  /** The clock by which that is so. */
  readonly clock_ns: bigint;
}

/** Shapes kept, a power of two; where two want one place, the later has it. */
const SHAPES = 1024;
const LEN = pieceOf(',"len":', 2);
/** What stands between the addresses and ports of most packets: two words each. */
const SPORT = pieceOf('","src_port":');
const DST = pieceOf(',"dest_ip":"');
const DPORT = pieceOf('","dest_port":');
const END = pieceOf('}\n', 2);
/** `{"timestamp":"` stands before the second. */
const SECOND_AT = 14;
const SECOND_BYTES = 20;
/** All of a line that is not its head and not its payload is shorter, and what is written beyond its end. */
const REST_BYTES = 256;
const ROOM_BYTES = 1 << 20;
const ZULU = 0x5a;
const BILLION = 1_000_000_000;
const SECOND_NS = 1_000_000_000n;
const [LOW_OFF, HIGH_OFF] = LITTLE_ENDIAN ? [0, 4] : [4, 0];

/** @param interfaces names by ifindex */
export function createEventLines(interfaces: ReadonlyMap<number, string>): EventLines {
  const shapeOf = createShapes(interfaces);
  const line = createLineBytes(ROOM_BYTES);
  const putUsualRest = usualRest(line);
  const putOtherRest = otherRest(line);
  let second = secondOf(0n, 0n);
  let batches = 0;
  return (events) => {
    const before: Uint8Array[] = [];
    let at = 0;
    let batch: RecordedBatch | null = null;
    let shape: Shape | null = null;
    for (let index = 0; index < events.length; index++) {
      const event = events[index] as PacketEvent;
      const record = recordOf(event);
      if (record === null) {
        before.push(line.bytes.slice(0, at), Buffer.from(jsonLine(membersOf(event, interfaces))));
        at = 0;
        continue;
      }
      const { start } = record;
      if (record.batch !== batch) {
        batch = record.batch;
        batches++;
        // A rule's number may stand for another rule in the batch of another program.
        shape = null;
        if (batch.clock_ns !== second.clock_ns) second = secondOf(event.time_ns, batch.clock_ns);
      }
      if (shape === null || !isOfKind(batch, start, shape.kind)) shape = shapeOf(event, record, batches);
      const payload_len = payloadLength(batch, start);
      const most = shape.head.length + REST_BYTES + 2 * payload_len;
      if (at + most > ROOM_BYTES) {
        before.push(line.bytes.slice(0, at));
        at = 0;
        if (most > ROOM_BYTES) {
          before.push(Buffer.from(jsonLine(membersOf(event, interfaces))));
          continue;
        }
      }
      let nanosecond = nanosecondIn(second, batch, start);
      if (nanosecond < 0) {
        second = secondOf(event.time_ns, batch.clock_ns);
        nanosecond = nanosecondIn(second, batch, start);
      }
      if (shape.second !== second) {
        shape.head.set(second.text, SECOND_AT);
        shape.second = second;
      }
      line.bytes.set(shape.head, at);
      line.putNanosecond(at + SECOND_AT + SECOND_BYTES, nanosecond, ZULU);
      if (payload_len === 0) at += shape.head.length;
      else at = line.putPiece(putPayload(line, at + shape.payload_at, record, payload_len), shape.src);
      at = shape.usual ? putUsualRest(at, batch, start) : putOtherRest(at, batch, start, shape);
    }
    const last = line.bytes.subarray(0, at);
    return before.length === 0 ? last : Buffer.concat([...before, last]);
  };
}

/** Negative: it is in another one. */
function nanosecondIn({ low, high }: Second, { memory: { view }, at }: RecordedBatch, start: number): number {
  const now = view.getInt32(start + at.time_ns + LOW_OFF, LITTLE_ENDIAN);
  const past = (now - low) | 0;
  const carried = (low & ~now) >>> 31;
  const same = view.getInt32(start + at.time_ns + HIGH_OFF, LITTLE_ENDIAN) === ((high + carried) | 0);
  return same && past < BILLION ? past : -1;
}

function secondOf(time_ns: bigint, clock_ns: bigint): Second {
  const begin_ns = BigInt.asUintN(64, time_ns - (time_ns % SECOND_NS) - clock_ns);
  return {
    text: ascii(isoTime(time_ns).slice(0, SECOND_BYTES)),
    low: Number(BigInt.asIntN(32, begin_ns)),
    high: Number(BigInt.asIntN(32, begin_ns >> 32n)),
    clock_ns,
  };
}

/** Shapes by what records have in common. Names are looked at once a batch. */
function createShapes(interfaces: ReadonlyMap<number, string>) {
  const shapes: (Shape | undefined)[] = new Array(SHAPES).fill(undefined);
  // The rule behind a number can be another one tomorrow, and an interface can have another name.
  const isUpToDate = (shape: Shape, { rule_name, ifindex }: PacketEvent, current: number) => {
    if (shape.batch === current) return true;
    const same = shape.rule_name === rule_name && shape.ifname === interfaces.get(ifindex);
    if (same) shape.batch = current;
    return same;
  };
  return (event: PacketEvent, { batch, start }: EventRecord, current: number): Shape => {
    const { memory, at } = batch;
    let place = Math.imul(memory.view.getUint32(start + at.rule, LITTLE_ENDIAN), 0x9e37_79b1);
    place = Math.imul(place ^ memory.view.getUint32(start + at.present, LITTLE_ENDIAN), 0x9e37_79b1);
    place = Math.imul(place ^ memory.view.getUint32(start + at.ifindex, LITTLE_ENDIAN), 0x9e37_79b1);
    place ^= (memory.view.getUint8(start + at.tcp_flags) << 16) ^ (memory.view.getUint8(start + at.proto) << 20);
    place = (place >>> 16) & (SHAPES - 1);
    const known = shapes[place];
    if (known !== undefined && isOfKind(batch, start, known.kind) && isUpToDate(known, event, current)) return known;
    const shape = shapeFrom(event, kindOf(batch, start), interfaces, current);
    shapes[place] = shape;
    return shape;
  };
}

function shapeFrom(event: PacketEvent, kind: Int32Array, interfaces: ReadonlyMap<number, string>, batch: number): Shape {
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
    batch,
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

/** In the place of the `null` in the head. */
function putPayload(line: LineBytes, at: number, { batch, start }: EventRecord, length: number): number {
  const from = start + batch.at.payload;
  return line.putHex(at, batch.memory.bytes, from, from + length);
}

/** From the first address on, of IPv4 with ports: most packets. What is read is read before anything is written, as V8 looks anew where things are after that. */
function usualRest({ putIpv4, putTwoWords, putNumber, putLargeNumber }: LineBytes) {
  // As two functions each of them is short enough for V8 to have in it what it calls.
  const putSource = (from: number, address: number, port: number): number => {
    const at = putTwoWords(putIpv4(from, address), SPORT);
    return putTwoWords(putNumber(at, port), DST);
  };
  const putDestination = (from: number, address: number, port: number): number => {
    const at = putTwoWords(putIpv4(from, address), DPORT);
    return putTwoWords(putNumber(at, port), LEN);
  };
  return (from: number, { memory: { view }, at: off }: RecordedBatch, start: number): number => {
    const src = view.getInt32(start + off.src, true);
    const dst = view.getInt32(start + off.dst, true);
    const sport = view.getUint16(start + off.sport, LITTLE_ENDIAN);
    const dport = view.getUint16(start + off.dport, LITTLE_ENDIAN);
    const length = view.getUint32(start + off.frame_len, LITTLE_ENDIAN);
    const at = putDestination(putSource(from, src, sport), dst, dport);
    return putTwoWords(putLargeNumber(at, length), END);
  };
}

/** The same of any packet. */
function otherRest(line: LineBytes) {
  const { putIpv4, putIpv6, putText, putPiece, putNumber, putLargeNumber } = line;
  const putAddress = (at: number, { memory: { view, bytes } }: RecordedBatch, from: number, { family }: Shape): number => {
    if (family === 4) return putIpv4(at, view.getInt32(from, true));
    if (family === 0) return at;
    return isMappedIpv4(bytes, from) ? putText(at, ipv6Text(bytes, from)) : putIpv6(at, bytes, from);
  };
  return (from: number, batch: RecordedBatch, start: number, shape: Shape): number => {
    const { view } = batch.memory;
    const off = batch.at;
    let at = putPiece(putAddress(from, batch, start + off.src, shape), shape.sport);
    if (shape.ports) at = putNumber(at, view.getUint16(start + off.sport, LITTLE_ENDIAN));
    at = putPiece(at, shape.dst);
    at = putPiece(putAddress(at, batch, start + off.dst, shape), shape.dport);
    if (shape.ports) at = putNumber(at, view.getUint16(start + off.dport, LITTLE_ENDIAN));
    at = putPiece(at, LEN);
    return putPiece(putLargeNumber(at, view.getUint32(start + off.frame_len, LITTLE_ENDIAN)), END);
  };
}
