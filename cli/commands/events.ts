import type { Command } from '../command.ts';
import { countFromOption, durationFromOption } from '../duration.ts';
import type { WorkersWhen } from '../events/line-workers.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { createStop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';
import { WORKERS_OPTION, workersFromOption } from '../workers-option.ts';

interface Options {
  name: string;
  json: boolean;
  count: string | undefined;
  for: string | undefined;
  rule: string[] | undefined;
  workers: WorkersWhen | undefined;
  strict: boolean;
}

export const eventsCommand: Command<Options> = {
  usage: 'events <name>',
  summary: 'stream the events that a detached program logs; several may, each has all of them',
  examples: [
    ['$0 events edge', 'until Ctrl-C; it begins with what nobody has read yet'],
    ['$0 events edge --json --for 10s > events.ndjson', 'ten seconds, one JSON object a line, the summary last'],
    ['$0 events edge --rule syn_scan --count 5', 'the next five events of one rule'],
    ['$0 events edge --json --strict | ./ship', 'a reader that exits with 5 when it missed an event'],
  ],
  exits: ['ok', 'failure', 'usage', 'machine', 'lost'],
  options: (yargs) =>
    yargs
      .positional('name', { type: 'string', demandOption: true, describe: 'as `pktc ls` has it' })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object a line, the summary last' })
      .option('count', { type: 'string', requiresArg: true, describe: 'stop after so many events' })
      .option('for', {
        alias: 'duration',
        type: 'string',
        requiresArg: true,
        describe: 'stop after this time: 10s, 500ms, 5m',
      })
      .option('rule', {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'only events of this rule; may be given several times',
      })
      .option('workers', WORKERS_OPTION)
      .option('strict', { type: 'boolean', default: false, describe: 'exit with 5 when an event was lost' }),
  run: events,
};

async function events(options: Options, terminal: Terminal): Promise<ExitCode> {
  const duration_ms = options.for === undefined ? null : durationFromOption('--for', options.for);
  const count = options.count === undefined ? null : countFromOption('--count', options.count);
  const workers = workersFromOption(options.workers, { json: options.json, alone: { '--count': count !== null } });
  const { openDetachedRoot } = await import('../detached/open-root.ts');
  const { followPinnedEvents } = await import('../../runtime/pinned/follow.ts');
  const { followEvents } = await import('../detached/follow-events.ts');
  const followed = followPinnedEvents(await openDetachedRoot(terminal), options.name);
  const stop = createStop();
  try {
    const { rules } = followed.program.loaded.manifest;
    const unknown = options.rule?.find((wanted) => !rules.some(({ name }) => name === wanted));
    if (unknown !== undefined) throw unknownRule(options.name, unknown);
    const only = options.rule === undefined ? null : new Set(options.rule);
    const { json, strict } = options;
    return await followEvents(followed, { duration_ms, count, only, json, workers, strict }, stop, terminal);
  } finally {
    stop.release();
    followed.close();
  }
}

function unknownRule(program: string, rule: string): Failure {
  return new Failure(`\`${program}\` has no rule \`${rule}\``, {
    exit: EXIT.usage,
    help: `\`pktc counters ${program}\` lists its rules`,
  });
}
