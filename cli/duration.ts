import { EXIT } from './exit-code.ts';
import { Failure } from './failure.ts';

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** What a timer of Node can wait for, some 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** `10s`, `1.5m`, `500ms`; a bare number is seconds. Milliseconds. @throws Failure */
export function durationFromOption(option: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  const value_ms = Math.round(Number(number) * (UNITS_MS.get(unit ?? 's') ?? 0));
  if (!(value_ms > 0 && value_ms <= LONGEST_MS)) {
    throw new Failure(`\`${option}\` takes a time such as \`10s\`, \`500ms\` or \`5m\`, up to 24 days`, { exit: EXIT.usage });
  }
  return value_ms;
}

/** @throws Failure */
export function countFromOption(option: string, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (!(value >= 1 && Number.isSafeInteger(value))) {
    throw new Failure(`\`${option}\` takes a whole number from 1`, { exit: EXIT.usage });
  }
  return value;
}
