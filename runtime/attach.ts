/** A loaded program at work: on an interface, on the packets of a packet socket, on a control group. */
import { attachDispatcher } from './attach-dispatcher.ts';
import { attachSocket } from './attach-socket.ts';
import { attachTc } from './attach-tc.ts';
import { type AttachMode, attachXdp } from './attach-xdp.ts';
import type { Attachment } from './attachment.ts';
import { isEthernet } from './interface-facts.ts';
import { findInterface } from './interfaces.ts';
import type { LoadedProgram } from './load.ts';
import { RuntimeError } from './runtime-error.ts';

export { attachCgroup } from './attach-cgroup.ts';
export type { AttachMode } from './attach-xdp.ts';
export type { AttachedMode, Attachment } from './attachment.ts';
export { goneError } from './gone-error.ts';

/**
 * Attaches to one interface: it works, or nothing has changed. The kernel detaches by itself when this process ends, however
 * it ends, but for `clsact` (Linux before 6.6), where filters stay until somebody deletes them, and a dispatcher, where the program stays until the next
 * run with one.
 *
 * @param mode for XDP; the other hooks have but one
 * @throws RuntimeError PKT6001, PKT6005, PKT6007, PKT6010 to PKT6013, PKT6030, PKT6122; Error for a program of a control group
 */
export function attach(loaded: LoadedProgram, ifname: string, mode: AttachMode): Attachment {
  const { libc, dispatched } = loaded.internals;
  const ifindex = findInterface(libc, ifname);
  if (isEthernet(libc, ifname) === false) {
    throw new RuntimeError('PKT6030', `packets on \`${ifname}\` have no Ethernet header`, {
      help: 'attach to the interface that carries them, or to a control group: `hook cgroup`',
    });
  }
  loaded.refreshInterfaces();
  const at = { ifname, ifindex };
  switch (loaded.programs[0]?.at) {
    case 'xdp':
      return dispatched === null ? attachXdp(loaded, at, mode) : attachDispatcher(loaded, dispatched, at, mode);
    case 'tc ingress':
    case 'tc egress':
      return attachTc(loaded, at);
    case 'socket':
      return attachSocket(loaded, at);
    default:
      throw new Error(`a program for the hook \`${loaded.manifest.hook}\` is not attached to an interface`);
  }
}

/**
 * Attaches to all of them or to none; a name that is there twice counts once. The result has the order of the names.
 * @throws RuntimeError as `attach` does
 */
export function attachAll(loaded: LoadedProgram, ifnames: readonly string[], mode: AttachMode): readonly Attachment[] {
  const names = [...new Set(ifnames)];
  const moved = new Set<string>();
  let order = names;
  for (;;) {
    const attached = new Map<string, Attachment>();
    try {
      for (const ifname of order) attached.set(ifname, attach(loaded, ifname, mode));
      return names.flatMap((ifname) => attached.get(ifname) ?? []);
    } catch (error) {
      for (const attachment of attached.values()) attachment.close();
      // A bridge that has its program keeps its ports from getting theirs, but not the other way round.
      const late = order[attached.size] ?? '';
      if (!(error instanceof RuntimeError) || error.code !== 'PKT6034' || attached.size === 0 || moved.has(late)) throw error;
      moved.add(late);
      order = [late, ...order.filter((ifname) => ifname !== late)];
    }
  }
}
