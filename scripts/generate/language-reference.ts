/** The tables of `docs/language.md`, made from the field and action table; the prose around them is `docs/source/language.md`. */
import type { Action, ActionArgument, ActionParameter } from '../../grammar/actions/action.ts';
import { ACTIONS } from '../../grammar/actions/index.ts';
import { LATER_ACTIONS } from '../../grammar/actions/later.ts';
import { BARE_WORDS } from '../../grammar/fields/bare.ts';
import type { Field, FieldGroup, Names, ValueType } from '../../grammar/fields/field.ts';
import { FIELDS, fieldNamed } from '../../grammar/fields/index.ts';
import { LATER_FIELDS } from '../../grammar/fields/later.ts';
import { RESERVED_WORDS, STATEMENT_WORDS } from '../../grammar/tokens.ts';
import { printDuration } from '../../grammar/values/duration.ts';

const GROUPS: Readonly<Record<FieldGroup, string>> = {
  link: 'Link layer',
  network: 'Network layer',
  transport: 'Transport layer',
  packet: 'The packet itself',
  raw: 'Raw bytes',
  tunnels: 'Tunnels',
  application: 'Applications',
  time: 'Over time',
};

const KINDS: Readonly<Record<Action['kind'], string>> = {
  verdict: 'verdict: ends the evaluation',
  observe: 'observes: evaluation goes on',
  state: 'keeps state',
  notify: 'notifies',
  rehearse: 'rehearses a verdict',
};

const code = (text: string | number): string => `\`${text}\``;
const codes = (texts: readonly string[]): string => texts.map(code).join(' ');
const rules = (text: string): string => `\`\`\`rules\n${text}\n\`\`\``;
const row = (...cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(...head), `|${head.map(() => '---').join('|')}|`, ...rows].join('\n');

/** GitHub's anchor for the heading of a field or an action: `icmp.type` is `#icmptype`. */
const anchor = (name: string): string => `#${name.toLowerCase().replaceAll('.', '')}`;

/** Operators that a value of this type can stand behind; {@link Field} values may always be written without one. */
export function operatorsFor(type: ValueType): readonly string[] {
  switch (type.kind) {
    case 'uint':
      return type.closed ? ['=', '!=', 'in'] : ['=', '!=', '<', '<=', '>', '>=', 'in', '&'];
    case 'flags':
      return ['=', '!='];
    case 'mac':
      return ['=', '!=', 'in', '&'];
    case 'address':
      return ['=', '!=', 'in', '&'];
    case 'kinds':
    case 'interface':
      return ['=', '!=', 'in'];
    case 'bytes':
      return ['=', '!=', 'in', 'contains', 'starts', 'ends'];
    case 'truth':
      return [];
  }
}

function describeType(type: ValueType): string {
  switch (type.kind) {
    case 'uint':
      if (type.closed) return 'name';
      return `number, 0 to ${2 ** type.bits - 1}${type.names || type.namesUnder ? ', or name' : ''}`;
    case 'address':
      return 'IPv4 or IPv6 address, prefix or range';
    case 'mac':
      return 'MAC address or prefix, `broadcast`, `multicast`';
    case 'flags':
      return `flags: ${codes(Object.keys(type.names))}`;
    case 'kinds':
      return 'set of kinds: a number from 0 to 255, or a name, asks whether the packet has it';
    case 'interface':
      return 'name of an interface, or a pattern with `*`';
    case 'bytes':
      return 'text';
    case 'truth':
      return 'stands alone';
  }
}

/** Numbers as their standard writes them: EtherTypes in hexadecimal, the rest in decimal. */
const written = (field: Field, value: number): string =>
  field.name === 'ethertype' ? `0x${value.toString(16).padStart(4, '0')}` : String(value);

const item = (title: string, text: string): string => `- **${title}**: ${text}`;

/** The words a number may be written as, with their numbers, one line for each place where they hold. */
function namesOf(field: Field): readonly string[] {
  if (field.type.kind === 'kinds') return [item('Names', numbered(field, field.type.names))];
  if (field.type.kind !== 'uint') return [];
  const { names, namesUnder, closed } = field.type;
  const plain = names ? [item('Names', closed ? codes(Object.keys(names)) : numbered(field, names))] : [];
  const under = Object.entries(namesUnder ?? {}).map(([word, words]) =>
    item(`Names under ${code(word)}`, numbered(field, words)),
  );
  return [...plain, ...under];
}

function numbered(field: Field, words: Names): string {
  return Object.entries(words)
    .map(([name, value]) => `${code(name)} ${written(field, value)}`)
    .join(', ');
}

/** Where the bytes lie: `ipv4[8:1]` is one byte at offset 8 of the IPv4 header. */
function placeOf(field: Field): readonly string[] {
  if (field.read.kind === 'either') return [item('Read from', field.read.of.map(code).join(' or '))];
  if (field.read.kind !== 'header') return [];
  const places = field.read.from.map(({ layer, offset, size, mask }) => {
    const bytes = `${layer}[${offset}:${size}]`;
    return code(mask === undefined ? bytes : `${bytes} & 0x${mask.toString(16).padStart(2 * size, '0')}`);
  });
  return [item('Read from', places.join(', '))];
}

function describeField(field: Field): string {
  const operators = operatorsFor(field.type);
  const source = field.source.replace(/^docs\/(.*)/, '[$1]($1)');
  const items = [
    item('Value', describeType(field.type) + (field.units === '' ? '' : `, in ${field.units}`)),
    ...namesOf(field),
    ...(operators.length > 0 ? [item('Operators', codes(operators))] : []),
    ...placeOf(field),
    item('Absent', field.absent),
    item('Hooks', field.hooks ? `${field.hooks.map(code).join(', ')}; the others cannot see it` : 'all'),
    item('Source', source),
  ];
  return [`#### ${code(field.name)}`, field.summary, items.join('\n'), rules(`match ${field.example} -> count`)].join('\n\n');
}

function groupedFields(): string {
  return Object.entries(GROUPS)
    .map(([group, title]) => ({ title, fields: FIELDS.filter((field) => field.group === group) }))
    .filter(({ fields }) => fields.length > 0)
    .map(({ title, fields }) => [`### ${title}`, ...fields.map(describeField)].join('\n\n'))
    .join('\n\n');
}

function fieldIndex(): string {
  const rows = FIELDS.map((field) => row(`[${code(field.name)}](${anchor(field.name)})`, field.summary));
  return table(['field', 'is'], rows);
}

function bareWords(): string {
  const meaning = (facts: (typeof BARE_WORDS)[string]): string => {
    if (facts.length === 0) return 'every packet';
    return facts
      .map(({ field, value }) => {
        const entry = fieldNamed(field);
        if (entry?.type.kind === 'truth') return `the field ${code(field)}`;
        return code(`${field} ${entry ? written(entry, value) : value}`);
      })
      .join(' and ');
  };
  return table(
    ['word', 'means'],
    Object.entries(BARE_WORDS).map(([word, facts]) => row(code(word), meaning(facts))),
  );
}

function describeParameter(parameter: ActionParameter): string {
  const { word, type, min, max, summary } = parameter;
  const ranges: Readonly<Record<ActionParameter['type'], string>> = {
    ratio: `1/${min} to 1/${max}`,
    bytes: `${min} to ${max}`,
    duration: `${printDuration(min)} to ${printDuration(max)}`,
    verdict: '`drop` or `pass`',
    guard: '',
  };
  const values: Readonly<Record<ActionParameter['type'], string>> = {
    ratio: 'ratio `1/N`',
    bytes: 'bytes',
    duration: 'time',
    verdict: 'verdict',
    guard: 'condition',
  };
  return row(code(word), values[type], ranges[type], summary);
}

function describeArgument(argument: ActionArgument): string {
  switch (argument.type) {
    case 'interface':
      return 'the name of an interface, quoted where it begins with a digit or is that of an action';
    case 'number':
      return `a number, ${argument.min} to ${argument.max}`;
    case 'key':
      return `a field, or several in parentheses${argument.to ? ', then `to` and the name of a set' : ''}`;
    case 'word':
      return argument.words.map(code).join(' or ');
  }
}

function describeAction(action: Action): string {
  const parameters =
    action.parameters.length > 0
      ? [table(['parameter', 'value', 'range', 'does'], action.parameters.map(describeParameter))]
      : [];
  const intro = `${action.summary} (${KINDS[action.kind]})`;
  const takes = action.argument === null ? [] : [`Behind it stands ${describeArgument(action.argument)}.`];
  return [
    `### ${code(action.name)}`,
    intro,
    ...takes,
    ...parameters,
    rules(`${action.declares === undefined ? '' : `${action.declares}\n`}match tcp dport 22 -> ${action.example}`),
  ].join('\n\n');
}

function later(): string {
  const fields = Object.entries(GROUPS).flatMap(([group, title]) => {
    const names = Object.keys(LATER_FIELDS).filter((name) => LATER_FIELDS[name] === group);
    return names.length > 0 ? [row('fields', title, codes(names))] : [];
  });
  const actions = Object.entries(KINDS).flatMap(([kind, title]) => {
    const names = Object.keys(LATER_ACTIONS).filter((name) => LATER_ACTIONS[name] === kind);
    return names.length > 0 ? [row('actions', title, codes(names))] : [];
  });
  return table(['', 'about', 'words'], [...fields, ...actions]);
}

/**
 * Fills the slots `{{name}}` of the template.
 * @returns the text of `docs/language.md`; a slot that is not known stays as it is, which a test refuses.
 */
export function languageReference(template: string): string {
  const slots: Readonly<Record<string, () => string>> = {
    notice: () => '<!-- Generated from the field and action table and docs/source/language.md: run `npm run generate`. -->',
    statements: () => codes(STATEMENT_WORDS),
    reserved: () => codes(RESERVED_WORDS),
    bare: bareWords,
    fieldIndex,
    fields: groupedFields,
    actions: () => ACTIONS.map(describeAction).join('\n\n'),
    later,
  };
  return template.replace(/\{\{(\w+)\}\}/g, (slot, name: string) => slots[name]?.() ?? slot);
}
