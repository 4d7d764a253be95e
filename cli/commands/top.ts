import type { Command } from '../command.ts';
import { durationFromOption } from '../duration.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { createStop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  name: string;
  interval: string;
}

export const topCommand: Command<Options> = {
  usage: 'top <name>',
  summary: 'watch the rules of a detached program on the whole screen: rates, last events, losses',
  examples: [
    ['$0 top edge', 'keys: ? says which; q leaves'],
    ['$0 top edge --interval 250ms', 'four times a second'],
  ],
  exits: ['ok', 'failure', 'usage', 'machine'],
  options: (yargs) =>
    yargs
      .positional('name', { type: 'string', demandOption: true, describe: 'as `pktc ls` has it' })
      .option('interval', { type: 'string', requiresArg: true, default: '1s', describe: 'how often it is read and drawn' }),
  run: top,
};

async function top({ name, interval }: Options, terminal: Terminal): Promise<ExitCode> {
  const interval_ms = durationFromOption('--interval', interval);
  if (!terminal.out.isTerminal || !process.stdin.isTTY) {
    throw new Failure('`top` draws on a terminal, and this is none', {
      exit: EXIT.usage,
      help: `\`pktc counters ${name} --watch\` prints lines, \`pktc events ${name}\` the events`,
    });
  }
  const { openDetachedRoot } = await import('../detached/open-root.ts');
  const { followPinned } = await import('../../runtime/pinned/follow.ts');
  const { runTop } = await import('../top/run-top.ts');
  const followed = followPinned(await openDetachedRoot(terminal), name);
  const stop = createStop();
  try {
    return await runTop(followed, interval_ms, stop, terminal);
  } finally {
    stop.release();
    followed.close();
  }
}
