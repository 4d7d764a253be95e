/** The field table, in the order in which the reference lists it. */
import { addr } from './addr.ts';
import { direction } from './direction.ts';
import { dmac } from './dmac.ts';
import { dport } from './dport.ts';
import { dscp } from './dscp.ts';
import { dst } from './dst.ts';
import { ecn } from './ecn.ts';
import { ethertype } from './ethertype.ts';
import type { Field } from './field.ts';
import { flags } from './flags.ts';
import { frag } from './frag.ts';
import { icmpCode } from './icmp-code.ts';
import { icmpType } from './icmp-type.ts';
import { ipLen } from './ip-len.ts';
import { len } from './len.ts';
import { malformed } from './malformed.ts';
import { mark } from './mark.ts';
import { payloadLen } from './payload-len.ts';
import { port } from './port.ts';
import { proto } from './proto.ts';
import { smac } from './smac.ts';
import { sport } from './sport.ts';
import { src } from './src.ts';
import { tcpWindow } from './tcp-window.ts';
import { ttl } from './ttl.ts';
import { vlan } from './vlan.ts';

export const FIELDS: readonly Field[] = [
  smac,
  dmac,
  ethertype,
  vlan,
  src,
  dst,
  addr,
  proto,
  ttl,
  dscp,
  ecn,
  frag,
  ipLen,
  sport,
  dport,
  port,
  flags,
  tcpWindow,
  icmpType,
  icmpCode,
  len,
  payloadLen,
  malformed,
  direction,
  mark,
];

const BY_NAME: ReadonlyMap<string, Field> = new Map(FIELDS.map((field) => [field.name, field]));

export function fieldNamed(name: string): Field | undefined {
  return BY_NAME.get(name);
}
