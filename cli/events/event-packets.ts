/** Events as blocks of a pcapng file: each packet with its interface, its way, and in words which rule said what about it. */
import { visible } from '../../compiler/diagnostics/visible.ts';
import type { Manifest, VerdictName } from '../../runtime/abi/manifest.ts';
import {
  enhancedPacketBlock,
  interfaceDescriptionBlock,
  type PacketVerdict,
  sectionHeaderBlock,
} from '../../runtime/capture/write-pcapng.ts';
import type { PacketEvent } from '../../runtime/events.ts';

export interface EventPackets {
  /** Begins a file: what must be there ahead of any packet. */
  header(): Uint8Array;
  /** A packet, and ahead of it the description of its interface if this file has none yet. */
  packet(event: PacketEvent): readonly Uint8Array[];
}

/** Link types: an Ethernet frame, or at a control group a packet from its IP header on. */
const ETHERNET = 1;
const RAW_IP = 101;
/** Interfaces described in the header, without which libpcap opens no file; there may be thousands. */
const DESCRIBED_MAX = 64;

/**
 * What the programs return (templates/include/pktc/return.h): TC_ACT_* and XDP_*. What `reject` returns depends on whether there was an
 * answer, which an event does not say; other hooks have no such code in pcapng.
 */
const CODES: Readonly<Record<PacketVerdict['by'], Readonly<Partial<Record<VerdictName, number>>>>> = {
  xdp: { drop: 1, pass: 2, audit: 2, redirect: 4 },
  tc: { drop: 2, pass: -1, audit: -1, redirect: 7 },
};

/** @param interfaces names by ifindex @param snapLength bytes of each packet at most */
export function createEventPackets(
  { hook, pktc, source }: Pick<Manifest, 'hook' | 'pktc' | 'source'>,
  interfaces: ReadonlyMap<number, string>,
  snapLength: number,
): EventPackets {
  const by = hook === 'xdp' ? 'xdp' : hook.startsWith('tc') ? 'tc' : null;
  const linkType = hook.startsWith('cgroup') ? RAW_IP : ETHERNET;
  const section = sectionHeaderBlock({ application: `pktc ${pktc}`, comment: `rules=${visible(source)} hook=${hook}` });
  const ids = new Map<number, number>();
  const describe = (ifindex: number) => {
    ids.set(ifindex, ids.size);
    const name = interfaces.get(ifindex) ?? null;
    return interfaceDescriptionBlock({ name, description: name === null ? `ifindex ${ifindex}` : null, linkType, snapLength });
  };
  return {
    header() {
      ids.clear();
      return Buffer.concat([section, ...[...interfaces.keys()].slice(0, DESCRIBED_MAX).map(describe)]);
    },
    packet(event) {
      const { ifindex, length, verdict, time_ns, direction, frame } = event;
      const description = ids.has(ifindex) ? [] : [describe(ifindex)];
      const code = by === null || verdict === null ? undefined : CODES[by][verdict];
      const packet = enhancedPacketBlock({
        interfaceId: ids.get(ifindex) ?? 0,
        time_ns,
        data: frame.subarray(0, snapLength),
        original_len: Math.max(length, frame.length),
        direction,
        comment: commentOf(event),
        verdict: by === null || code === undefined ? null : { by, code },
      });
      return [...description, packet];
    },
  };
}

/** `rule=syn_scan verdict=drop`, `rule=dns verdict=none sample=100` */
function commentOf({ rule_name, verdict, sample }: PacketEvent): string {
  const weight = sample > 1 ? ` sample=${sample}` : '';
  return `rule=${visible(rule_name ?? '?')} verdict=${verdict ?? 'none'}${weight}`;
}
