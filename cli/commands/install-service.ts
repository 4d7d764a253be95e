import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { HookName } from '../../grammar/fields/field.ts';
import type { AttachMode } from '../../runtime/attach.ts';
import type { Command } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { HOOK_OPTION } from '../hook-option.ts';
import { INCLUDE_ROOT_OPTION } from '../include-root-option.ts';
import { NODE_OPTIONS } from '../node-options.ts';
import { packageRoot } from '../package-root.ts';
import { PLACE_OPTIONS } from '../place-options.ts';
import { shownPath } from '../read-file.ts';
import { writeFileAtOnce } from '../replace-file.ts';
import { readSources, STDIN } from '../rule-source.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  name: string;
  file: string;
  interface: string[] | undefined;
  mode: AttachMode;
  hook: HookName | undefined;
  cgroup: string | undefined;
  'include-root': string[];
  'unit-dir': string;
  print: boolean;
  force: boolean;
}

export const installServiceCommand: Command<Options> = {
  usage: 'install-service <name> <file>',
  summary: 'write a systemd unit that puts rules to work when the machine starts',
  examples: [
    ['$0 install-service edge /etc/pktc/edge.rules -i eth0', 'writes /etc/systemd/system/pktc-edge.service'],
    ['systemctl daemon-reload && systemctl enable --now pktc-edge', 'what is left to do; then `$0 status edge`'],
    ['systemctl reload pktc-edge', 'the rules as the file has them now take over, without a gap'],
    ['$0 install-service edge edge.rules -i eth0 --print', 'shows the unit and writes nothing'],
  ],
  exits: ['ok', 'failure', 'usage', 'rules'],
  options: (yargs) =>
    yargs
      .positional('name', { type: 'string', demandOption: true, describe: 'of the program, as for `run --detach --name`' })
      .positional('file', { type: 'string', demandOption: true, describe: 'a rule file' })
      .options(PLACE_OPTIONS)
      .option('hook', HOOK_OPTION)
      .option('include-root', INCLUDE_ROOT_OPTION)
      .option('unit-dir', {
        type: 'string',
        default: '/etc/systemd/system',
        requiresArg: true,
        describe: 'directory for the unit',
      })
      .option('print', { type: 'boolean', default: false, describe: 'print the unit, write nothing' })
      .option('force', { type: 'boolean', default: false, describe: 'replace a unit that is there and says something else' }),
  run,
};

async function run(options: Options, terminal: Terminal): Promise<ExitCode> {
  const { checkName } = await import('../../runtime/pinned/directory.ts');
  checkName(options.name);
  checkPlaces(options);
  if (options.file === STDIN) {
    throw new Failure('a service needs a rule file that stays', { exit: EXIT.usage, help: 'name the file' });
  }
  const { examine, hasErrors, sayDiagnostics } = await import('../front-end.ts');
  const { diagnostics } = await examine(await readSources(options.file, options['include-root']), options.hook ?? null);
  await sayDiagnostics(diagnostics, terminal);
  if (hasErrors(diagnostics)) return EXIT.rules;
  const text = await unitOf(options);
  if (options.print) {
    await terminal.print(text);
    return EXIT.ok;
  }
  const unit = path.join(options['unit-dir'], `pktc-${options.name}.service`);
  if (existsSync(unit) && !options.force && readFileSync(unit, 'utf8') !== text) {
    throw new Failure(`${shownPath(unit)} is there and says something else`, {
      help: 'look at it; `--force` replaces it, and `--print` shows what it would say',
    });
  }
  await writeFileAtOnce(unit, text);
  await sayAboutFile(options.file, terminal);
  terminal.say(`wrote ${shownPath(unit)}`);
  terminal.say(`next: systemctl daemon-reload && systemctl enable --now pktc-${options.name}`);
  return EXIT.ok;
}

/** Before the machine starts anew is the time to hear that the unit names nothing to attach to. */
function checkPlaces({ interface: interfaces = [], cgroup }: Options): void {
  if ((interfaces.length === 0) === (cgroup === undefined)) {
    throw new Failure('`install-service` needs interfaces or a control group', {
      exit: EXIT.usage,
      help: 'name an interface with `-i`, or with `hook cgroup` a control group with `--cgroup`',
    });
  }
}

async function unitOf(options: Options): Promise<string> {
  const { nameProblem } = await import('../../runtime/interfaces.ts');
  const { unitProblem, unitText } = await import('../service/unit.ts');
  const { name, interface: interfaces = [], mode, hook, cgroup, 'include-root': roots } = options;
  const plain = interfaces.filter((one) => !one.includes('*'));
  for (const one of plain) {
    const problem = nameProblem(one);
    if (problem === null) continue;
    throw new Failure(`${JSON.stringify(one.slice(0, 40))} cannot be the name of an interface: ${problem}`, {
      exit: EXIT.usage,
    });
  }
  const unit = {
    name,
    pktc: [process.execPath, ...NODE_OPTIONS, path.join(packageRoot(), 'cli', 'launcher.cjs')],
    file: realpathSync(options.file),
    options: [
      ...interfaces.flatMap((one) => ['-i', one]),
      ...(mode === 'auto' ? [] : ['--mode', mode]),
      ...(hook === undefined ? [] : ['--hook', hook]),
      ...(cgroup === undefined ? [] : ['--cgroup', cgroup]),
      ...roots.flatMap((root) => ['--include-root', path.resolve(root)]),
    ],
    interfaces: plain,
  };
  for (const text of [...unit.pktc, unit.file, ...unit.options]) {
    const problem = unitProblem(text);
    if (problem !== null) throw new Failure(`${JSON.stringify(text)} cannot stand in a unit: ${problem}`, { exit: EXIT.usage });
  }
  return unitText(unit);
}

/** The rules decide about the machine's packets: whoever may write them should be root alone, and the service has to see them. */
async function sayAboutFile(file: string, terminal: Terminal): Promise<void> {
  const { unseenByUnit } = await import('../service/unit.ts');
  if (unseenByUnit(realpathSync(file))) {
    terminal.say(
      `note: the service sees a \`/tmp\` of its own, without ${shownPath(file)}: move the rules, to \`/etc/pktc\` say`,
    );
  }
  const { uid, mode } = statSync(file);
  if (uid !== 0 || (mode & 0o022) !== 0) {
    terminal.say(`note: others than root can write ${shownPath(file)}, and with it say what this machine lets through`);
  }
}
