/** The generation that a program remembers flows for, and that of its data: the same, but while data are being replaced. */
import { openGeneration } from '../../runtime/generation.ts';
import { GENERATION } from '../../runtime/kernel-object.ts';
import type { LoadedProgram } from '../../runtime/load.ts';

export function generationsOf({ internals: { libc, maps, data } }: LoadedProgram): {
  readonly remembered: number;
  readonly atWork: number;
} {
  const fd = maps.get(GENERATION);
  if (fd === undefined || data === null) throw new Error('the program does not look flows up ahead of its data');
  const generation = openGeneration(libc, fd);
  const remembered = generation.read();
  generation.close();
  return { remembered, atWork: data.slots.generation };
}
