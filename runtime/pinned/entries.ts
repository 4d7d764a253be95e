/** What is in the directory of a detached program, and what it is called. */
import { readdirSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { RuntimeError } from '../runtime-error.ts';

/** Where it is attached; written once. */
export const ABOUT = 'about';
/** Which edition is at work: a link to its directory. */
const CURRENT = 'current';
/** What editions counted that are gone. */
export const COUNTED = 'counted';
/** A change that nobody has confirmed yet. */
export const PENDING = 'pending';
/** Of what is being made. Whoever has the lock and finds one knows that its maker is dead. */
export const UNFINISHED = '_';
export const OBJECT = 'object';

/** An edition is one program in the kernel with its maps; its rules are of one generation after the other. */
export const editionName = (edition: number) => `edition_${edition}`;
export const mapName = (map: string) => `map_${map}`;
export const programName = (index: number) => `program_${index}`;

/** What each generation of the rules of an edition has. */
export const GENERATION_PARTS = ['rules', 'data', 'sources'] as const;
export type GenerationPart = (typeof GENERATION_PARTS)[number];
export const partName = (part: GenerationPart, generation: number) => `${part}_${generation}`;

/** Numbers behind a prefix in the names of a directory: `edition_3` is 3; ascending. */
export function numbersOf(folder: string, prefix: string): readonly number[] {
  return readdirSync(folder)
    .flatMap((entry) => {
      const number = entry.startsWith(`${prefix}_`) ? entry.slice(prefix.length + 1) : '';
      return /^\d{1,15}$/.test(number) ? [Number(number)] : [];
    })
    .sort((a, b) => a - b);
}

export const editionsOf = (folder: string): readonly number[] => numbersOf(folder, 'edition');

/** @throws RuntimeError PKT6062 when nothing says so */
export function currentEdition(folder: string): number {
  let target = '';
  try {
    target = readlinkSync(path.join(folder, CURRENT));
  } catch {
    // Said below.
  }
  const number = /^edition_(\d{1,15})$/.exec(target)?.[1];
  if (number !== undefined) return Number(number);
  const name = path.basename(folder);
  throw new RuntimeError('PKT6062', `what is detached as \`${name}\` was left by another version of pktc, or by half`, {
    help: `end it with \`pktc stop ${name}\` and run it anew`,
  });
}

/** From one moment to the next. */
export function setCurrentEdition(folder: string, edition: number): void {
  const made = path.join(folder, `${UNFINISHED}${CURRENT}`);
  symlinkSync(editionName(edition), made);
  renameSync(made, path.join(folder, CURRENT));
}
