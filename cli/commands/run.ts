import path from 'node:path';
import type { Sources } from '../../compiler/2-resolve/sources.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import type { AttachMode } from '../../runtime/attach.ts';
import type { Command } from '../command.ts';
import { type DetachTo, detachLive } from '../detached/detach-live.ts';
import { DETACH_OPTIONS } from '../detached/detach-options.ts';
import { DISPATCHER_OPTIONS, type DispatcherChoices, dispatcherWith, priorityFromOptions } from '../dispatcher-options.ts';
import { countFromOption, durationFromOption } from '../duration.ts';
import type { WorkersWhen } from '../events/line-workers.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { FLOW_CACHE_OPTION, planningOf } from '../flow-cache-option.ts';
import { HOOK_OPTION } from '../hook-option.ts';
import { INCLUDE_ROOT_OPTION } from '../include-root-option.ts';
import { type LiveOptions, runLive } from '../live-session.ts';
import { openPacketFile, type PacketFile } from '../packet-file.ts';
import { PACKET_FILE_OPTIONS, type PacketFileChoices, packetFileOptions } from '../packet-file-options.ts';
import { PLACE_OPTIONS } from '../place-options.ts';
import { type Reloading, reloadOnSave } from '../reload-on-save.ts';
import { sayError } from '../report-error.ts';
import { STDIN } from '../rule-source.ts';
import { isCompiled, type Prepared, type PrepareOptions, prepareProgram, type RunnableProgram } from '../runnable-program.ts';
import { createStop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';
import { WORKERS_OPTION, workersFromOption } from '../workers-option.ts';

interface Options extends PacketFileChoices, DispatcherChoices {
  files: string[] | undefined;
  interface: string[] | undefined;
  expression: string[] | undefined;
  for: string | undefined;
  count: string | undefined;
  json: boolean;
  mode: AttachMode;
  workers: WorkersWhen | undefined;
  strict: boolean;
  reattach: boolean;
  watch: boolean;
  detach: boolean;
  name: string | undefined;
  confirm: string | undefined;
  hook: HookName | undefined;
  'flow-cache': boolean | undefined;
  cgroup: string | undefined;
  'include-root': string[];
  force: boolean;
}

export const runCommand: Command<Options> = {
  usage: 'run [files..]',
  summary: 'attach rules to network interfaces and stream the events that they log',
  examples: [
    ['$0 run edge.rules -i eth0', 'until Ctrl-C, which detaches and prints the counters'],
    ["$0 run -e 'match tcp dport 22 flags SYN -> log' -i eth0", 'one line, no file; without `->` it logs'],
    ['$0 run edge.rules -i eth0 -i eth1 --for 10s --json > events.ndjson', 'ten seconds, one JSON object a line'],
    [
      '$0 run egress.rules --cgroup system.slice/nginx.service',
      'what the processes of a service send, with `hook cgroup egress`',
    ],
    ['$0 run edge.rules -i eth0 --watch', 'rules take over when they are saved; those that stay keep their counters'],
    [
      '$0 run edge.rules -i eth0 --detach --name edge',
      'the program stays when the command ends: `pktc status edge`, `pktc stop edge`',
    ],
    ['$0 run edge.rules -i eth0 -w edge.pcapng', 'what is logged as packets too, for Wireshark: rule and verdict of each'],
    ['$0 run edge.rules -i eth0 --dispatcher', "beside the XDP programs of others, where libxdp's dispatcher has the hook"],
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
      .options(PLACE_OPTIONS)
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
      .option('workers', WORKERS_OPTION)
      .option('strict', { type: 'boolean', default: false, describe: 'exit with 5 when an event was lost' })
      .option('reattach', {
        type: 'boolean',
        default: false,
        describe: 'when an interface that went away is there again, attach to it again, and wait for it until then',
      })
      .options(DETACH_OPTIONS)
      .options(DISPATCHER_OPTIONS)
      .option('watch', {
        type: 'boolean',
        default: false,
        describe: 'when the file or one that it names is saved, its rules take over, without a gap; an error changes nothing',
      })
      .option('hook', HOOK_OPTION)
      .option('flow-cache', FLOW_CACHE_OPTION)
      .option('include-root', INCLUDE_ROOT_OPTION)
      .option('force', {
        type: 'boolean',
        default: false,
        describe: 'attach even if the rules would cut off SSH on that interface; else pktc asks, or refuses without a terminal',
      })
      .options(PACKET_FILE_OPTIONS),
  run,
};

async function run(options: Options, terminal: Terminal): Promise<ExitCode> {
  const { rules, interfaces } = operands(options);
  const writing = packetFileOptions(options, rules.kind === 'file' ? rules.file : null);
  const live = {
    interfaces,
    cgroup: options.cgroup ?? null,
    mode: options.mode,
    json: options.json,
    workers: workersFromOption(options.workers, {
      json: options.json,
      alone: { '--count': options.count !== undefined, '--write': writing !== null },
    }),
    strict: options.strict,
    reattach: options.reattach,
    duration_ms: options.for === undefined ? null : durationFromOption('--for', options.for),
    count: options.count === undefined ? null : countFromOption('--count', options.count),
  };
  if (options.name !== undefined && !options.detach) {
    throw new Failure('`--name` is about `--detach`', { exit: EXIT.usage, help: 'add `--detach`, or leave it out' });
  }
  if (options.confirm !== undefined && !options.detach) {
    throw new Failure('`--confirm` is about `--detach`', { exit: EXIT.usage, help: 'add `--detach`, or leave it out' });
  }
  const priority = priorityFromOptions(options);
  const detaching = options.detach ? await prepareToDetach(options, rules, terminal) : null;
  const stop = createStop();
  try {
    const preparing = {
      hook: options.hook ?? null,
      planning: { ...planningOf(options['flow-cache']), frameBytes: writing?.snapLength },
    };
    let sources: Sources | null = null;
    const onSources = (read: Sources) => {
      sources = read;
    };
    const watched = options.watch ? await watchedProgram(rules, terminal, preparing) : null;
    try {
      const program = await (watched?.prepare() ?? prepareProgram(rules, terminal, { ...preparing, onSources }));
      if ('exit' in program) return program.exit;
      checkPlaces(program.artifact.manifest.hook, live, options.dispatcher);
      const { guardSession } = await import('../guard/guard-session.ts');
      const force = options.force || options.confirm !== undefined;
      const guarded = { interfaces, force, canConfirm: options.detach };
      const refused = await guardSession(program.artifact, guarded, stop, terminal);
      if (refused !== null) return refused;
      const { loadArtifact } = await import('../../runtime/load.ts');
      const loaded = loadArtifact(program.artifact, await dispatcherWith(priority, process.env));
      let packets: PacketFile | null = null;
      try {
        if (detaching !== null) {
          const { notesOf, originOf } = await import('../detached/origin.ts');
          const notes = notesOf(originOf(rules, preparing), sources);
          return await detachLive(program.artifact, loaded, live, detaching, notes, terminal);
        }
        // Ahead of attaching: a file that is refused changes nothing.
        if (writing !== null) packets = openPacketFile(writing, ({ message, help }) => sayError(terminal, message, help));
        const session = { ...live, packets, reloading: watched?.reloading ?? null };
        return stop.reason === null ? await runLive(loaded, session, stop, terminal) : EXIT.ok;
      } finally {
        packets?.close();
        loaded.close();
      }
    } finally {
      await watched?.reloading.close();
    }
  } finally {
    stop.release();
  }
}

/** Nothing is loaded for a name that cannot be had. */
async function prepareToDetach(options: Options, rules: RunnableProgram, terminal: Terminal): Promise<DetachTo> {
  const { checkFree } = await import('../../runtime/pinned/pinned-program.ts');
  const { openDetachedRoot } = await import('../detached/open-root.ts');
  const ending = (['for', 'count', 'watch', 'reattach', 'strict', 'write', 'dispatcher'] as const).find(
    (option) => options[option],
  );
  if (ending !== undefined) {
    throw new Failure(`\`--detach\` leaves nobody who could care for \`--${ending}\``, {
      exit: EXIT.usage,
      help: 'leave one of them out',
    });
  }
  const name =
    options.name ?? (rules.kind === 'file' && rules.file !== STDIN ? path.basename(rules.file).replace(/\..*$/s, '') : null);
  if (name === null) throw new Failure('`--detach` needs a name', { exit: EXIT.usage, help: 'give it one with `--name`' });
  const root = await openDetachedRoot(terminal);
  checkFree(root, name);
  const confirm_ms = options.confirm === undefined ? null : durationFromOption('--confirm', options.confirm);
  return { root, name, confirm_ms };
}

/** Compiles with what the time before left. */
async function watchedProgram(rules: RunnableProgram, terminal: Terminal, preparing: PrepareOptions) {
  if (rules.kind !== 'file' || rules.file === STDIN || isCompiled(rules.file)) {
    throw new Failure('`--watch` is for a rule file', { exit: EXIT.usage, help: 'name the file, `edge.rules` say' });
  }
  const { createAnalysisMemo } = await import('../../compiler/index.ts');
  const memo = createAnalysisMemo();
  const prepare = (): Promise<Prepared> => {
    const read_ms = Date.now();
    return prepareProgram(rules, terminal, { ...preparing, memo, onSources: (read) => reloading.follow(read, read_ms) });
  };
  const reloading: Reloading = reloadOnSave(rules.file, prepare, terminal);
  return { prepare, reloading };
}

/** Interfaces for most hooks, a control group for the hooks of that name. */
function checkPlaces(
  hook: string,
  { interfaces, cgroup, mode, reattach }: Pick<LiveOptions, 'interfaces' | 'cgroup' | 'mode' | 'reattach'>,
  dispatcher: boolean,
): void {
  const usage = (message: string, help: string) => new Failure(message, { exit: EXIT.usage, help });
  if (reattach && cgroup !== null) throw usage('`--reattach` is about interfaces', 'leave it out');
  const inCgroup = hook.startsWith('cgroup');
  if (inCgroup && interfaces.length > 0) {
    throw usage(`a program for \`${hook}\` is attached to a control group, not to an interface`, 'name one with `--cgroup`');
  }
  if (!inCgroup && cgroup !== null) {
    throw usage(`a program for \`${hook}\` is attached to an interface, not to a control group`, 'name one with `-i`');
  }
  if (dispatcher && hook !== 'xdp') {
    throw usage(`\`--dispatcher\` is for XDP, and this program for \`${hook}\``, 'leave it out');
  }
  if (mode !== 'auto' && hook !== 'xdp') {
    throw usage(`\`--mode ${mode}\` is for XDP, and this program for \`${hook}\``, 'leave it out');
  }
}

/** `run FILE -i a b`: what follows the file are interfaces too; with `-e` there is no file. */
function operands({ files = [], interface: named = [], expression, cgroup, 'include-root': includeRoot }: Options): {
  readonly rules: RunnableProgram;
  readonly interfaces: readonly string[];
} {
  const [file] = files;
  if (expression === undefined && file === undefined) {
    throw new Failure('`run` needs a rule file, or a rule with `-e`', { exit: EXIT.usage, help: 'see `pktc run --help`' });
  }
  const interfaces = [...named, ...(expression === undefined ? files.slice(1) : files)];
  if (interfaces.length === 0 && cgroup === undefined) {
    throw new Failure('`run` needs an interface, or for `hook cgroup` a control group', {
      exit: EXIT.usage,
      help: 'name one with `-i`, or with `--cgroup`; `pktc doctor` lists them',
    });
  }
  const rules: RunnableProgram = expression
    ? { kind: 'rules', texts: expression, roots: includeRoot }
    : { kind: 'file', file: file ?? '', roots: includeRoot };
  return { rules, interfaces };
}
