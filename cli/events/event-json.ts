/**
 * Live events as JSON: one flat object a line, always the same keys in the same order, named as in Suricata's EVE where EVE has a name
 * (docs/output.md). Written as bytes: most of a line is the same for all packets of one kind, and is copied as a piece.
 */
import { KIND_WORDS, type PacketEvent, type RecordedFields, recordedFields } from '../../runtime/event-decoder.ts';
import { jsonText } from '../json.ts';
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

/** Turns a batch into lines. The result is the caller's own. */
export type EventLines = (events: readonly PacketEvent[]) => Uint8Array;

/** What all packets of a kind have in common: the beginning of their lines, up to a payload that is null. */
interface Shape {
  readonly kind: Uint32Array;
  readonly rule_name: string | null;
  /** undefined: it is not known. */
  readonly ifname: string | undefined;
  /** With the second of the packet before. */
  readonly head: Uint8Array;
  second: number;
}

/** Shapes kept, a power of two; where two want one place, the later has it. */
const SHAPES = 1024;
const PIECES = {
  src: pieceOf(',"src_ip":'),
  sport: pieceOf(',"src_port":'),
  dst: pieceOf(',"dest_ip":'),
  dport: pieceOf(',"dest_port":'),
  len: pieceOf(',"len":'),
  end: pieceOf('}\n'),
  nothing: pieceOf('null'),
} as const;
const HEX_DIGITS = ascii('0123456789abcdef');
/** `{"timestamp":"` stands before the second, which is `2026-11-21T09:14:33` and a dot. */
const SECOND_AT = 14;
const SECOND_BYTES = 20;
/** All of a line that is not its head and not its payload is shorter. */
const REST_BYTES = 256;
const FIRST_ROOM = 256 << 10;
const NO_KIND: Readonly<Uint32Array> = new Uint32Array(KIND_WORDS);
const QUOTE = 0x22;
const DOT = 0x2e;
const ZERO = 0x30;
const BILLION = 1_000_000_000n;

/** @param interfaces names by ifindex */
export function createEventLines(interfaces: ReadonlyMap<number, string>): EventLines {
  const shapeOf = createShapes(interfaces);
  const digits: Digits = { octets: octetDigits(), thousands: thousandDigits() };
  let out = roomFor(FIRST_ROOM);
  return (events) => {
    let at = 0;
    for (const event of events) {
      const recorded = recordedFields(event);
      const shape = recorded === null ? shapeFrom(event, interfaces) : shapeOf(event, recorded);
      const { payload } = event;
      const most = at + shape.head.length + REST_BYTES + 2 * payload.length;
      if (most > out.bytes.length) out = grown(out, at, most);
      at = putHead(out, at, shape, digits, recorded ?? timeOf(event));
      if (payload.length > 0) at = putPayload(out, at, payload);
      at = putRest(out, at, event, recorded, digits);
    }
    return out.bytes.slice(0, at);
  };
}

/** Bytes, and the same in a way that takes four of them at once anywhere. */
interface Out {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

function roomFor(length: number): Out {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

function grown({ bytes }: Out, used: number, wanted: number): Out {
  const larger = roomFor(Math.max(2 * bytes.length, wanted));
  larger.bytes.set(bytes.subarray(0, used));
  return larger;
}

/** A text that is always the same, in words of four bytes; the last one may go beyond its end. */
interface Piece {
  readonly length: number;
  readonly words: Uint32Array;
}

function pieceOf(text: string): Piece {
  const padded = ascii(text.padEnd((text.length + 3) & ~3));
  const view = new DataView(padded.buffer, padded.byteOffset);
  return {
    length: text.length,
    words: Uint32Array.from({ length: padded.length / 4 }, (_, word) => view.getUint32(4 * word, true)),
  };
}

function createShapes(interfaces: ReadonlyMap<number, string>): (event: PacketEvent, recorded: RecordedFields) => Shape {
  const shapes: (Shape | undefined)[] = new Array(SHAPES).fill(undefined);
  const kind = new Uint32Array(KIND_WORDS);
  return (event, recorded) => {
    recorded.kind(kind);
    let place = 0;
    for (let word = 0; word < KIND_WORDS; word++) place = Math.imul(place ^ (kind[word] as number), 0x9e37_79b1);
    place = (place >>> 16) & (SHAPES - 1);
    const known = shapes[place];
    // The rule behind a number can be another one tomorrow, and an interface can have another name.
    if (known !== undefined && isEqual(known.kind, kind) && isNamed(known, event, interfaces)) return known;
    const shape = { ...shapeFrom(event, interfaces), kind: kind.slice() };
    shapes[place] = shape;
    return shape;
  };
}

function isNamed(shape: Shape, { rule_name, ifindex }: PacketEvent, interfaces: ReadonlyMap<number, string>): boolean {
  return shape.rule_name === rule_name && shape.ifname === interfaces.get(ifindex);
}

function isEqual(kind: Uint32Array, other: Uint32Array): boolean {
  for (let word = 0; word < KIND_WORDS; word++) if (kind[word] !== other[word]) return false;
  return true;
}

function shapeFrom(event: PacketEvent, interfaces: ReadonlyMap<number, string>): Shape {
  const { rule_name, verdict, ifindex, sample, ethertype, vlan, proto, flags, icmp_type, icmp_code } = event;
  const ifname = interfaces.get(ifindex);
  const head = jsonText({
    timestamp: isoTime(0n),
    event_type: EVENT_TYPE,
    v: EVENT_VERSION,
    in_iface: ifname ?? null,
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
  });
  return { kind: NO_KIND, rule_name, ifname, head: Buffer.from(head.slice(0, -1)), second: 0 };
}

interface Time {
  readonly second: number;
  readonly nanosecond: number;
}

function timeOf({ time_ns }: PacketEvent): Time {
  return { second: Number(time_ns / BILLION), nanosecond: Number(time_ns % BILLION) };
}

/** Digits that need not be worked out. */
interface Digits {
  /** Four bytes for each octet: how many digits it has, and the digits. */
  readonly octets: Uint8Array;
  /** Three for each number below a thousand. */
  readonly thousands: Uint8Array;
}

// What follows puts bytes at a place where there is room, and says where the next go.

function putHead(out: Out, at: number, shape: Shape, { thousands }: Digits, { second, nanosecond }: Time): number {
  const { head } = shape;
  if (second !== shape.second) {
    shape.second = second;
    head.set(ascii(isoTime(BigInt(second) * BILLION).slice(0, SECOND_BYTES)), SECOND_AT);
  }
  out.bytes.set(head, at);
  const millis = (nanosecond / 1_000_000) | 0;
  const micros = (nanosecond / 1000) | 0;
  const from = at + SECOND_AT + SECOND_BYTES;
  putThousand(out, from, thousands, millis);
  putThousand(out, from + 3, thousands, micros - millis * 1000);
  putThousand(out, from + 6, thousands, nanosecond - micros * 1000);
  return at + head.length;
}

function putThousand(out: Out, at: number, thousands: Uint8Array, value: number): void {
  const from = value * 3;
  out.bytes[at] = thousands[from] as number;
  out.bytes[at + 1] = thousands[from + 1] as number;
  out.bytes[at + 2] = thousands[from + 2] as number;
}

function putRest(out: Out, from: number, event: PacketEvent, recorded: RecordedFields | null, digits: Digits): number {
  const { sport, dport, length } = event;
  const ipv4 = recorded !== null && recorded.family === 4;
  let at = putPiece(out, from, PIECES.src);
  at = ipv4 ? putIpv4(out, at, digits.octets, recorded.bytes, recorded.src_at) : putText(out, at, event.src);
  at = putNumber(out, putPiece(out, at, PIECES.sport), sport);
  at = putPiece(out, at, PIECES.dst);
  at = ipv4 ? putIpv4(out, at, digits.octets, recorded.bytes, recorded.dst_at) : putText(out, at, event.dst);
  at = putNumber(out, putPiece(out, at, PIECES.dport), dport);
  at = putNumber(out, putPiece(out, at, PIECES.len), length);
  return putPiece(out, at, PIECES.end);
}

/** In the place of the `null` that the head ends with. */
function putPayload(out: Out, at: number, payload: Uint8Array): number {
  return putHex(out, at - PIECES.nothing.length, payload);
}

function putPiece({ view }: Out, at: number, { words, length }: Piece): number {
  for (let word = 0; word < words.length; word++) view.setUint32(at + 4 * word, words[word] as number, true);
  return at + length;
}

function putNumber(out: Out, at: number, value: number | null): number {
  if (value === null) return putPiece(out, at, PIECES.nothing);
  let end = at + 1;
  for (let limit = 10; value >= limit; limit *= 10) end++;
  let rest = value;
  for (let index = end - 1; index >= at; index--) {
    const next = Math.floor(rest / 10);
    out.bytes[index] = ZERO + rest - next * 10;
    rest = next;
  }
  return end;
}

/** Without a character that JSON or a terminal takes for more than itself. */
function putText(out: Out, at: number, text: string | null): number {
  if (text === null) return putPiece(out, at, PIECES.nothing);
  out.bytes[at] = QUOTE;
  for (let index = 0; index < text.length; index++) out.bytes[at + 1 + index] = text.charCodeAt(index);
  out.bytes[at + 1 + text.length] = QUOTE;
  return at + text.length + 2;
}

function putIpv4(out: Out, at: number, octets: Uint8Array, bytes: Uint8Array, from: number): number {
  let next = at;
  for (let index = from; index < from + 4; index++) {
    out.bytes[next++] = index === from ? QUOTE : DOT;
    const digits = (bytes[index] as number) << 2;
    const last = digits + (octets[digits] as number);
    for (let digit = digits + 1; digit <= last; digit++) out.bytes[next++] = octets[digit] as number;
  }
  out.bytes[next] = QUOTE;
  return next + 1;
}

function putHex(out: Out, at: number, bytes: Uint8Array): number {
  let next = at;
  out.bytes[next++] = QUOTE;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    out.bytes[next++] = HEX_DIGITS[byte >> 4] as number;
    out.bytes[next++] = HEX_DIGITS[byte & 15] as number;
  }
  out.bytes[next] = QUOTE;
  return next + 1;
}

function octetDigits(): Uint8Array {
  const table = new Uint8Array(4 * 256);
  for (let octet = 0; octet < 256; octet++) {
    const digits = String(octet);
    table[4 * octet] = digits.length;
    table.set(ascii(digits), 4 * octet + 1);
  }
  return table;
}

function thousandDigits(): Uint8Array {
  return ascii(Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0')).join(''));
}

function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
