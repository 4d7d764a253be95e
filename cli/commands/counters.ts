import type { PinnedProgram } from '../../runtime/pinned/pinned-program.ts';
import type { Command } from '../command.ts';
import { durationFromOption } from '../duration.ts';
import { renderSummary, type SummaryRow } from '../events/rule-summary.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { jsonLine } from '../json.ts';
import { createStop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  name: string;
  watch: boolean;
  interval: string | undefined;
  json: boolean;
}

export const countersCommand: Command<Options> = {
  usage: 'counters <name>',
  summary: 'print what each rule of a detached program has counted',
  examples: [
    ['$0 counters edge', 'a table'],
    ['$0 counters edge --json', '{"rule":"web","packets":3,"bytes":162} and so on, a line a rule'],
    ['$0 counters edge --watch --interval 5s --json', 'every five seconds the rules that have counted since'],
  ],
  exits: ['ok', 'failure', 'usage', 'machine'],
  options: (yargs) =>
    yargs
      .positional('name', { type: 'string', demandOption: true, describe: 'as `pktc ls` has it' })
      .option('watch', {
        type: 'boolean',
        default: false,
        describe: 'go on until Ctrl-C; after the first time only what has changed',
      })
      .option('interval', {
        type: 'string',
        requiresArg: true,
        describe: 'how often, with `--watch`; every second unless said',
      })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object a line' }),
  run: counters,
};

async function counters(options: Options, terminal: Terminal): Promise<ExitCode> {
  if (options.interval !== undefined && !options.watch) {
    throw new Failure('`--interval` is about `--watch`', { exit: EXIT.usage, help: 'add `--watch`, or leave it out' });
  }
  const interval_ms = durationFromOption('--interval', options.interval ?? '1s');
  const { openPinned } = await import('../../runtime/pinned/pinned-program.ts');
  const { openDetachedRoot } = await import('../detached/open-root.ts');
  const root = await openDetachedRoot(terminal);
  let program = openPinned(root, options.name);
  const now = () => {
    if (!program.isOutdated()) return program;
    // Its rules have been reloaded.
    program.close();
    program = openPinned(root, options.name);
    return program;
  };
  try {
    return await printCounters(now, { ...options, interval_ms }, terminal);
  } finally {
    program.close();
  }
}

interface Printing {
  readonly watch: boolean;
  readonly json: boolean;
  readonly interval_ms: number;
}

async function printCounters(
  program: () => PinnedProgram,
  { watch, json, interval_ms }: Printing,
  terminal: Terminal,
): Promise<ExitCode> {
  const { counterRows } = await import('../detached/program-state.ts');
  const toText = (rows: readonly SummaryRow[]) =>
    json ? rows.map(counterLine).join('') : renderSummary(rows, terminal.out.paint);
  let before = counterRows(program());
  await terminal.print(toText(before));
  if (!watch) return EXIT.ok;
  const stop = createStop();
  try {
    void terminal.gone.then(() => stop.because({ kind: 'reader' }));
    while (stop.reason === null) {
      let timer: NodeJS.Timeout | undefined;
      const pause = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, interval_ms);
      });
      await Promise.race([pause, stop.promise]);
      clearTimeout(timer);
      const now = counterRows(program());
      const counted = new Map(before.map(({ rule, packets }) => [rule, packets]));
      const changed = now.filter(({ rule, packets }) => packets !== (counted.get(rule) ?? 0n));
      before = now;
      if (changed.length > 0) await terminal.print(json ? toText(changed) : `\n${toText(changed)}`);
    }
  } finally {
    stop.release();
  }
  return EXIT.ok;
}

/** `rule` is null for packets that no verdict caught. */
function counterLine({ rule, verdict, packets, bytes, logged, lost }: SummaryRow): string {
  return jsonLine({ rule, verdict, packets, bytes, ...(logged === null ? {} : { logged, lost }) });
}
