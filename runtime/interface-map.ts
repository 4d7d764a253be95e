/** The map that tells a program which of its names and patterns an interface has (templates/include/pktc/interface.h). */
import type { Libbpf } from './ffi/libbpf.ts';
import { LITTLE_ENDIAN, type Libc, stableMemory } from './ffi/libc.ts';
import { interfaceNames, matchesPattern } from './interfaces.ts';

export interface InterfaceMap {
  /**
   * Writes an entry for every interface that there is now, and deletes those of interfaces that are gone. Returns how many the map had no
   * room for: to the program their packets come from an interface without a name.
   */
  refresh(): number;
  /** Gives the loopback interface, on which test runs happen, another name; null: one that the program does not know. */
  pretend(ifname: string | null): void;
}

/** The first interface of every network namespace. */
const LOOPBACK_IFINDEX = 1;

/** @param patterns the index is the bit */
export function createInterfaceMap(libbpf: Libbpf, libc: Libc, fd: number, patterns: readonly string[]): InterfaceMap {
  const written = new Map<number, string>();
  const key = stableMemory(4);
  const value = stableMemory(8);
  const write = (ifindex: number, ifname: string | null) => {
    new DataView(key.bytes.buffer).setUint32(0, ifindex, LITTLE_ENDIAN);
    if (ifname === null) {
      libbpf.map_delete_elem(fd, key.bytes);
      written.delete(ifindex);
      return;
    }
    new DataView(value.bytes.buffer).setBigUint64(0, bitsOf(ifname, patterns), LITTLE_ENDIAN);
    if (libbpf.map_update_elem(fd, key.bytes, value.bytes, 0n) === 0) written.set(ifindex, ifname);
  };
  return {
    refresh() {
      const gone = new Set(written.keys());
      const there = interfaceNames()
        .map((ifname) => ({ ifname, ifindex: libc.if_nametoindex(ifname) }))
        .filter(({ ifindex }) => ifindex !== 0);
      for (const { ifindex } of there) gone.delete(ifindex);
      // They go first, for the room that they had.
      for (const ifindex of gone) write(ifindex, null);
      for (const { ifindex, ifname } of there) if (written.get(ifindex) !== ifname) write(ifindex, ifname);
      return there.filter(({ ifindex, ifname }) => written.get(ifindex) !== ifname).length;
    },
    pretend(ifname) {
      if ((written.get(LOOPBACK_IFINDEX) ?? null) !== ifname) write(LOOPBACK_IFINDEX, ifname);
    },
  };
}

/** A bit for each of the patterns that the name has. */
export function bitsOf(ifname: string, patterns: readonly string[]): bigint {
  return patterns.reduce((bits, pattern, bit) => (matchesPattern(pattern, ifname) ? bits | (1n << BigInt(bit)) : bits), 0n);
}
