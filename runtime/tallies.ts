/**
 * What each CPU has noted and not added to its counters yet (templates/include/pktc/tally.h), in mapped memory. Numbers of packets go round at
 * 2^32, as the program's do.
 */
import { damaged } from './abi/elf.ts';
import { type StructLayout, wordOf } from './abi/struct-layout.ts';
import { LITTLE_ENDIAN, type Libc } from './ffi/libc.ts';
import { mapMemory } from './mapped-memory.ts';

/** A packet that no counter has yet. */
export interface NotedPacket {
  readonly cpu: number;
  readonly slot: number;
  /** Frame length. */
  readonly bytes: number;
}

export interface Tallies {
  /** By CPU, how many packets it has added; while one of them adds, this waits for it, some microseconds. */
  added(): Uint32Array;
  /**
   * Packets that were noted since and are not added, CPU by CPU in their order.
   * @param added since when
   * @returns null when a CPU has added some since, or is about to: they are in its counters or are not
   */
  noted(added: Uint32Array): readonly NotedPacket[] | null;
  /** Takes away what is noted for slots that nobody counts in any more. */
  drop(slots: ReadonlySet<number>): void;
  close(): void;
}

/** More than a CPU can have in the middle of adding, but for one that the machine has stopped. */
const SPINS = 100_000;
/** Beyond all slots: such a packet is not counted. */
const NOWHERE = 0x8000_0000;
/** 32-bit halves of a noted packet. */
const [BYTES, SLOT] = LITTLE_ENDIAN ? ([0, 1] as const) : ([1, 0] as const);

/**
 * @param layout struct pktc_tally
 * @throws RuntimeError PKT6003, PKT6008
 */
export function mapTallies(
  libc: Libc,
  { fd, layout }: { readonly fd: number; readonly layout: StructLayout },
  cpus: number,
): Tallies {
  const capacity = layout.member('packets').length;
  if (capacity === null || layout.member('packets').size !== 8) throw damaged('`pktc_tally.packets` are not words of 8 bytes');
  const page = libc.getpagesize();
  const length_bytes = Math.ceil((cpus * layout.size) / page) * page;
  const memory = mapMemory(libc, { fd, length_bytes, offset_bytes: 0, writable: true });
  const words = new Uint32Array(memory.buffer);
  const at = {
    noted: wordOf(layout, 'noted', 4),
    added: wordOf(layout, 'added', 4),
    packets: layout.member('packets').offset / 4,
  };
  const row = (cpu: number) => (cpu * layout.size) / 4;
  const read = (cpu: number, member: 'noted' | 'added') => Atomics.load(words, row(cpu) + at[member]);
  const behind = (cpu: number, added: number) => (read(cpu, 'noted') - added) >>> 0;
  const placeOf = (cpu: number, packet: number) => row(cpu) + at.packets + 2 * (packet % capacity);
  const settled = (cpu: number) => {
    let added = read(cpu, 'added');
    for (let spin = 0; spin < SPINS && behind(cpu, added) >= capacity; spin++) added = read(cpu, 'added');
    return added;
  };
  return {
    added: () => Uint32Array.from({ length: cpus }, (_, cpu) => settled(cpu)),
    noted(since) {
      const packets: NotedPacket[] = [];
      for (let cpu = 0; cpu < cpus; cpu++) {
        const added = since[cpu] ?? 0;
        const waiting = behind(cpu, added);
        if (waiting >= capacity) return null;
        for (let packet = 0; packet < waiting; packet++) {
          const place = placeOf(cpu, (added + packet) >>> 0);
          packets.push({ cpu, slot: words[place + SLOT] ?? 0, bytes: words[place + BYTES] ?? 0 });
        }
        if (behind(cpu, added) >= capacity) return null;
      }
      return packets;
    },
    drop(slots) {
      for (let cpu = 0; cpu < cpus; cpu++) {
        const added = settled(cpu);
        for (let packet = 0; packet < capacity; packet++) {
          const place = placeOf(cpu, (added + packet) >>> 0) + SLOT;
          const slot = words[place] ?? 0;
          // Another packet's may have come there by now.
          if (slots.has(slot)) Atomics.compareExchange(words, place, slot, NOWHERE);
        }
        settled(cpu);
      }
    },
    close: memory.close,
  };
}

/**
 * What was noted is told when it is noted, and not once more when it is added.
 * @returns each call gives the slots of packets noted since the call before, and how many of those told before are now in a CPU's counter
 */
export function watchNoted(tallies: Tallies) {
  const key = (cpu: number, slot: number) => cpu * 2 ** 32 + slot;
  const look = () => {
    const added = tallies.added();
    const packets = tallies.noted(added) ?? [];
    const waiting = new Map<number, number>();
    for (const { cpu, slot } of packets) waiting.set(key(cpu, slot), (waiting.get(key(cpu, slot)) ?? 0) + 1);
    return { added, packets, waiting };
  };
  let before = look();
  return () => {
    const [then, now] = [before, look()];
    before = now;
    const hasAdded = (cpu: number) => now.added[cpu] !== then.added[cpu];
    const toldOf = (cpu: number, slot: number) => then.waiting.get(key(cpu, slot)) ?? 0;
    const isNew = ({ cpu, slot }: NotedPacket) => hasAdded(cpu) || (now.waiting.get(key(cpu, slot)) ?? 0) > toldOf(cpu, slot);
    return {
      slots: now.packets.filter(isNew).map(({ slot }) => slot),
      added: (cpu: number, slot: number) => (hasAdded(cpu) ? toldOf(cpu, slot) : 0),
    };
  };
}
