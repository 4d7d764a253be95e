import { dissectFrame } from '../../compiler/interpret/dissect.ts';
import { type FieldValue, readField, surroundingsAt } from '../../compiler/interpret/read-field.ts';
import { fieldNamed } from '../../grammar/fields/index.ts';
import { ipv4Text, ipv6Text } from '../../runtime/address-text.ts';
import type { PacketSummary } from '../events/packet-line.ts';

/** What a line shows of a captured frame, as the rules see it. */
export function summarizeFrame(frame: Uint8Array): PacketSummary {
  const dissection = dissectFrame(frame);
  const read = (name: string) => {
    const field = fieldNamed(name);
    return field === undefined ? null : readField(dissection, field, surroundingsAt('xdp'));
  };
  const number = (name: string) => {
    const value = read(name);
    return typeof value === 'number' ? value : null;
  };
  return {
    ethertype: number('ethertype'),
    proto: number('proto'),
    src: addressText(read('src')),
    dst: addressText(read('dst')),
    sport: number('sport'),
    dport: number('dport'),
    flags: number('flags'),
    icmp_type: number('icmp.type'),
  };
}

function addressText(address: FieldValue | null): string | null {
  if (typeof address !== 'number' && typeof address !== 'bigint') return null;
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  if (typeof address === 'number') {
    view.setUint32(0, address);
    return ipv4Text(bytes, 0);
  }
  view.setBigUint64(0, address >> 64n);
  view.setBigUint64(8, address & 0xffff_ffff_ffff_ffffn);
  return ipv6Text(bytes, 0);
}
