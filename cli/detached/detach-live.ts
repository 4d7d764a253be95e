/** `run --detach`: attached, given to the kernel to hold, and done. */
import type { Artifact } from '../../runtime/abi/manifest.ts';
import type { Attachment } from '../../runtime/attach.ts';
import type { LoadedProgram } from '../../runtime/load.ts';
import type { Notes } from '../../runtime/pinned/pinned-program.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { jsonLine } from '../json.ts';
import { attachWhereAsked, type LiveOptions, placesText } from '../live-session.ts';
import type { Terminal } from '../terminal.ts';

export interface DetachTo {
  /** Directory of all detached programs. */
  readonly root: string;
  readonly name: string;
  /** After this time it is stopped unless it is confirmed; null: it stays. */
  readonly confirm_ms: number | null;
}

export async function detachLive(
  artifact: Artifact,
  loaded: LoadedProgram,
  options: Pick<LiveOptions, 'interfaces' | 'cgroup' | 'mode' | 'json'>,
  { root, name, confirm_ms }: DetachTo,
  notes: Notes,
  terminal: Terminal,
): Promise<ExitCode> {
  const { pinProgram } = await import('../../runtime/pinned/pinned-program.ts');
  const { askToConfirm, startWatcher } = await import('./confirmation.ts');
  const watcher = confirm_ms === null ? null : await startWatcher(name);
  let attachments: readonly Attachment[];
  try {
    attachments = await attachWhereAsked(loaded, options);
    pinProgram(root, name, artifact, loaded, { ...notes, confirm_ms });
  } finally {
    watcher?.release();
  }
  for (const note of [...loaded.internals.notes, ...attachments.map((one) => one.note)])
    if (note !== null) terminal.say(`note: ${note}`);
  const { interfaces, rules } = loaded.manifest;
  if (interfaces.length > 0) {
    terminal.say('note: rules ask for interfaces by name: those that come from now on are not known to the detached program');
  }
  if (options.json) {
    const attached = attachments.map(({ place, ifindex, mode }) => ({ place, ifindex, mode }));
    await terminal.print(jsonLine({ name, attached, rules: rules.length }));
  } else {
    const counted = `${rules.length} rule${rules.length === 1 ? '' : 's'}`;
    terminal.say(`attached to ${placesText(loaded, attachments)}: ${counted}; \`pktc status ${name}\`, \`pktc stop ${name}\``);
  }
  if (confirm_ms === null) return EXIT.ok;
  // What asks holds nothing: should it be killed, the time goes on.
  loaded.close();
  return askToConfirm(root, name, confirm_ms, { undone: 'it is stopped' }, terminal);
}
