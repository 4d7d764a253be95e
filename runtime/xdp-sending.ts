/** Where a program that answers or redirects packets cannot run natively. */
import type { Manifest } from './abi/manifest.ts';
import type { Libc } from './ffi/libc.ts';
import { driverOf } from './interface-facts.ts';

/**
 * The interface by which packets would vanish if the program ran natively on `ifname`. From native XDP a veth device sends only while its
 * peer has an XDP program too (`veth_xdp_xmit` in drivers/net/veth.c), and tells nobody when it does not. null: there is none.
 */
export function withoutSending(libc: Libc, { rules, default_verdict, redirects }: Manifest, ifname: string): string | null {
  const verdicts = new Set([...rules.map(({ verdict }) => verdict), default_verdict]);
  const places = [...(verdicts.has('reject') ? [ifname] : []), ...(verdicts.has('redirect') ? redirects : [])];
  return places.find((name) => driverOf(libc, name) === 'veth') ?? null;
}
