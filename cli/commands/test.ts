import path from 'node:path';
import type { HookName } from '../../grammar/fields/field.ts';
import type { Command } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { examine, sayDiagnostics } from '../front-end.ts';
import { HOOK_OPTION } from '../hook-option.ts';
import { INCLUDE_ROOT_OPTION } from '../include-root-option.ts';
import { jsonLine } from '../json.ts';
import { reportError } from '../report-error.ts';
import { readSources, STDIN } from '../rule-source.ts';
import type { Terminal } from '../terminal.ts';
import type { EngineChoice } from '../test/open-engines.ts';
import type { Outcome } from '../test/test-result.ts';

interface Options {
  files: string[];
  engine: EngineChoice;
  filter: string | undefined;
  hook: HookName | undefined;
  'include-root': string[];
  json: boolean;
}

const ENGINES: readonly EngineChoice[] = ['auto', 'interpreter', 'kernel', 'both'];

export const testCommand: Command<Options> = {
  usage: 'test <files..>',
  summary: 'run the tests that stand in rule files, in the reference interpreter and in the kernel',
  examples: [
    ['$0 test edge.rules', 'every `test` of a file; the kernel is asked too where that is possible'],
    ['$0 test rules/*.rules --engine interpreter', 'without privileges, without clang'],
    ['$0 test edge.rules --filter ssh', 'only tests with "ssh" in their name'],
    ['$0 test edge.rules --engine both --json', 'for CI: both engines or nothing, one JSON object a packet'],
  ],
  exits: ['ok', 'failure', 'usage', 'rules', 'machine'],
  options: (yargs) =>
    yargs
      .positional('files', { type: 'string', array: true, demandOption: true, describe: 'rule files, `-` for standard input' })
      .option('engine', {
        choices: ENGINES,
        default: 'auto' as EngineChoice,
        describe: 'who decides; `auto` is both where the machine can, else the interpreter',
      })
      .option('filter', {
        type: 'string',
        requiresArg: true,
        describe: 'only tests whose name has this text in it, in either case',
      })
      .option('hook', HOOK_OPTION)
      .option('include-root', INCLUDE_ROOT_OPTION)
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object a packet, the summary last' }),
  run,
};

interface Totals {
  readonly outcomes: Record<Outcome, number>;
  packets: number;
  /** How many of them the kernel decided. */
  kernel: number;
}

async function run(options: Options, terminal: Terminal): Promise<ExitCode> {
  const { kernelLacks } = await import('../test/open-engines.ts');
  const lacks = options.engine === 'interpreter' ? null : await kernelLacks();
  if (options.engine === 'auto' && lacks !== null) terminal.say(`only the interpreter is asked, not the kernel: ${lacks}`);
  const totals: Totals = { outcomes: { passed: 0, failed: 0, disagreed: 0 }, packets: 0, kernel: 0 };
  let worst: ExitCode = EXIT.ok;
  for (const file of options.files) {
    const exit = await testFile(file, options, lacks, totals, terminal);
    if (exit > worst) worst = exit;
    if (terminal.closed()) return worst;
  }
  const { passed, failed, disagreed } = totals.outcomes;
  if (passed + failed + disagreed === 0) {
    if (worst !== EXIT.ok) return worst;
    const which = options.filter === undefined ? 'there are no tests' : 'no test has that in its name';
    throw new Failure(which, { help: 'write one: `test "ssh" { packet tcp 10.0.0.1:40000 > 192.0.2.1:22 expect drop }`' });
  }
  await terminal.print(options.json ? jsonLine({ summary: summaryOf(options, totals) }) : summaryText(totals, terminal));
  return worst;
}

function summaryOf({ files }: Options, { outcomes, packets, kernel }: Totals): object {
  const { passed, failed, disagreed } = outcomes;
  return {
    files: files.length,
    tests: passed + failed + disagreed,
    packets,
    decided_by_kernel: kernel,
    passed,
    failed,
    disagreed,
  };
}

function summaryText({ outcomes, packets, kernel }: Totals, { out }: Terminal): string {
  const { passed, failed, disagreed } = outcomes;
  const parts = [`${passed} passed`];
  if (failed > 0) parts.push(out.paint('error', `${failed} failed`));
  if (disagreed > 0) parts.push(out.paint('error', `${disagreed} with engines that disagree`));
  const tests = passed + failed + disagreed;
  const who =
    kernel === packets ? '' : kernel === 0 ? ' (the kernel was not asked)' : ` (${kernel} of them asked of the kernel too)`;
  return `\n${tests} test${tests === 1 ? '' : 's'}, ${packets} packet${packets === 1 ? '' : 's'}${who}: ${parts.join(', ')}\n`;
}

/** A file that cannot be read, or has errors, does not hide what the next one says. */
async function testFile(
  file: string,
  options: Options,
  lacks: string | null,
  totals: Totals,
  terminal: Terminal,
): Promise<ExitCode> {
  try {
    return await testRules(file, options, lacks, totals, terminal);
  } catch (error) {
    return reportError(error, terminal);
  }
}

async function testRules(
  file: string,
  { engine, filter, hook, 'include-root': includeRoot, json }: Options,
  lacks: string | null,
  totals: Totals,
  terminal: Terminal,
): Promise<ExitCode> {
  const { openEngines } = await import('../test/open-engines.ts');
  const { runTest } = await import('../test/run-tests.ts');
  const { kernelPacketsOf, packetsOf, renderTest } = await import('../test/render-tests.ts');
  const { testJson } = await import('../test/test-json.ts');
  const { captureOpener } = await import('../test/open-capture.ts');
  const { visible } = await import('../../compiler/diagnostics/visible.ts');
  const sources = await readSources(file, includeRoot);
  const source = sources.main;
  const { sound, tests, diagnostics } = await examine(sources, hook ?? null);
  await sayDiagnostics(diagnostics, terminal);
  if (sound === null) return EXIT.rules;
  const { program } = sound;
  const chosen = tests.filter(({ name }) => name.toLowerCase().includes((filter ?? '').toLowerCase()));
  if (chosen.length === 0) {
    if (filter === undefined) terminal.say(`${visible(source.name)}: no tests`);
    return EXIT.ok;
  }
  const opening = await openEngines(sources, program, engine, { hook: hook ?? null, lacks }, terminal);
  if ('exit' in opening) return opening.exit;
  const openCapture = captureOpener({ folder: file === STDIN ? '.' : path.dirname(file), roots: includeRoot });
  let exit: ExitCode = EXIT.ok;
  try {
    if (!json) await terminal.print(`${terminal.out.paint('bold', visible(source.name))}\n`);
    for (const test of chosen) {
      const result = await runTest(program, test, opening.engines, openCapture);
      totals.outcomes[result.outcome]++;
      totals.packets += packetsOf(result.cases);
      totals.kernel += kernelPacketsOf(result.cases);
      if (result.outcome !== 'passed') exit = EXIT.failure;
      if (!(await terminal.print(json ? testJson(program, result) : renderTest(program, result, terminal)))) return exit;
    }
    return exit;
  } finally {
    opening.close();
  }
}
