import { RuntimeError } from './runtime-error.ts';

/** What to say when an interface is `gone()`. */
export function goneError(ifname: string): RuntimeError {
  return new RuntimeError('PKT6015', `interface \`${ifname}\` went away, and the program with it`, {
    help: 'start again when it is back',
  });
}
