/** Two network namespaces joined by a veth pair, to have traffic that is nobody else's. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { EXIT } from '../exit-code.ts';
import { Failure } from '../failure.ts';

export interface Lab {
  /** Where the visitors are. */
  readonly outside: string;
  /** Where the server and pktc are. */
  readonly inside: string;
  readonly hasIpv6: boolean;
  /** Removes the namespaces, and with them everything in them. May be called again. */
  close(): void;
}

export const LAB = {
  interface: 'pktc0',
  server4: '10.77.0.1',
  server6: 'fd77::1',
  client4: '10.77.0.2',
  client6: 'fd77::2',
} as const;

const PREFIX = 'pktc-demo';

/** @returns whether it worked, and what `ip` said if not */
function ip(...parameters: readonly string[]): { readonly ok: boolean; readonly message: string } {
  const { status, stderr, error } = spawnSync('ip', parameters, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  return { ok: status === 0, message: error ? error.message : stderr.trim() };
}

/** @throws Failure with exit code 4: a privilege or a kernel feature is missing, or `ip` itself. Nothing is left behind then. */
export function createLab(): Lab {
  sweep();
  const outside = `${PREFIX}-${process.pid}-out`;
  const inside = `${PREFIX}-${process.pid}-in`;
  const close = () => {
    for (const name of [outside, inside]) ip('netns', 'del', name);
  };
  const must = (...parameters: readonly string[]) => {
    const { ok, message } = ip(...parameters);
    if (ok) return;
    close();
    throw new Failure(`network namespaces cannot be set up here: \`ip ${parameters.join(' ')}\`: ${message}`, {
      exit: EXIT.machine,
    });
  };
  must('netns', 'add', outside);
  must('netns', 'add', inside);
  must('link', 'add', LAB.interface, 'netns', inside, 'type', 'veth', 'peer', 'name', 'client0', 'netns', outside);
  must('-n', inside, 'addr', 'add', `${LAB.server4}/24`, 'dev', LAB.interface);
  must('-n', outside, 'addr', 'add', `${LAB.client4}/24`, 'dev', 'client0');
  // Without duplicate address detection the addresses can be used at once.
  const hasIpv6 =
    ip('-n', inside, 'addr', 'add', `${LAB.server6}/64`, 'dev', LAB.interface, 'nodad').ok &&
    ip('-n', outside, 'addr', 'add', `${LAB.client6}/64`, 'dev', 'client0', 'nodad').ok;
  must('-n', inside, 'link', 'set', LAB.interface, 'up');
  must('-n', outside, 'link', 'set', 'client0', 'up');
  return { outside, inside, hasIpv6, close };
}

/** Namespaces of a demo that was killed before it could clean up. */
function sweep(): void {
  for (const name of namespaces()) {
    const pid = Number(new RegExp(`^${PREFIX}-(\\d+)-(?:in|out)$`).exec(name)?.[1] ?? 0);
    if (pid > 0 && !isAlive(pid)) ip('netns', 'del', name);
  }
}

function namespaces(): readonly string[] {
  try {
    return readdirSync('/run/netns');
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
