import type { HookName } from '../../grammar/fields/field.ts';
import type { Command } from '../command.ts';
import { grouped } from '../events/rule-summary.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { countedDiagnostics, examine, sayDiagnostics } from '../front-end.ts';
import { HOOK_OPTION } from '../hook-option.ts';
import { INCLUDE_ROOT_OPTION } from '../include-root-option.ts';
import { jsonLine } from '../json.ts';
import { asDiagnostic } from '../report-error.ts';
import { readSources } from '../rule-source.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  files: string[];
  hook: HookName | undefined;
  'include-root': string[];
  json: boolean;
}

export const checkCommand: Command<Options> = {
  usage: 'check <files..>',
  summary: 'report everything that is wrong with rule files, without compiling them',
  examples: [
    ['$0 check edge.rules', 'all errors and warnings of a file'],
    ['$0 check --json rules/*.rules', 'one JSON object a line, for editors and CI'],
  ],
  exits: ['ok', 'failure', 'usage', 'rules'],
  options: (yargs) =>
    yargs
      .positional('files', { type: 'string', array: true, demandOption: true, describe: 'rule files, `-` for standard input' })
      .option('hook', HOOK_OPTION)
      .option('include-root', INCLUDE_ROOT_OPTION)
      .option('json', { type: 'boolean', default: false, describe: 'one diagnostic a line on stdout, as JSON' }),
  async run(options, terminal) {
    let worst: ExitCode = EXIT.ok;
    for (const file of options.files) {
      const exit = await checkFile(file, options, terminal);
      if (exit > worst) worst = exit;
    }
    return worst;
  },
};

/** Several files are all treated: one that cannot be read does not hide the errors of the next. */
async function checkFile(
  file: string,
  { hook, 'include-root': includeRoot, json }: Options,
  terminal: Terminal,
): Promise<ExitCode> {
  const { diagnosticToJson } = await import('../../compiler/diagnostics/json.ts');
  const { name, diagnostics, failure, program } = await diagnose(file, hook ?? null, includeRoot);
  const { writtenRules } = await import('../../compiler/2-resolve/own-rules.ts');
  const rules = program === null ? null : writtenRules(program);
  if (json) for (const one of diagnostics) await terminal.print(jsonLine(diagnosticToJson(one)));
  else await sayDiagnostics(diagnostics, terminal);
  if (failure) return failure.exit;
  const { visible } = await import('../../compiler/diagnostics/visible.ts');
  const counted = countedDiagnostics(diagnostics) || 'no errors';
  if (json) return rules === null ? EXIT.rules : EXIT.ok;
  for (const set of program?.sets ?? []) {
    terminal.say(
      `note: ${visible(set.source.name)}: ${grouped(set.entries)} entries, ${grouped(set.ranges)} ranges after merging`,
    );
  }
  terminal.say(`${visible(name)}: ${rules === null ? '' : `${rules} rule${rules === 1 ? '' : 's'}, `}${counted}`);
  return rules === null ? EXIT.rules : EXIT.ok;
}

async function diagnose(file: string, hook: HookName | null, roots: readonly string[]) {
  try {
    const sources = await readSources(file, roots);
    const { sound, diagnostics } = await examine(sources, hook);
    return { name: sources.main.name, diagnostics, failure: null, program: sound?.program ?? null };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { name: file, diagnostics: [asDiagnostic(error)], failure: error, program: null };
  }
}
