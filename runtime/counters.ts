/** Counters of a running program: an array in the kernel, a row for each CPU, read from mapped memory in one go. */
import { damaged } from './abi/elf.ts';
import type { StructLayout } from './abi/struct-layout.ts';
import type { Libc } from './ffi/libc.ts';
import { mapMemory } from './mapped-memory.ts';

/** 64 bits each: at 100 Gbit/s the bytes last for 46 years. */
export interface RuleCounter {
  readonly packets: bigint;
  /** Frame lengths, from the Ethernet header on. */
  readonly bytes: bigint;
  /** Events written for user space. */
  readonly logged: bigint;
  /** Events that found the ring full. */
  readonly lost: bigint;
}

export interface CounterTable {
  /** Sums over the CPUs. While packets come, the four numbers of a rule may be a packet apart. */
  read(): readonly RuleCounter[];
  close(): void;
}

export interface CounterShape {
  /** struct pktc_counter */
  readonly layout: StructLayout;
  readonly counters: number;
  /** Slots from one CPU's row to the next. */
  readonly stride: number;
  readonly cpus: number;
}

/** @throws RuntimeError PKT6003, PKT6008 */
export function mapCounters(libc: Libc, fd: number, shape: CounterShape): CounterTable {
  const slot_words = shape.layout.size / 8;
  const word = (name: string) => {
    const member = shape.layout.member(name);
    if (member.size !== 8 || member.length !== null) throw damaged(`\`${shape.layout.name}.${name}\` is not 8 bytes`);
    return member.offset / 8;
  };
  const at = { packets: word('packets'), bytes: word('bytes'), logged: word('logged'), lost: word('lost') };
  const page = libc.getpagesize();
  const length_bytes = Math.ceil((shape.cpus * shape.stride * shape.layout.size) / page) * page;
  const memory = mapMemory(libc, { fd, length_bytes, offset_bytes: 0, writable: false });
  const words = new BigUint64Array(memory.buffer);
  const sum = (index: number, offset: number) => {
    let total = 0n;
    for (let cpu = 0; cpu < shape.cpus; cpu++) total += words[(cpu * shape.stride + index) * slot_words + offset] ?? 0n;
    return total;
  };
  return {
    read: () =>
      Array.from({ length: shape.counters }, (_, index) => ({
        packets: sum(index, at.packets),
        bytes: sum(index, at.bytes),
        logged: sum(index, at.logged),
        lost: sum(index, at.lost),
      })),
    close: memory.close,
  };
}
