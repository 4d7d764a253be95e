import { visible } from '../../compiler/diagnostics/visible.ts';
import type { Command } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { hasErrors, sayDiagnostics } from '../front-end.ts';
import { replaceFile } from '../replace-file.ts';
import { reportError } from '../report-error.ts';
import { readRuleSource, STDIN } from '../rule-source.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  files: string[];
  check: boolean;
}

export const fmtCommand: Command<Options> = {
  usage: 'fmt <files..>',
  summary: 'write rule files in the one canonical layout, comments kept',
  examples: [
    ['$0 fmt edge.rules', 'format a file in place'],
    ['$0 fmt --check rules/*.rules', 'name the files that are not formatted, and exit with 1'],
    ['$0 fmt - < edge.rules', 'from standard input to standard output'],
  ],
  exits: ['ok', 'failure', 'usage', 'rules'],
  options: (yargs) =>
    yargs
      .positional('files', { type: 'string', array: true, demandOption: true, describe: 'rule files, `-` for standard input' })
      .option('check', { type: 'boolean', default: false, describe: 'write nothing, exit with 1 when a file would change' }),
  async run({ files, check }, terminal) {
    let worst: ExitCode = EXIT.ok;
    for (const file of files) {
      const exit = await formatFile(file, check, terminal);
      if (exit > worst) worst = exit;
    }
    return worst;
  },
};

/** A file with syntax errors is left alone: its formatting would be a guess. */
async function formatFile(file: string, check: boolean, terminal: Terminal): Promise<ExitCode> {
  try {
    const { parse } = await import('../../compiler/1-parse/parse.ts');
    const { format } = await import('../../grammar/format.ts');
    const source = await readRuleSource(file);
    const { value, diagnostics } = parse(source);
    if (hasErrors(diagnostics)) {
      await sayDiagnostics(diagnostics, terminal);
      return EXIT.rules;
    }
    const formatted = format(value, source);
    const changes = formatted !== source.text;
    if (check) {
      if (changes) await terminal.print(`${visible(source.name)}\n`);
      return changes ? EXIT.failure : EXIT.ok;
    }
    if (file === STDIN) await terminal.print(formatted);
    else if (changes) {
      await replaceFile(file, formatted);
      terminal.say(`formatted ${visible(file)}`);
    }
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return reportError(error, terminal);
  }
}
