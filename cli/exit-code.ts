/** What the command's exit status means; the same for every command, and in every help text. */
export const EXIT = { ok: 0, failure: 1, usage: 2, rules: 3, machine: 4, lost: 5 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done',
  failure: 'it did not work',
  usage: 'the command line was wrong',
  rules: 'the rules have errors',
  machine: 'a privilege, a tool or a kernel feature is missing',
  lost: 'events were lost under --strict',
};

/** The part of a help text about the exit codes that a command can have. */
export function exitCodesText(used: readonly (keyof typeof EXIT)[]): string {
  return ['Exit codes:', ...used.map((name) => `  ${EXIT[name]}  ${MEANINGS[name]}`)].join('\n');
}
