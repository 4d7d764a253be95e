/** The command line: finds the command, runs it, prints what went wrong, and exits. */
import yargs, { type Argv } from 'yargs';
import type { Command } from './command.ts';
import { benchCommand } from './commands/bench.ts';
import { checkCommand } from './commands/check.ts';
import { compileCommand } from './commands/compile.ts';
import { completionCommand } from './commands/completion.ts';
import { confirmCommand } from './commands/confirm.ts';
import { countersCommand } from './commands/counters.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { eventsCommand } from './commands/events.ts';
import { explainCommand } from './commands/explain.ts';
import { fmtCommand } from './commands/fmt.ts';
import { installServiceCommand } from './commands/install-service.ts';
import { lsCommand } from './commands/ls.ts';
import { reloadCommand } from './commands/reload.ts';
import { replayCommand } from './commands/replay.ts';
import { runCommand } from './commands/run.ts';
import { setCommand } from './commands/set.ts';
import { statusCommand } from './commands/status.ts';
import { stopCommand } from './commands/stop.ts';
import { testCommand } from './commands/test.ts';
import { topCommand } from './commands/top.ts';
import { prepareEnd } from './end-process.ts';
import { EXIT, type ExitCode, exitCodesText } from './exit-code.ts';
import { Failure } from './failure.ts';
import { packageVersion } from './package-root.ts';
import { outputFailure, reportError } from './report-error.ts';
import { STDIN } from './rule-source.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const WIDEST_HELP = 110;

type Execute = (work: (terminal: Terminal) => Promise<ExitCode>) => Promise<void>;
type Registration = (program: Argv, execute: Execute) => Argv;

function registration<Options>(command: Command<Options>): Registration {
  return (program, execute) =>
    program.command(
      command.usage,
      command.summary,
      (builder) => {
        for (const [line, does] of command.examples) builder.example(line, does);
        return command.options(builder).epilogue(exitCodesText(command.exits));
      },
      (options) => execute((terminal) => command.run(options as Options, terminal)),
    );
}

const COMMANDS: readonly Registration[] = [
  registration(runCommand),
  registration(lsCommand),
  registration(statusCommand),
  registration(countersCommand),
  registration(reloadCommand),
  registration(confirmCommand),
  registration(eventsCommand),
  registration(topCommand),
  registration(setCommand),
  registration(stopCommand),
  registration(installServiceCommand),
  registration(compileCommand),
  registration(checkCommand),
  registration(fmtCommand),
  registration(testCommand),
  registration(replayCommand),
  registration(explainCommand),
  registration(benchCommand),
  registration(doctorCommand),
  registration(demoCommand),
  registration(completionCommand),
];

function createProgram(argv: readonly string[], terminal: Terminal, execute: Execute): Argv {
  const program = yargs(argv.map((argument) => (argument === '-' ? STDIN : argument)))
    .scriptName('pktc')
    .usage('$0 <command>\n\nA compiler for packet rules: a .rules file becomes eBPF in the kernel and live events.')
    .detectLocale(false)
    .parserConfiguration({ 'parse-numbers': false, 'parse-positional-numbers': false, 'boolean-negation': false })
    .wrap(Math.min(WIDEST_HELP, terminal.out.columns))
    .version(packageVersion())
    .alias('help', 'h')
    .strict()
    .recommendCommands()
    .demandCommand(1, 'no command given')
    .exitProcess(false)
    .fail((message, error, self) => {
      // yargs throws some of what is wrong with a command line itself.
      if (error && error.name !== 'YError') throw error;
      if (argv.length === 0) terminal.say(`${helpText(self)}\n`);
      throw new Failure((message || error.message).replace(/\n+/g, ', '), {
        exit: EXIT.usage,
        help: 'see `pktc --help`, or `pktc COMMAND --help`',
      });
    })
    .epilogue('`pktc COMMAND --help` says more about one of them. Start with `pktc demo`, then `pktc doctor`.');
  return COMMANDS.reduce((built, register) => register(built, execute), program);
}

function helpText(self: Argv): string {
  const lines: string[] = [];
  self.showHelp((text) => lines.push(text));
  return lines.join('\n');
}

/** Runs one command line and ends the process. @param argv without the interpreter and the script */
export async function main(argv: readonly string[]): Promise<void> {
  const end = prepareEnd();
  const terminal = openTerminal((error) => void reportError(outputFailure(error), terminal));
  let exit: ExitCode = EXIT.ok;
  const execute: Execute = async (work) => {
    exit = await work(terminal);
  };
  try {
    await createProgram(argv, terminal, execute).parseAsync();
  } catch (error) {
    exit = await reportError(error, terminal);
  }
  await terminal.flush();
  end(exit === EXIT.ok && terminal.failure !== null ? EXIT.failure : exit);
}
