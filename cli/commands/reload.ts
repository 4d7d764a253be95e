import type { Sources } from '../../compiler/2-resolve/sources.ts';
import type { Manifest } from '../../runtime/abi/manifest.ts';
import type { PinnedProgram } from '../../runtime/pinned/pinned-program.ts';
import type { Command } from '../command.ts';
import type { Origin } from '../detached/origin.ts';
import { durationFromOption } from '../duration.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { FLOW_CACHE_OPTION } from '../flow-cache-option.ts';
import { INCLUDE_ROOT_OPTION } from '../include-root-option.ts';
import { jsonLine } from '../json.ts';
import { type PrepareOptions, prepareProgram, type RunnableProgram } from '../runnable-program.ts';
import { createStop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  name: string;
  file: string | undefined;
  plan: boolean;
  confirm: string | undefined;
  json: boolean;
  force: boolean;
  'include-root': string[];
  'flow-cache': boolean | undefined;
}

export const reloadCommand: Command<Options> = {
  usage: 'reload <name> [file]',
  summary: 'other rules for a detached program, without a gap; counters of rules that stay go on',
  examples: [
    ['$0 reload edge', 'the file that it was started with, as it is now; with an error in it nothing changes'],
    ['$0 reload edge new.rules --plan', 'what would change, and for which packets; nothing does'],
    ['$0 reload edge --confirm 30s', 'the old rules come back unless Enter, or `pktc confirm edge`, comes in time'],
  ],
  exits: ['ok', 'failure', 'usage', 'rules', 'machine'],
  options: (yargs) =>
    yargs
      .positional('name', { type: 'string', demandOption: true, describe: 'as `pktc ls` has it' })
      .positional('file', {
        type: 'string',
        describe: 'a rule file or a compiled X.bpf.o; default: the one it has been started with',
      })
      .option('plan', {
        type: 'boolean',
        default: false,
        describe: 'say what would change, with packets that show it, and change nothing',
      })
      .option('confirm', {
        type: 'string',
        requiresArg: true,
        describe: 'put the old rules back after this time unless the new ones are confirmed: 30s, 2m',
      })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' })
      .option('force', {
        type: 'boolean',
        default: false,
        describe: 'reload even if the rules would cut off SSH; else pktc asks, or refuses without a terminal',
      })
      .option('include-root', { ...INCLUDE_ROOT_OPTION, defaultDescription: "the rule file's own, and those of before" })
      .option('flow-cache', FLOW_CACHE_OPTION),
  run: reload,
};

async function reload(options: Options, terminal: Terminal): Promise<ExitCode> {
  const { name, plan, json, force } = options;
  const confirm_ms = options.confirm === undefined ? null : durationFromOption('--confirm', options.confirm);
  if (plan && confirm_ms !== null) {
    throw new Failure('`--plan` changes nothing that could be confirmed', { exit: EXIT.usage, help: 'leave one of them out' });
  }
  const { openPinned } = await import('../../runtime/pinned/pinned-program.ts');
  const { openDetachedRoot } = await import('../detached/open-root.ts');
  const root = await openDetachedRoot(terminal);
  const before = openPinned(root, name);
  let asked: Asked;
  try {
    asked = askedFor(options, before);
  } finally {
    before.close();
  }
  const started_ms = performance.now();
  const next = await prepared(asked, terminal);
  if ('exit' in next) return next.exit;
  if (plan) {
    const { planReload } = await import('../detached/plan-reload.ts');
    return planReload(root, name, next, { json }, terminal);
  }
  const { artifact, notes } = next;
  const { guardSession } = await import('../guard/guard-session.ts');
  const stop = createStop();
  try {
    const guarded = { interfaces: asked.interfaces, force: force || confirm_ms !== null, canConfirm: true, reloading: true };
    const refused = await guardSession(artifact, guarded, stop, terminal);
    if (refused !== null) return refused;
  } finally {
    stop.release();
  }
  const { reloadPinned } = await import('../../runtime/pinned/reload.ts');
  const { askToConfirm, startWatcher } = await import('../detached/confirmation.ts');
  const watcher = confirm_ms === null ? null : await startWatcher(name);
  try {
    const done = await reloadPinned(root, name, artifact, { ...notes, confirm_ms });
    const took_ms = Math.round(performance.now() - started_ms);
    await sayReloaded({ name, now: artifact.manifest, ...done, confirm_ms, took_ms }, json, terminal);
  } finally {
    watcher?.release();
  }
  if (confirm_ms === null) return EXIT.ok;
  return askToConfirm(root, name, confirm_ms, { undone: 'the rules from before come back' }, terminal);
}

interface Asked {
  readonly rules: RunnableProgram;
  readonly preparing: PrepareOptions;
  /** Those that it is attached to. */
  readonly interfaces: readonly string[];
}

/** What is not said is as it was. */
function askedFor(
  { name, file, 'include-root': includeRoot, 'flow-cache': flowCache }: Options,
  program: PinnedProgram,
): Asked {
  const origin = program.origin as Origin | null;
  const named = file ?? origin?.file ?? null;
  if (named === null) {
    throw new Failure(`\`${name}\` was not started with a file`, {
      exit: EXIT.usage,
      help: `name the one with its new rules: \`pktc reload ${name} FILE\``,
    });
  }
  const roots = [...includeRoot, ...(origin?.roots ?? [])];
  const cache = flowCache ?? origin?.flow_cache ?? undefined;
  const interfaces = program.attachments.flatMap((one) => (one.ifname === null || one.gone() ? [] : [one.ifname]));
  return {
    rules: { kind: 'file', file: named, roots },
    preparing: { hook: origin?.hook ?? null, planning: cache === undefined ? {} : { flowCache: cache } },
    interfaces,
  };
}

async function prepared({ rules, preparing }: Asked, terminal: Terminal) {
  const { notesOf, originOf } = await import('../detached/origin.ts');
  let sources: Sources | null = null;
  const onSources = (read: Sources) => {
    sources = read;
  };
  const next = await prepareProgram(rules, terminal, { ...preparing, onSources });
  if ('exit' in next) return next;
  const origin = originOf(rules, preparing);
  return { artifact: next.artifact, sources: sources as Sources | null, origin, notes: notesOf(origin, sources) };
}

interface Said {
  readonly name: string;
  readonly before: Manifest;
  readonly now: Manifest;
  readonly how: 'replaced' | 'switched';
  readonly confirm_ms: number | null;
  readonly took_ms: number;
}

async function sayReloaded(
  { name, before, now, how, confirm_ms, took_ms }: Said,
  json: boolean,
  terminal: Terminal,
): Promise<void> {
  const { changeText } = await import('../reload-on-save.ts');
  const { changedRules } = await import('../detached/rule-changes.ts');
  if (!json) return terminal.say(`${changeText(before, now, how)} (${took_ms} ms)`);
  const { added, removed, changed } = changedRules(before, now);
  const change = how === 'replaced' ? 'data' : 'program';
  const rules = { rules: now.rules.length, new: added.length, gone: removed.length, changed: changed.length };
  await terminal.print(jsonLine({ name, change, ...rules, confirm_s: confirm_ms === null ? null : confirm_ms / 1000 }));
}
