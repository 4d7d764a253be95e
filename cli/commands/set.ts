import type { DynamicSet } from '../../runtime/load.ts';
import type { PinnedProgram } from '../../runtime/pinned/pinned-program.ts';
import type { Command } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { jsonLine } from '../json.ts';
import type { Terminal } from '../terminal.ts';

const ACTIONS = ['ls', 'add', 'del', 'flush', 'replace'] as const;

interface Options {
  name: string;
  action: (typeof ACTIONS)[number];
  set: string | undefined;
  elements: string[] | undefined;
  timeout: string | undefined;
  file: string | undefined;
  json: boolean;
}

export const setCommand: Command<Options> = {
  usage: 'set <name> <action> [set] [elements..]',
  summary: 'look into the sets of a detached program, and change them',
  examples: [
    ['$0 set edge ls', 'its sets: how full they are, and what they had to refuse'],
    ['$0 set edge ls block.src', 'who is blocked, and for how long yet'],
    ['$0 set edge add blocked 203.0.113.7 --timeout 10m', 'one more, for ten minutes'],
    ['$0 set edge del block.src 203.0.113.7', 'let somebody in again'],
    ['$0 set edge replace blocked --file list.txt', 'these, and no others'],
  ],
  exits: ['ok', 'failure', 'usage', 'machine'],
  options: (yargs) =>
    yargs
      .positional('name', { type: 'string', demandOption: true, describe: 'as `pktc ls` has it' })
      .positional('action', { choices: ACTIONS, demandOption: true, describe: 'what to do' })
      .positional('set', { type: 'string', describe: 'as the rules name it; `block.src` for what `block src` fills' })
      .positional('elements', { type: 'string', array: true, describe: '`203.0.113.7`, `203.0.113.7,22`' })
      .option('timeout', { type: 'string', requiresArg: true, describe: 'how long they stay; else as the set says' })
      .option('file', { type: 'string', requiresArg: true, describe: 'one element a line; `-` is standard input' })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object a line' }),
  run: changeSet,
};

async function changeSet(options: Options, terminal: Terminal): Promise<ExitCode> {
  checkUsage(options);
  const { openPinned } = await import('../../runtime/pinned/pinned-program.ts');
  const { openDetachedRoot } = await import('../detached/open-root.ts');
  const program = openPinned(await openDetachedRoot(terminal), options.name);
  try {
    if (options.set === undefined) return await listSets(program, options.json, terminal);
    const set = findSet(program, options.set);
    return options.action === 'ls' ? await listElements(set, options.json, terminal) : await change(set, options, terminal);
  } finally {
    program.close();
  }
}

/** @throws Failure */
function checkUsage({ action, set, elements = [], file, timeout }: Options): void {
  const refuse = (message: string, help: string): never => {
    throw new Failure(message, { exit: EXIT.usage, help });
  };
  const given = elements.length > 0 || file !== undefined;
  if (set === undefined && action !== 'ls') refuse(`\`set NAME ${action}\` needs a set`, 'see `pktc set NAME ls`');
  if ((action === 'ls' || action === 'flush') && given) refuse(`\`${action}\` takes no elements`, 'delete them');
  if ((action === 'add' || action === 'del') && !given) {
    refuse(`\`${action}\` needs elements`, 'write them behind the set, or into a file: `--file list.txt`');
  }
  if (action === 'replace' && !given) refuse('`replace` needs elements', 'to take all of them out, there is `flush`');
  if (timeout !== undefined && action !== 'add' && action !== 'replace') {
    refuse('`--timeout` is for `add` and `replace`', 'delete it');
  }
}

/** @throws Failure PKT6090 */
function findSet(program: PinnedProgram, name: string): DynamicSet {
  const { sets } = program.loaded;
  const set = sets.find(({ about }) => about.name === name);
  if (set !== undefined) return set;
  const names = sets.map(({ about }) => `\`${about.name}\``).join(', ');
  throw new Failure(`\`${program.name}\` has no set \`${name}\` that can change`, {
    code: 'PKT6090',
    help: `${names === '' ? '' : `there are ${names}; `}lists of \`let\` and of files change with the rules: \`pktc reload ${program.name}\``,
  });
}

async function listSets(program: PinnedProgram, json: boolean, terminal: Terminal): Promise<ExitCode> {
  const { renderSets, setJson } = await import('../sets/set-states.ts');
  const { sets } = program.loaded;
  if (json) await terminal.print(sets.map((set) => jsonLine(setJson(set))).join(''));
  else if (sets.length === 0) terminal.say(`\`${program.name}\` has no sets that can change`);
  else await terminal.print(renderSets(sets, terminal.out.paint));
  return EXIT.ok;
}

const CHUNK_CHARACTERS = 64 * 1024;

/** `ELEMENT timeout 583s`, as `--file` reads it. */
async function listElements(set: DynamicSet, json: boolean, terminal: Terminal): Promise<ExitCode> {
  const { elementText } = await import('../sets/element-text.ts');
  let text = '';
  for (const { words, left_ns } of set.elements()) {
    const element = elementText(set.about, words);
    const left_ms = left_ns === null ? null : Number((left_ns + 999_999n) / 1_000_000n);
    const seconds = left_ms === null ? null : Math.ceil(left_ms / 1000);
    text += json ? jsonLine({ element, left_ms }) : `${element}${seconds === null ? '' : ` timeout ${seconds}s`}\n`;
    if (text.length < CHUNK_CHARACTERS) continue;
    if (!(await terminal.print(text))) return EXIT.ok;
    text = '';
  }
  await terminal.print(text);
  return EXIT.ok;
}

async function change(set: DynamicSet, options: Options, terminal: Terminal): Promise<ExitCode> {
  const { action, elements = [], file, json } = options;
  const { readElements } = await import('../sets/read-elements.ts');
  const { lasting_ms } = await import('../sets/lasting.ts');
  const { readRuleSource } = await import('../rule-source.ts');
  const time_ms = lasting_ms(options.timeout);
  const lists = readElements(set.about, elements, file === undefined ? null : await readRuleSource(file));
  const { applyChange } = await import('../sets/apply-change.ts');
  const done = applyChange(set, action, lists, time_ms);
  if (json) await terminal.print(jsonLine({ set: set.about.name, ...done }));
  else {
    const parts = Object.entries(done).flatMap(([what, count]) => (count > 0 ? [`${count} ${WORDS[what] ?? what}`] : []));
    terminal.say(`${set.about.name}: ${parts.length === 0 ? 'nothing to do' : parts.join(', ')}`);
  }
  if (done.full === 0) return EXIT.ok;
  throw new Failure(`\`${set.about.name}\` is full: ${done.full} of the elements are not in it`, {
    code: 'PKT6092',
    help: `it holds ${set.about.size}; take others out, or give it a larger \`size\` in the rules`,
  });
}

const WORDS: Readonly<Record<string, string>> = {
  added: 'added',
  extended: 'there already',
  deleted: 'taken out',
  missing: 'not there',
  full: 'refused',
};
