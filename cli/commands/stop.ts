import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { Failure } from '../failure.ts';

interface Options {
  name: string | undefined;
  all: boolean;
}

export const stopCommand: Command<Options> = {
  usage: 'stop [name]',
  summary: 'detach a program that `run --detach` has left, and forget its counters',
  examples: [
    ['$0 stop edge', 'one'],
    ['$0 stop --all', 'every one that `pktc ls` lists'],
  ],
  exits: ['ok', 'failure', 'usage', 'machine'],
  options: (yargs) =>
    yargs
      .positional('name', { type: 'string', describe: 'as `pktc ls` has it' })
      .option('all', { type: 'boolean', default: false, describe: 'all of them' }),
  async run({ name, all }, terminal) {
    if ((name === undefined) !== all) {
      throw new Failure(all ? '`--all` and a name are one too many' : '`stop` needs a name', {
        exit: EXIT.usage,
        help: '`pktc ls` lists the names; `--all` stops all of them',
      });
    }
    const { openPinRoot, pinnedNames, stopPinned } = await import('../../runtime/pinned/pinned-program.ts');
    const root = openPinRoot(process.env);
    const names = name === undefined ? pinnedNames(root) : [name];
    for (const one of names) {
      await stopPinned(root, one);
      terminal.say(`stopped ${one}`);
    }
    if (names.length === 0) terminal.say('no program is detached');
    return EXIT.ok;
  },
};
