import { EXIT } from './exit-code.ts';
import { Failure } from './failure.ts';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['K', 2 ** 10],
  ['M', 2 ** 20],
  ['G', 2 ** 30],
]);

/** `64K`, `100M`, `2G`: powers of 1024; a bare number is bytes. @throws Failure */
export function sizeFromOption(
  option: string,
  text: string,
  least: { readonly bytes: number; readonly shown: string },
): number {
  const [, number, unit] = /^(\d+)([KMG]?)$/i.exec(text) ?? [];
  const bytes = Number(number) * (UNITS.get((unit ?? '').toUpperCase()) ?? 0);
  if (!(bytes >= least.bytes && Number.isSafeInteger(bytes))) {
    throw new Failure(`\`${option}\` takes a size such as \`100M\` or \`2G\`, from ${least.shown}`, { exit: EXIT.usage });
  }
  return bytes;
}
