/** Names that programs and links have on BPF file systems (kernel/bpf/inode.c). */
import { type Dirent, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { allocate, LINK_INFO, type Libbpf, PROGRAM_INFO } from './ffi/libbpf.ts';
import type { Libc } from './ffi/libc.ts';

export interface Pinned {
  readonly kind: 'link' | 'program';
  readonly id: number;
}

/** What `/proc/PID/fd/N` leads to. A link has one name in the process that made it, and another where it was opened anew. */
export function kindOfDescriptor(target: string): Pinned['kind'] | null {
  if (target === 'anon_inode:bpf_link' || target === 'anon_inode:bpf-link') return 'link';
  return target === 'anon_inode:bpf-prog' ? 'program' : null;
}

/** Whoever has more than that on a BPF file system is not helped by a search. */
const ENTRIES_MAX = 2_000;
const DEEPEST = 6;

/** Where a BPF file system is mounted, in the order of the mounts. */
export function bpfFileSystems(): readonly string[] {
  try {
    const mounts = readFileSync('/proc/self/mounts', 'utf8');
    return [...mounts.matchAll(/^\S+ (\S+) bpf /gm)].map(([, place = '']) => unescaped(place));
  } catch {
    return [];
  }
}

/** Space, tab, line break and backslash are octal there (proc_pid_mounts(5)). */
function unescaped(place: string): string {
  return place.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Its path, the first there is; null: none, or none that this process may see. */
export function findPin(libbpf: Libbpf, libc: Libc, wanted: Pinned): string | null {
  let looked = 0;
  const search = (folder: string, depth: number): string | null => {
    for (const entry of entriesOf(folder)) {
      if (++looked > ENTRIES_MAX) return null;
      const place = path.join(folder, entry.name);
      if (entry.isFile() && isIt(libbpf, libc, place, wanted)) return place;
      const found = entry.isDirectory() && depth < DEEPEST ? search(place, depth + 1) : null;
      if (found !== null) return found;
    }
    return null;
  };
  for (const root of bpfFileSystems()) {
    const found = search(root, 0);
    if (found !== null) return found;
  }
  return null;
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isIt(libbpf: Libbpf, libc: Libc, place: string, wanted: Pinned): boolean {
  const fd = libbpf.obj_get(place);
  if (fd < 0) return false;
  try {
    const target = readlinkSync(`/proc/self/fd/${fd}`);
    const kind = kindOfDescriptor(target);
    if (kind === null) return false;
    const info = allocate(kind === 'link' ? LINK_INFO : PROGRAM_INFO);
    if (libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length])) < 0) return false;
    return wanted.kind === kind && wanted.id === info.get('id');
  } catch {
    return false;
  } finally {
    libc.close(fd);
  }
}
