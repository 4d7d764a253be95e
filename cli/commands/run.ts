import type { HookName } from '../../grammar/fields/field.ts';
import type { AttachMode } from '../../runtime/attach.ts';
import type { Command } from '../command.ts';
import { countFromOption, durationFromOption } from '../duration.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { runLive } from '../live-session.ts';
import { loadProgram, type RunnableProgram } from '../runnable-program.ts';
import { createStop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  files: string[] | undefined;
  interface: string[] | undefined;
  expression: string[] | undefined;
  for: string | undefined;
  count: string | undefined;
  json: boolean;
  mode: AttachMode;
  strict: boolean;
  hook: HookName | undefined;
}

export const runCommand: Command<Options> = {
  usage: 'run [files..]',
  summary: 'attach rules to network interfaces and stream the events that they log',
  examples: [
    ['$0 run edge.rules -i eth0', 'until Ctrl-C, which detaches and prints the counters'],
    ["$0 run -e 'match tcp dport 22 flags SYN -> log' -i eth0", 'one line, no file; without `->` it logs'],
    ['$0 run edge.rules -i eth0 -i eth1 --for 10s --json > events.ndjson', 'ten seconds, one JSON object a line'],
    ['$0 run edge.bpf.o -i eth0', 'what `pktc compile` made, without a compiler'],
  ],
  exits: ['ok', 'failure', 'usage', 'rules', 'machine', 'lost'],
  options: (yargs) =>
    yargs
      .positional('files', {
        type: 'string',
        array: true,
        describe: 'a rule file or a compiled X.bpf.o; interfaces may follow',
      })
      .option('interface', {
        alias: 'i',
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'interface to attach to; may be given several times',
      })
      .option('expression', {
        alias: 'e',
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'a rule instead of a file; may be given several times',
      })
      .option('for', { type: 'string', requiresArg: true, describe: 'stop after this time: 10s, 500ms, 5m' })
      .option('count', { type: 'string', requiresArg: true, describe: 'stop after so many events' })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object a line, the summary last' })
      .option('mode', {
        choices: ['auto', 'native', 'generic'] as const,
        default: 'auto' as const,
        describe: 'native: in the driver; generic: behind it, slower; auto: native where the driver can',
      })
      .option('strict', { type: 'boolean', default: false, describe: 'exit with 5 when an event was lost' })
      .option('hook', { choices: ['xdp'] as const, describe: 'where to look at packets, whatever the file says' }),
  run,
};

async function run(options: Options, terminal: Terminal): Promise<ExitCode> {
  const { rules, interfaces } = operands(options);
  const live = {
    interfaces,
    mode: options.mode,
    json: options.json,
    strict: options.strict,
    duration_ms: options.for === undefined ? null : durationFromOption('--for', options.for),
    count: options.count === undefined ? null : countFromOption('--count', options.count),
  };
  const stop = createStop();
  try {
    const program = await loadProgram(rules, options.hook ?? null, terminal);
    if ('exit' in program) return program.exit;
    try {
      return stop.reason === null ? await runLive(program.loaded, live, stop, terminal) : EXIT.ok;
    } finally {
      program.loaded.close();
    }
  } finally {
    stop.release();
  }
}

/** `run FILE -i a b`: what follows the file are interfaces too; with `-e` there is no file. */
function operands({ files = [], interface: named = [], expression }: Options): {
  readonly rules: RunnableProgram;
  readonly interfaces: readonly string[];
} {
  const [file] = files;
  if (expression === undefined && file === undefined) {
    throw new Failure('`run` needs a rule file, or a rule with `-e`', { exit: EXIT.usage, help: 'see `pktc run --help`' });
  }
  const interfaces = [...named, ...(expression === undefined ? files.slice(1) : files)];
  if (interfaces.length === 0) {
    throw new Failure('`run` needs an interface', { exit: EXIT.usage, help: 'name one with `-i`; `pktc doctor` lists them' });
  }
  return { rules: expression ? { kind: 'rules', texts: expression } : { kind: 'file', file: file ?? '' }, interfaces };
}
