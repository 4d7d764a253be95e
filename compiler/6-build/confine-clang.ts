/** What clang may have of this machine and of its caller. */
import { existsSync, readFileSync } from 'node:fs';
import type { ProcessStart } from './run-clang.ts';

/** Address space, in bytes. A program of a thousand payload searches takes 0.3 GB of it, tables of the largest size less than 1.5. */
export const CLANG_MEMORY_BYTES_MAX = 4 * 2 ** 30;

/** Fixed, and not `$PATH`: whoever has a `prlimit` of his own in there is not asked. */
const PRLIMIT_PLACES: readonly string[] = ['/usr/bin/prlimit', '/bin/prlimit', '/run/current-system/sw/bin/prlimit'];

/**
 * All of the environment that clang gets. Nothing is handed on: `CPATH`, `CCC_OVERRIDE_OPTIONS`, `LD_PRELOAD` and the like change
 * what is compiled, or what compiles it. `PATH` is for a clang that is a script, `HOME` leads to no configuration file.
 * @param folder where its temporary files go, what it writes of a crash among them
 */
export function clangEnvironment(folder: string): Readonly<Record<string, string>> {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C', LC_ALL: 'C', HOME: '/nonexistent', TMPDIR: folder };
}

/**
 * The memory is limited by `prlimit` of util-linux, which sets the limits of its own process and then becomes clang: no shell, no
 * moment without the limit, and the process that takes too long is still the one to kill. Node can not set limits of a child. Where
 * there is no `prlimit`, clang has what this process has. A crash leaves no core file either.
 */
export function confineClang(clang: string, argv: readonly string[], folder: string): ProcessStart {
  const environment = clangEnvironment(folder);
  const prlimit = PRLIMIT_PLACES.find((place) => existsSync(place));
  if (prlimit === undefined) return { program: clang, argv, folder, environment };
  const bytes = Math.min(CLANG_MEMORY_BYTES_MAX, hardLimit());
  return { program: prlimit, argv: [`--as=${bytes}`, '--core=0', '--', clang, ...argv], folder, environment };
}

/** A process may lower what it was given, and not raise it. */
function hardLimit(): number {
  try {
    const hard = /^Max address space\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return hard === undefined ? Number.POSITIVE_INFINITY : Number(hard);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
