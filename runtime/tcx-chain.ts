/** Programs that traffic control asks one after the other (kernel/bpf/tcx.c, Linux 6.6). */
import { BPF_TCX_EGRESS, BPF_TCX_INGRESS, type Libbpf } from './ffi/libbpf.ts';
import type { Libc } from './ffi/libc.ts';
import { type ProgramFacts, programFacts } from './program-facts.ts';

/** BPF_MPROG_MAX (include/linux/bpf_mprog.h) */
const PROGRAMS_MAX = 64;

/** In the order in which they are asked; what this process may not look at has its identifier alone. null: not to be told. */
export function tcxChain(
  libbpf: Libbpf,
  libc: Libc,
  ifindex: number,
  at: 'tc ingress' | 'tc egress',
): readonly (ProgramFacts | { readonly id: number; readonly name: null; readonly uid: null })[] | null {
  const ids = new Uint32Array(PROGRAMS_MAX);
  const count = new Uint32Array([PROGRAMS_MAX]);
  const type = at === 'tc egress' ? BPF_TCX_EGRESS : BPF_TCX_INGRESS;
  if (libbpf.prog_query(ifindex, type, 0, null, ids, count) < 0) return null;
  return [...ids.subarray(0, count[0])].map((id) => programFacts(libbpf, libc, id) ?? { id, name: null, uid: null });
}

/** `` `cil_from_netdev` (program 12), program 14`` */
export function programsText(programs: readonly { readonly id: number; readonly name: string | null }[]): string {
  return programs.map(({ id, name }) => (name === null ? `program ${id}` : `\`${name}\` (program ${id})`)).join(', ');
}
