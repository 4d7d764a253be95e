/** How many rejected packets were answered (templates/include/pktc/answer_limit.h), kept for each CPU in a map of their own. */
import { damaged } from './abi/elf.ts';
import type { StructLayout } from './abi/struct-layout.ts';
import type { Libbpf } from './ffi/libbpf.ts';
import { LITTLE_ENDIAN, stableMemory } from './ffi/libc.ts';

/** Rejected packets, since the program was loaded. */
export interface AnswerCounts {
  readonly sent: bigint;
  /** Dropped without an answer, because there had been too many. */
  readonly limited: bigint;
  /** Dropped without an answer, because they get none: broadcasts, resets, ICMP errors, broken packets. */
  readonly silent: bigint;
}

/** @param layout struct pktc_answers. @throws RuntimeError PKT6003 */
export function answerReader(libbpf: Libbpf, fd: number, layout: StructLayout, cpus: number): () => AnswerCounts {
  const offset = (name: string) => {
    const member = layout.member(name);
    if (member.size !== 8 || member.length !== null) throw damaged(`\`${layout.name}.${name}\` is not 8 bytes`);
    return member.offset;
  };
  const at = { sent: offset('sent'), limited: offset('limited'), silent: offset('silent') };
  // The kernel rounds each CPU's value up to eight bytes.
  const stride = Math.ceil(layout.size / 8) * 8;
  const key = stableMemory(4);
  const values = stableMemory(cpus * stride);
  const view = new DataView(values.bytes.buffer);
  const sum = (member: number) => {
    let total = 0n;
    for (let cpu = 0; cpu < cpus; cpu++) total += view.getBigUint64(cpu * stride + member, LITTLE_ENDIAN);
    return total;
  };
  return () => {
    if (libbpf.map_lookup_elem(fd, key.bytes, values.bytes) < 0) throw new Error('`pktc_answers` cannot be read');
    return { sent: sum(at.sent), limited: sum(at.limited), silent: sum(at.silent) };
  };
}
