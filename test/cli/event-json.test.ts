/** The writer of lines against JSON.stringify: over records with anything in them, each line says what the event's members say. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEventLines } from '../../cli/events/event-json.ts';
import { isoTime } from '../../cli/events/packet-line.ts';
import { ethertypeName, eveProtocolName, flagsText } from '../../cli/events/protocol-names.ts';
import { jsonText } from '../../cli/json.ts';
import { readBtf } from '../../runtime/abi/btf.ts';
import { readElf } from '../../runtime/abi/elf.ts';
import { structLayout } from '../../runtime/abi/struct-layout.ts';
import { eventDecoder, eventLayout, lendingDecoderOf } from '../../runtime/event-decoder.ts';
import type { PacketEvent } from '../../runtime/events.ts';
import { fixtureArtifact } from '../runtime/fixture.ts';
import { RAW_CONTROL } from './pktc.ts';

const INTERFACES = new Map([
  [1, 'lo'],
  [2, 'evil\x1b[2J'],
]);
const NAMES = ['scan', 'evil\x1b[2J\u202e"\\', 'ü', 'x'.repeat(64)];
const TYPES = readBtf(readElf(fixtureArtifact(4096).object));
const LAYOUT = structLayout(TYPES, 'pktc_event');

function expected(event: PacketEvent): unknown {
  const { ethertype, proto, flags, payload } = event;
  return {
    timestamp: isoTime(event.time_ns),
    event_type: 'packet',
    v: 1,
    in_iface: INTERFACES.get(event.ifindex) ?? null,
    rule: event.rule_name,
    verdict: event.verdict,
    sample: event.sample,
    ethertype: ethertype === null ? null : ethertypeName(ethertype),
    vlan: event.vlan,
    proto: proto === null ? null : eveProtocolName(proto),
    tcp_flags: flags === null ? null : flagsText(flags),
    icmp_type: event.icmp_type,
    icmp_code: event.icmp_code,
    payload_hex: payload.length === 0 ? null : Buffer.from(payload).toString('hex'),
    src_ip: event.src,
    src_port: event.sport,
    dest_ip: event.dst,
    dest_port: event.dport,
    len: event.length,
  };
}

/** Half of the bytes are small, so that kinds, families and interfaces come again. */
const byte = fc.oneof(fc.nat(4), fc.nat(255));
const record = fc.array(byte, { minLength: LAYOUT.size, maxLength: LAYOUT.size }).map((bytes) => {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  const small = (name: string, below: number) =>
    view.setUint32(LAYOUT.member(name).offset, view.getUint32(LAYOUT.member(name).offset, true) % below, true);
  small('rule', NAMES.length);
  small('ifindex', 4);
  // The last year that a Date has is 275760; the kernel's clock counts from the start of the machine.
  view.setUint8(LAYOUT.member('time_ns').offset + 7, bytes[0]! & 0x3f);
  return new Uint8Array(view.buffer);
});

test('each line is what JSON.stringify would make of the event, safe to look at, whatever a record holds', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 12 }), fc.bigInt(0n, 2n ** 61n), fc.nat(3), (records, clock_ns, shift) => {
      let first = 0;
      const nameAt = (slot: number) => NAMES[(slot + first) % NAMES.length] ?? null;
      const bytes = new Uint8Array(Buffer.concat(records));
      const starts = records.map((_, index) => index * LAYOUT.size);
      const decode = eventDecoder(TYPES, { ruleAt: (slot) => slot, nameAt });
      const lines = createEventLines(INTERFACES);
      // Again with the same lines of another rule behind each number, as after a change of the rules.
      for (first of [0, shift, 0]) {
        const events = decode({ bytes, view: new DataView(bytes.buffer) }, starts, clock_ns);
        const text = Buffer.from(lines(events)).toString('utf8');
        expect(text.replaceAll('\n', '')).not.toMatch(RAW_CONTROL);
        expect(text.split('\n').slice(0, -1)).toEqual(events.map((event) => jsonText(expected(event))));
      }
    }),
    { numRuns: 300 },
  );
});

test('events that are lent are those of their own until the next ones, and make the same lines', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(record, { maxLength: 5 }), { maxLength: 5 }),
      fc.bigInt(0n, 2n ** 61n),
      (batches, clock_ns) => {
        const names = { ruleAt: (slot: number) => slot, nameAt: (slot: number) => NAMES[slot % NAMES.length] ?? null };
        const [own, lent] = [eventDecoder(TYPES, names), lendingDecoderOf(eventLayout(TYPES), names)];
        const [ownLines, lentLines] = [createEventLines(INTERFACES), createEventLines(INTERFACES)];
        const place = new Uint8Array(5 * LAYOUT.size);
        for (const [index, records] of batches.entries()) {
          const bytes = new Uint8Array(Buffer.concat(records));
          place.set(bytes);
          const starts = records.map((_, at) => at * LAYOUT.size);
          const now_ns = clock_ns + BigInt(index % 3);
          const events = own({ bytes, view: new DataView(bytes.buffer) }, starts, now_ns);
          const borrowed = lent({ bytes: place, view: new DataView(place.buffer) }, starts, now_ns);
          expect(borrowed.map(expected)).toEqual(events.map(expected));
          expect(Buffer.from(lentLines(borrowed)).equals(ownLines(events))).toBe(true);
        }
      },
    ),
  );
});

test('a batch that is longer than the room it began with', () => {
  const bytes = new Uint8Array(LAYOUT.size);
  const decode = eventDecoder(TYPES, { ruleAt: (slot) => slot, nameAt: () => 'rule' });
  const events = decode({ bytes, view: new DataView(bytes.buffer) }, new Array(5000).fill(0), 0n);
  const lines = Buffer.from(createEventLines(INTERFACES)(events)).toString('utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(5000);
  expect(new Set(lines).size).toBe(1);
  expect(JSON.parse(lines[4999] ?? '')).toEqual(expected(events[0]!));
});

test('events that are no records, and lines that are longer than the room, stay in their places', () => {
  const bytes = new Uint8Array(LAYOUT.size);
  const memory = { bytes, view: new DataView(bytes.buffer) };
  const eventOf = (name: string) => eventDecoder(TYPES, { ruleAt: (slot) => slot, nameAt: () => name })(memory, [0], 0n)[0]!;
  const members = Object.getOwnPropertyNames(Object.getPrototypeOf(eventOf(''))) as (keyof PacketEvent)[];
  const copyOf = (event: PacketEvent) =>
    Object.fromEntries(members.map((name) => [name, event[name]])) as unknown as PacketEvent;
  const [short, long] = [eventOf('short'), eventOf('x'.repeat(2 << 20))];
  const lines = createEventLines(INTERFACES);
  for (const events of [[short, copyOf(short), short, long, long, copyOf(short), short], [copyOf(short)], [long], [short]]) {
    const text = Buffer.from(lines(events)).toString('utf8');
    expect(text.split('\n').slice(0, -1)).toEqual(events.map((event) => jsonText(expected(event))));
  }
});

test('an interface that is called otherwise by now', () => {
  const names = new Map([[0, 'eth0']]);
  const bytes = new Uint8Array(LAYOUT.size);
  const events = eventDecoder(TYPES, { ruleAt: (slot) => slot, nameAt: () => 'rule' })(
    { bytes, view: new DataView(bytes.buffer) },
    [0],
    0n,
  );
  const lines = createEventLines(names);
  const named = () => (JSON.parse(Buffer.from(lines(events)).toString()) as { in_iface: string | null }).in_iface;
  expect(named()).toBe('eth0');
  names.set(0, 'lan0');
  expect(named()).toBe('lan0');
  names.delete(0);
  expect(named()).toBeNull();
});
