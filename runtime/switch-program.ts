/** Another program takes the place of one that is attached. */
import type { AttachPoint } from './abi/manifest.ts';
import type { Attached, Hold } from './attachment.ts';
import { errnoName } from './ffi/libc.ts';
import type { AttachableProgram, InKernel } from './kernel-program.ts';
import { RuntimeError } from './runtime-error.ts';
import { withoutSending } from './xdp-sending.ts';

/**
 * Every attachment goes from one program to the other at once, one after the other; when one fails, those before it go back.
 * @param switched is called when all have gone; when it throws, they go back, too
 * @throws RuntimeError PKT6041; what `switched` throws
 */
export function switchAttachments(attached: ReadonlySet<Attached>, next: InKernel, switched: () => void = () => {}): void {
  const moved: { readonly hold: Hold; readonly old: AttachableProgram }[] = [];
  try {
    for (const { about, holds } of attached) {
      checkMode(about.mode, about.ifname, next);
      for (const hold of holds) {
        // The interface went away, and the program with it.
        if (hold.program === null || hold.gone()) continue;
        const old = hold.program;
        const result = hold.swap(programAt(next, old.at));
        if (result < 0) throw refused(`\`${about.place}\` does not take the new program (${errnoName(-result)})`);
        moved.push({ hold, old });
      }
    }
    switched();
  } catch (error) {
    for (const { hold, old } of moved.reverse()) hold.swap(old);
    throw error;
  }
}

function programAt({ programs, rules: { manifest } }: InKernel, at: AttachPoint): AttachableProgram {
  const program = programs.find((one) => one.at === at);
  if (program === undefined) throw refused(`the new rules are for \`${manifest.hook}\`, the old ones for \`${at}\``);
  return program;
}

function checkMode(mode: string, ifname: string | null, { libc, rules: { manifest } }: InKernel): void {
  if (mode === 'dispatcher') {
    throw refused(`the dispatcher on \`${ifname}\` cannot put another program into the place of this one at once`);
  }
  if (mode !== 'native' || ifname === null) return;
  const veth = withoutSending(libc, manifest, ifname);
  if (veth !== null) throw refused(`\`${veth}\` does not send from native XDP, and the new rules want it to`);
}

function refused(what: string): RuntimeError {
  return new RuntimeError('PKT6041', `the rules cannot be replaced: ${what}`, {
    help: 'the old rules are at work as before; end the program and run it with the new ones',
  });
}
