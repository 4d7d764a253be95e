import { isUp } from './interface-facts.ts';
import type { LoadedProgram } from './load.ts';

const NAME_BYTES = 16;

/** What may change about an interface while a program is attached to it; null: it is not there any more. */
export function interfaceState(
  { internals: { libc } }: LoadedProgram,
  ifindex: number,
): { readonly name: string; readonly up: boolean } | null {
  const bytes = new Uint8Array(NAME_BYTES);
  if (libc.if_indextoname(ifindex, bytes) === null) return null;
  const name = Buffer.from(bytes).toString('utf8').replace(/\0.*$/s, '');
  return { name, up: isUp(libc, name) ?? true };
}
