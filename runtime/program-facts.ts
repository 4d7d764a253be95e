/** What the kernel tells about a program that it has. */
import { allocate, type Libbpf, PROGRAM_INFO } from './ffi/libbpf.ts';
import type { Libc } from './ffi/libc.ts';

export interface ProgramFacts {
  readonly id: number;
  /** The first 15 bytes of it; null: it has none. */
  readonly name: string | null;
  /** The user that loaded it. */
  readonly uid: number;
}

/** null: there is none with this identifier, or this process may not look (CAP_SYS_ADMIN). */
export function programFacts(libbpf: Libbpf, libc: Libc, id: number): ProgramFacts | null {
  const fd = libbpf.prog_get_fd_by_id(id);
  if (fd < 0) return null;
  try {
    const info = allocate(PROGRAM_INFO);
    if (libbpf.obj_get_info_by_fd(fd, info.bytes, new Uint32Array([info.bytes.length])) < 0) return null;
    const name = Buffer.from(info.getBytes('name')).toString('latin1').replace(/\0.*$/s, '');
    return { id, name: name || null, uid: info.get('created_by_uid') };
  } finally {
    libc.close(fd);
  }
}
