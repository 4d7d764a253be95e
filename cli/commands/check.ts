import type { HookName } from '../../grammar/fields/field.ts';
import type { Command } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { countedDiagnostics, examine, sayDiagnostics } from '../front-end.ts';
import { HOOK_OPTION } from '../hook-option.ts';
import { jsonLine } from '../json.ts';
import { asDiagnostic } from '../report-error.ts';
import { readRuleSource } from '../rule-source.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  files: string[];
  hook: HookName | undefined;
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
async function checkFile(file: string, { hook, json }: Options, terminal: Terminal): Promise<ExitCode> {
  const { diagnosticToJson } = await import('../../compiler/diagnostics/json.ts');
  const { name, diagnostics, failure, rules } = await diagnose(file, hook ?? null);
  if (json) for (const one of diagnostics) await terminal.print(jsonLine(diagnosticToJson(one)));
  else await sayDiagnostics(diagnostics, terminal);
  if (failure) return failure.exit;
  const { visible } = await import('../../compiler/diagnostics/visible.ts');
  const counted = countedDiagnostics(diagnostics) || 'no errors';
  if (!json) terminal.say(`${visible(name)}: ${rules === null ? '' : `${rules} rule${rules === 1 ? '' : 's'}, `}${counted}`);
  return rules === null ? EXIT.rules : EXIT.ok;
}

async function diagnose(file: string, hook: HookName | null) {
  try {
    const source = await readRuleSource(file);
    const { sound, diagnostics } = await examine(source, hook);
    return { name: source.name, diagnostics, failure: null, rules: sound?.program.rules.length ?? null };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { name: file, diagnostics: [asDiagnostic(error)], failure: error, rules: null };
  }
}
