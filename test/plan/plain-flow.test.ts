/** Which flows are known by bytes of their packets: what rules ask for decides. */
import { expect, test } from 'vitest';
import { dimensionsOf } from '../../compiler/4-plan/boxes/dimensions.ts';
import { plainFlow } from '../../compiler/4-plan/plain-flow.ts';
import { targetFor } from '../../compiler/targets/target.ts';
import { programOf } from '../differential/program-of.ts';

test.each<[string, readonly string[] | null]>([
  ['src 10.0.0.1', ['src', 'icmp']],
  ['addr 10.0.0.1 proto tcp', ['src', 'dst', 'icmp']],
  ['dst fd00::/8 tcp dport 22', ['dst', 'dport', 'icmp']],
  ['port 53', ['sport', 'dport', 'icmp']],
  ['tcp flags SYN,!ACK sport > 1023', ['sport', 'flags', 'icmp']],
  ['src 10.0.0.1 icmp', ['src', 'icmp']],
  ['src 10.0.0.1 icmp.type 8', ['src']],
  ['vlan 5 vlan.depth 1 ethertype ip frag first dport 5', ['dport', 'vlan', 'icmp']],
  ['src 10.0.0.1 ttl 5', null],
  ['dport 5 len > 100', null],
  ['tcp.window 5', null],
  ['vxlan.vni 7', null],
  ['mark 7', null],
])('%s', (condition, parts) => {
  const program = programOf(`hook tc\nmatch ${condition} -> drop`);
  expect(plainFlow(dimensionsOf(program, targetFor(program.hook)))).toEqual(parts);
});
