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
import { geneveVni } from './geneve-vni.ts';
import { greKey } from './gre-key.ts';
import { icmpCode } from './icmp-code.ts';
import { icmpType } from './icmp-type.ts';
import { iface } from './iface.ts';
import { ipDf } from './ip-df.ts';
import { ipHdrlen } from './ip-hdrlen.ts';
import { ipId } from './ip-id.ts';
import { ipLen } from './ip-len.ts';
import { ipOptions } from './ip-options.ts';
import { ip6Ext } from './ip6-ext.ts';
import { ip6Flow } from './ip6-flow.ts';
import { len } from './len.ts';
import { malformed } from './malformed.ts';
import { mark } from './mark.ts';
import { mplsLabel } from './mpls-label.ts';
import { payload } from './payload.ts';
import { payloadLen } from './payload-len.ts';
import { port } from './port.ts';
import { proto } from './proto.ts';
import { rawField } from './raw.ts';
import { smac } from './smac.ts';
import { sport } from './sport.ts';
import { src } from './src.ts';
import { tcpAck } from './tcp-ack.ts';
import { tcpHdrlen } from './tcp-hdrlen.ts';
import { tcpMss } from './tcp-mss.ts';
import { tcpOption } from './tcp-option.ts';
import { tcpSeq } from './tcp-seq.ts';
import { tcpWindow } from './tcp-window.ts';
import { ttl } from './ttl.ts';
import { udpLen } from './udp-len.ts';
import { vlan } from './vlan.ts';
import { vlanDepth } from './vlan-depth.ts';
import { vlanPcp } from './vlan-pcp.ts';
import { vxlanVni } from './vxlan-vni.ts';

export const FIELDS: readonly Field[] = [
  smac,
  dmac,
  ethertype,
  vlan,
  vlanPcp,
  vlanDepth,
  mplsLabel,
  src,
  dst,
  addr,
  proto,
  ttl,
  dscp,
  ecn,
  frag,
  ipLen,
  ipId,
  ipDf,
  ipHdrlen,
  ipOptions,
  ip6Flow,
  ip6Ext,
  sport,
  dport,
  port,
  flags,
  tcpSeq,
  tcpAck,
  tcpWindow,
  tcpHdrlen,
  tcpMss,
  tcpOption,
  udpLen,
  icmpType,
  icmpCode,
  len,
  payload,
  payloadLen,
  malformed,
  iface,
  direction,
  mark,
  vxlanVni,
  geneveVni,
  greKey,
];

const BY_NAME: ReadonlyMap<string, Field> = new Map(FIELDS.map((field) => [field.name, field]));

/** A field of the table, or a raw read such as `transport[13:1]`. */
export function fieldNamed(name: string): Field | undefined {
  return BY_NAME.get(name) ?? rawField(name);
}
