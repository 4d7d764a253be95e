/** How BPF_PROG_TEST_RUN wants a frame so that a program sees what it would see at its hook (bpf_prog_test_run_skb). */
import type { AttachPoint } from './abi/manifest.ts';
import { RuntimeError } from './runtime-error.ts';

export const ETHERNET_HEADER_BYTES = 14;
const TYPE_OFFSET = 12;
const TAG_BYTES = 4;
const TAGS_MAX = 2;

const VLAN_TYPES: readonly number[] = [0x8100, 0x88a8, 0x9100];
const IP_TYPES: readonly number[] = [0x0800, 0x86dd];

/** Of the header that the kernel takes off before it runs a socket's filter: a type that it knows nothing of (IEEE 802, local experimental). */
const EXPERIMENTAL: readonly number[] = [0x88, 0xb5];

/**
 * @param frame from the Ethernet header on
 * @throws RuntimeError PKT6009 for a frame that never comes to a control group
 */
export function testFrame(at: AttachPoint, frame: Uint8Array): Uint8Array {
  if (at === 'socket') return withHeader(frame);
  return at.startsWith('cgroup') ? withoutTags(frame) : frame;
}

/** The kernel takes the first 14 bytes off for every program but XDP's and tc's; a filter of a packet socket sees them. */
function withHeader(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_HEADER_BYTES + frame.length);
  bytes.set(EXPERIMENTAL, TYPE_OFFSET);
  bytes.set(frame, ETHERNET_HEADER_BYTES);
  return bytes;
}

/** Tags are long gone when a packet comes to a control group. */
function withoutTags(frame: Uint8Array): Uint8Array {
  let at = TYPE_OFFSET;
  const typeAt = (offset: number) => ((frame[offset] ?? 0) << 8) | (frame[offset + 1] ?? 0);
  for (let tags = 0; tags < TAGS_MAX && VLAN_TYPES.includes(typeAt(at)) && at + TAG_BYTES + 2 <= frame.length; tags++)
    at += TAG_BYTES;
  if (at + 2 > frame.length || !IP_TYPES.includes(typeAt(at))) {
    throw notTaken('only IPv4 and IPv6 come to a control group');
  }
  if (at === TYPE_OFFSET) return frame;
  const bytes = new Uint8Array(frame.length - (at - TYPE_OFFSET));
  bytes.set(frame.subarray(0, TYPE_OFFSET));
  bytes.set(frame.subarray(at), TYPE_OFFSET);
  return bytes;
}

/** PKT6009 */
export function notTaken(why: string): RuntimeError {
  return new RuntimeError('PKT6009', `the kernel cannot run the program on this frame: ${why}`, {
    help: 'run it in the interpreter: `pktc replay --engine interpreter`',
  });
}
