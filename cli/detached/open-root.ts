/** Where detached programs are, each of them in order: every command that looks at them begins here. */
import { openPinRoot, recoverAll } from '../../runtime/pinned/pinned-program.ts';
import type { Terminal } from '../terminal.ts';

/**
 * What a process that was killed has left in the middle is put in order, and what nobody confirmed in time goes back.
 * @throws RuntimeError PKT6005, PKT6060
 */
export async function openDetachedRoot(terminal: Terminal): Promise<string> {
  const root = openPinRoot(process.env);
  for (const [name, { undone }] of await recoverAll(root)) terminal.say(`${name} ${undoneText(undone)}`);
  return root;
}

export function undoneText(undone: 'rules' | 'stopped' | 'no'): string {
  if (undone === 'stopped') return 'was not confirmed in time, and has been stopped';
  return 'was not confirmed in time: the rules from before are back';
}
