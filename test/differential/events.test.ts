/** What the kernel writes into an event must be what the interpreter reads in the same packet. */
import { expect, test } from 'vitest';
import { dissect, dissectFrame } from '../../compiler/interpret/dissect.ts';
import type { FieldValue } from '../../compiler/interpret/read-field.ts';
import { openEvents, type PacketEvent } from '../../runtime/events.ts';
import { describeKernel } from '../kernel/environment.ts';
import { hex } from '../packets/build-packet.ts';
import { generatePacket } from '../packets/generate-packet.ts';
import { createRandom } from '../packets/random.ts';
import { loadProgram } from './kernel-engine.ts';
import { programOf } from './program-of.ts';

const PACKETS = 5000;
const PAYLOAD_BYTES = 200;

/** An event has both of a pair or neither. */
function pair(
  values: ReadonlyMap<string, FieldValue>,
  one: string,
  other: string,
): readonly [FieldValue | null, FieldValue | null] {
  const [first, second] = [values.get(one), values.get(other)];
  return first === undefined || second === undefined ? [null, null] : [first, second];
}

function expectedOf(frame: Uint8Array): Record<string, unknown> {
  const values = dissect(frame);
  const { payload = null } = dissectFrame(frame).stretches;
  const number = (name: string): FieldValue | null => values.get(name) ?? null;
  const [src, dst] = pair(values, 'src', 'dst');
  const [sport, dport] = pair(values, 'sport', 'dport');
  const [icmpType, icmpCode] = pair(values, 'icmp.type', 'icmp.code');
  return {
    rule: 0,
    verdict: 'drop',
    length: frame.length,
    sample: 1,
    ethertype: number('ethertype'),
    vlan: number('vlan'),
    src,
    dst,
    proto: number('proto'),
    sport,
    dport,
    flags: number('flags'),
    icmp_type: icmpType,
    icmp_code: icmpCode,
    payload: payload === null ? '' : hex(frame.subarray(payload.start, Math.min(payload.end, payload.start + PAYLOAD_BYTES))),
  };
}

/** The number that an address stands for. */
function addressOf(text: string | null): FieldValue | null {
  if (text === null) {
    return null;
  }
  const number = (ipv4: string): number => ipv4.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  if (!text.includes(':')) {
    return number(text);
  }
  // `::ffff:10.0.0.1`
  const inGroups = text.replace(
    /\d+\.\d+\.\d+\.\d+$/,
    (ipv4) => `${(number(ipv4) >>> 16).toString(16)}:${(number(ipv4) & 0xffff).toString(16)}`,
  );
  const [before, after] = inGroups.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const all =
    after === undefined
      ? (before ?? [])
      : [...(before ?? []), ...new Array<string>(8 - (before?.length ?? 0) - after.length).fill('0'), ...after];
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function toldBy(event: PacketEvent): Record<string, unknown> {
  const { rule, verdict, length, sample, ethertype, vlan, proto, sport, dport, flags, icmp_type, icmp_code } = event;
  const addresses = { src: addressOf(event.src), dst: addressOf(event.dst) };
  const payload = hex(event.payload);
  return {
    rule,
    verdict,
    length,
    sample,
    ethertype,
    vlan,
    ...addresses,
    proto,
    sport,
    dport,
    flags,
    icmp_type,
    icmp_code,
    payload,
  };
}

describeKernel('events', () => {
  test('say what the interpreter sees', async () => {
    using loaded = await loadProgram(programOf(`match any -> log payload ${PAYLOAD_BYTES}, drop\n`));
    using events = openEvents(loaded);
    const random = createRandom(11);
    for (let at = 0; at < PACKETS; at++) {
      const frame = generatePacket(random, { minLength: 14 });
      loaded.testRun(frame);
      const batch = events.read();
      expect(batch.map(toldBy), hex(frame)).toEqual([expectedOf(frame)]);
    }
    expect(loaded.counters()[0]).toMatchObject({ packets: BigInt(PACKETS), logged: BigInt(PACKETS), lost: 0n });
  });
});
