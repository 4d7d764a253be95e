/** Random rule files, derived from the field and action tables: what the tables have, the generator uses. */

import { type Target, targetFor } from '../../compiler/targets/target.ts';
import type { Action } from '../../grammar/actions/action.ts';
import { ACTIONS } from '../../grammar/actions/index.ts';
import { BARE_WORDS } from '../../grammar/fields/bare.ts';
import type { Field, HookName } from '../../grammar/fields/field.ts';
import { HOOK_WORDS, hooksOf } from '../../grammar/fields/hooks.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { PAYLOAD_SEARCH_BYTES_MAX } from '../../grammar/fields/payload.ts';
import { rawField } from '../../grammar/fields/raw.ts';
import type { Random } from '../packets/random.ts';
import { formsOf, generateValue, macText, quoted, SINGLE } from './generate-values.ts';
import { analyse } from './program-of.ts';
import {
  type Condition,
  type GeneratedRule,
  type GeneratedSet,
  type Leaf,
  type Let,
  printCondition,
  printRuleFile,
  type RuleFile,
} from './rule-file.ts';

/** Bases of raw reads, where each of the hook's programs sees them. */
const RAW_BASES = ['frame', 'network', 'transport', 'payload'] as const;

/** What a rule file can be made of at a hook. */
export interface Palette {
  readonly hook: HookName;
  readonly target: Target;
  readonly fields: readonly Field[];
  readonly rawBases: readonly string[];
  readonly inner: boolean;
}

const ALL: readonly HookName[] = ['xdp', 'tc ingress', 'tc egress', 'socket', 'cgroup ingress', 'cgroup egress'];

export function paletteOf(hook: HookName): Palette {
  const seen = ({ hooks = ALL }: Field) => hooksOf(hook).every((one) => hooks.includes(one));
  return {
    hook,
    target: targetFor(hook),
    fields: FIELDS.filter(seen),
    rawBases: RAW_BASES.filter((base) => {
      const field = rawField(`${base}[0:1]`);
      return field !== undefined && seen(field);
    }),
    inner: true,
  };
}

const PALETTES: ReadonlyMap<HookName, Palette> = new Map(HOOK_WORDS.map((hook) => [hook, paletteOf(hook)]));

/** Every rule compiles: a contradiction that chance has made is thrown away. @param hook null: one at random */
export function generateRuleFile(
  random: Random,
  hook: HookName | null = null,
  wish: 'perhaps sets' | 'no sets' = 'perhaps sets',
): RuleFile {
  const file = generateWith(random, hook, false);
  // By what there is, not by chance: files without sets, and the packets after them, are the same as if there were none.
  const chosen = wish === 'perhaps sets' && printRuleFile(file).length % SETS_EVERY === 0;
  return chosen ? generateWith(random, file.hook, true) : file;
}

/** One file in so many has sets that rules fill. */
const SETS_EVERY = 6;

function generateWith(random: Random, hook: HookName | null, filling: boolean): RuleFile {
  const at = hook ?? random.pick(['xdp', 'xdp', 'xdp', ...HOOK_WORDS] as const);
  const whole = PALETTES.get(at) ?? paletteOf(at);
  const palette = random.chance(0.85) ? focused(random, whole) : whole;
  const lets = generateLets(random, palette);
  const sets = filling ? generateSets(random, palette) : [];
  const count = random.weighted([
    [97, random.int(1, 4)],
    [2.5, random.int(5, 25)],
    [0.5, random.int(50, 100)],
  ]);
  const rules: GeneratedRule[] = [];
  for (let attempts = 0; rules.length < count && attempts < count * 20; attempts++) {
    const rule = generateRule(random, { palette, lets, sets, inner: !palette.inner }, rules.length);
    if (compiles({ hook: at, lets, sets, defaultAction: null, rules: [rule] })) {
      rules.push(rule);
    }
  }
  return {
    hook: at,
    lets,
    ...(sets.length > 0 ? { sets } : {}),
    defaultAction: random.weighted([
      [4, null],
      [2, 'pass'],
      [2, 'drop'],
      [1, 'audit drop'],
    ]),
    rules: rules.length > 0 ? rules : [ANY],
  };
}

/** Most rule files ask for a few fields, again and again; their programs are small, and compile in a third of the time. */
function focused(random: Random, palette: Palette): Palette {
  return {
    ...palette,
    fields: random.shuffled(palette.fields).slice(0, random.int(2, 5)),
    rawBases: random.chance(0.15) ? palette.rawBases : [],
    inner: random.chance(0.1),
  };
}

const ANY: GeneratedRule = {
  label: null,
  condition: { kind: 'leaf', field: 'any', operator: '', values: [], braces: false },
  actions: ['count'],
  separator: ',',
};

function compiles(file: RuleFile): boolean {
  return analyse(printRuleFile(file)).diagnostics.every((one) => one.severity !== 'error');
}

/** A set that rules fill, and what an element of it is. */
interface KeyedSet extends GeneratedSet {
  readonly fields: readonly Field[];
}

/** Small, so that they are full soon: beyond 32 elements the kernel may refuse one although another's time is over. */
function generateSets(random: Random, { fields }: Palette): readonly KeyedSet[] {
  const able = fields.filter(canBeKey);
  if (able.length === 0) return [];
  return Array.from({ length: random.int(1, 2) }, (_, at) => {
    const key = random.shuffled(able).slice(0, random.pick([1, 1, 1, 2, 3]));
    const size = random.pick([1, 2, 3, 8, 32]);
    return { name: `set${at}`, fields: key, key: keyOf(key), size, timeout_s: random.pick([null, 1, 5, 20]) };
  });
}

function canBeKey({ type, read }: Field): boolean {
  return ['address', 'uint', 'mac', 'flags'].includes(type.kind) && (read.kind === 'header' || read.kind === 'fact');
}

function keyOf(fields: readonly Field[]): string {
  const names = fields.map(({ name }) => name);
  return names.length === 1 ? names.join() : `(${names.join(', ')})`;
}

function memberLeaf(random: Random, { name, key }: KeyedSet): Leaf {
  const operator = key.startsWith('(') ? random.pick(['in', '!=']) : random.pick(['', 'in', '!=', '=']);
  return { kind: 'leaf', field: key, operator, values: [name], braces: false };
}

/** `add src to set0 for 3s else drop`, `block src for 5s unless …`: the guard stands last, for it may be long. */
function fillAction(random: Random, place: Place): string {
  const set = random.pick(place.sets);
  const addressed = place.palette.fields.filter((field) => canBeKey(field) && ['address', 'mac'].includes(field.type.kind));
  const blocks = addressed.length > 0 && random.chance(0.4);
  const time = ` for ${random.pick([1, 2, 5, 30])}s`;
  const otherwise = random.chance(0.3) ? ` else ${random.pick(['drop', 'pass'])}` : '';
  const guard = random.chance(0.3) ? ` unless ${printCondition(generateLeaf(random, place))}` : '';
  if (!blocks) return `add ${set.key} to ${set.name}${random.chance(0.5) ? time : ''}${otherwise}${guard}`;
  const key = [random.pick(addressed), ...(random.chance(0.2) ? set.fields : [])];
  return `block ${keyOf([...new Set(key)])}${time}${otherwise}${guard}`;
}

/** A list for some fields, under a name that says which; what is not used is only warned about. */
interface NamedLet extends Let {
  readonly field: Field;
}

function generateLets(random: Random, { fields }: Palette): readonly NamedLet[] {
  const listable = fields.filter((field) => formsOf(field).length > 0);
  if (listable.length === 0) return [];
  return Array.from({ length: random.int(0, 3) }, (_, at) => {
    const field = random.pick(listable);
    return { name: `list${at}`, field, values: someValues(random, field, listLength(random)) };
  });
}

/** Long ones are searched, short ones compared one by one. */
function listLength(random: Random): number {
  return random.weighted([
    [86, random.int(1, 6)],
    [10, random.int(7, 40)],
    [4, random.int(40, 200)],
  ]);
}

function someValues(random: Random, field: Field, count: number): readonly string[] {
  // Ranges and prefixes at random would soon cover everything between them.
  const forms = count > 6 ? formsOf(field).filter((form) => !/range|prefix/.test(form)) : formsOf(field);
  return Array.from({ length: count }, () => generateValue(random, field, random.pick(forms)));
}

function generateRule(random: Random, place: Place, index: number): GeneratedRule {
  return {
    label: random.chance(0.4) ? `rule_${index}` : null,
    condition: generateCondition(random, place, 2),
    actions: generateActions(random, place),
    separator: random.pick([', ', '/', ',', ' / ']),
  };
}

/** Where a condition stands. */
interface Place {
  readonly palette: Palette;
  readonly lets: readonly NamedLet[];
  readonly sets: readonly KeyedSet[];
  /** Inside `inner( … )`, or where the file has none. */
  readonly inner: boolean;
}

function generateCondition(random: Random, place: Place, depth: number): Condition {
  const parts = (): Condition[] => Array.from({ length: random.int(2, 3) }, () => generateCondition(random, place, depth - 1));
  const kinds = depth === 0 ? 0 : 1;
  return random.weighted<() => Condition>([
    [5, () => generateLeaf(random, place)],
    [4 * kinds, () => ({ kind: 'and', word: random.chance(0.4), of: parts() })],
    [2 * kinds, () => ({ kind: 'or', of: parts() })],
    [1 + kinds, () => ({ kind: 'not', of: generateCondition(random, place, Math.max(0, depth - 1)) })],
    [
      place.inner ? 0 : 0.4,
      () => ({ kind: 'inner', of: generateCondition(random, { ...place, inner: true }, Math.max(0, depth - 1)) }),
    ],
  ])();
}

function generateLeaf(random: Random, place: Place): Leaf {
  const { palette, lets, sets } = place;
  if (sets.length > 0 && random.chance(0.4)) {
    return memberLeaf(random, random.pick(sets));
  }
  if (random.chance(0.12)) {
    return { kind: 'leaf', field: random.pick(Object.keys(BARE_WORDS)), operator: '', values: [], braces: false };
  }
  if (palette.rawBases.length > 0 && random.chance(0.1)) {
    return rawLeaf(random, palette.rawBases);
  }
  if (palette.fields.length > 6 && random.chance(0.04)) {
    return tupleLeaf(random, palette.fields);
  }
  const field = random.pick(palette.fields);
  const named = lets.filter((one) => one.field === field);
  if (named.length > 0 && random.chance(0.6)) {
    const { name } = random.pick(named);
    const operator = field.type.kind === 'bytes' ? 'contains' : random.pick(['', '=', '!=', 'in']);
    return random.chance(0.3)
      ? leaf(field, operator, [name, ...someValues(random, field, 1)], true)
      : leaf(field, operator, [name], false);
  }
  return leafOf(random, field);
}

/** `transport[13:1] & 2 = 2`, `payload[0:4] = "GET "`. */
function rawLeaf(random: Random, bases: readonly string[]): Leaf {
  const base = random.pick(bases);
  const offset = random.weighted([
    [6, random.int(0, 20)],
    [3, random.int(0, 80)],
    [1, random.int(0, 2000)],
  ]);
  const size = random.int(1, 6);
  const name = `${base}[${offset}:${size}]`;
  if (random.chance(0.1)) {
    const bytes = Array.from({ length: random.pick([size, 7, 9]) }, () => random.int(0x20, 0x7e));
    const slice = `${base}[${offset}:${bytes.length}]`;
    return { kind: 'leaf', field: slice, operator: random.pick(['=', '!=']), values: [quoted(bytes)], braces: false };
  }
  const field = rawField(name);
  return field === undefined ? { kind: 'leaf', field: 'any', operator: '', values: [], braces: false } : leafOf(random, field);
}

/** Fields that a tuple can have, and the form of the values that a row has for it. */
function tupleLeaf(random: Random, fields: readonly Field[]): Leaf {
  const able = fields.filter(
    ({ type }) => ['uint', 'address', 'mac'].includes(type.kind) && !(type.kind === 'uint' && type.closed),
  );
  const columns = random.shuffled(able).slice(0, random.int(2, 3));
  const rows = Array.from({ length: random.int(1, 4) }, () => {
    const values = columns.map((field) => generateValue(random, field, random.pick(formsOf(field))));
    return `(${values.join(', ')})`;
  });
  return {
    kind: 'leaf',
    field: `(${columns.map(({ name }) => name).join(', ')})`,
    operator: random.pick(['in', 'in', '!=']),
    values: rows,
    braces: true,
  };
}

function leaf(field: Field, operator: string, values: readonly string[], braces: boolean): Leaf {
  return { kind: 'leaf', field: field.name, operator, values, braces };
}

export function leafOf(random: Random, field: Field): Leaf {
  if (field.type.kind === 'truth') {
    return leaf(field, '', [], false);
  }
  if (random.chance(0.08)) {
    return leaf(field, '', ['any'], false);
  }
  if (field.type.kind === 'flags') {
    return flagsLeaf(random, field, Object.keys(field.type.names));
  }
  if (field.type.kind === 'bytes') {
    return textLeaf(random, field);
  }
  if (field.type.kind === 'address' && random.chance(0.12)) {
    return maskedAddress(random, field);
  }
  const forms = formsOf(field);
  const single = forms.filter((form) => SINGLE.has(form));
  const ordered = field.type.kind === 'uint' && !field.type.closed && single.length > 0;
  if (ordered && random.chance(0.35)) {
    return leaf(field, random.pick(['<', '<=', '>', '>=']), [generateValue(random, field, random.pick(single))], false);
  }
  if ((ordered || field.type.kind === 'mac') && random.chance(0.12)) {
    return maskedLeaf(random, field);
  }
  const braces = random.chance(0.4);
  return leaf(
    field,
    random.pick(['', '', '=', '!=', braces ? 'in' : '']),
    someValues(random, field, braces ? listLength(random) : 1),
    braces,
  );
}

/** `payload contains`, `starts`, `ends`, `=`, in either case, in the first bytes. */
function textLeaf(random: Random, field: Field): Leaf {
  const operator = random.weighted([
    [5, 'contains'],
    [2, 'starts'],
    [2, 'ends'],
    [1, '='],
    [1, '!='],
  ]);
  const within = operator === 'contains' && random.chance(0.4);
  const bound = random.pick([random.int(1, 40), random.int(1, 600), PAYLOAD_SEARCH_BYTES_MAX]);
  const nocase = operator !== '=' && operator !== '!=' && random.chance(0.4);
  const braces = random.chance(0.3);
  const values = someValues(random, field, braces ? random.int(1, 5) : 1);
  return leaf(field, `${within ? `within ${bound} ` : ''}${operator}${nocase ? ' nocase' : ''}`, values, braces);
}

/** Masks with holes and without. */
function maskedAddress(random: Random, field: Field): Leaf {
  const six = random.chance(0.4);
  const bits = six ? 128 : 32;
  const whole = (1n << BigInt(bits)) - 1n;
  const mask = random.pick([random.bigint(bits) | 1n, whole ^ 0xff00n, whole ^ 0xffn, 0xffn << BigInt(bits - 16)]);
  const value = mask & (random.chance(0.5) ? random.bigint(bits) : six ? 0xfd00n << 112n : 0x0a000001n);
  const print = (address: bigint): string =>
    six
      ? Array.from({ length: 8 }, (_, at) => ((address >> BigInt(112 - at * 16)) & 0xffffn).toString(16)).join(':')
      : [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.');
  return leaf(field, `& ${print(mask)} ${random.pick(['=', '!='])}`, [print(value)], false);
}

/** The value has no bit that the mask clears: that would be an error. */
function maskedLeaf(random: Random, field: Field): Leaf {
  const bits = field.type.kind === 'uint' ? field.type.bits : 48;
  const mask = random.bigint(bits) & (random.chance(0.5) ? random.bigint(bits) : -1n);
  const value = mask & random.bigint(bits);
  const print = (number: bigint): string =>
    field.type.kind === 'mac' ? macText(Number(number), ':') : `0x${number.toString(16)}`;
  return leaf(field, `& ${print(mask)} ${random.pick(['=', '!='])}`, [print(value)], false);
}

function flagsLeaf(random: Random, field: Field, names: readonly string[]): Leaf {
  const some = (count: number): readonly string[] => random.shuffled(names).slice(0, count);
  const tested = (): string =>
    some(random.int(1, 4))
      .map((name) => (random.chance(0.4) ? `!${name}` : name))
      .join(',');
  return random.weighted<() => Leaf>([
    [4, () => leaf(field, '', [tested()], false)],
    [2, () => leaf(field, random.pick(['=', '!=']), [some(random.int(1, 3)).join(',')], false)],
    [2, () => leaf(field, '', some(random.int(1, 4)), true)],
    [1, () => leaf(field, random.pick(['', '=', '!=']), ['none'], false)],
  ])();
}

/** What the hook's target can do. */
export function actionsAt({ verdicts, marks }: Target): readonly Action[] {
  const canDo = ({ name, kind }: Action): boolean =>
    kind === 'verdict' || kind === 'rehearse' ? verdicts.some((verdict) => verdict === name) : name !== 'mark' || marks;
  return ACTIONS.filter(canDo);
}

function isVerdict({ kind }: Action): boolean {
  return kind === 'verdict' || kind === 'rehearse';
}

function generateActions(random: Random, place: Place): readonly string[] {
  const able = actionsAt(place.palette.target).filter(({ argument }) => argument?.type !== 'key');
  const filling = place.sets.length > 0 && random.chance(0.6);
  const actions = [
    ...(random.chance(filling ? 0.1 : 0.35) ? [random.pick(able.filter(isVerdict))] : []),
    ...able.filter((action) => !isVerdict(action) && random.chance(0.2)),
  ].map((action) => printAction(random, action));
  if (filling) actions.push(fillAction(random, place));
  return actions.length > 0 ? random.shuffled(actions) : ['count'];
}

function printAction(random: Random, { name, argument, parameters }: Action): string {
  const chosen = parameters
    .filter(() => random.chance(0.4))
    .map(({ word, type, min, max }) => {
      const value = random.int(min, Math.min(max, min + 200));
      return `${word} ${type === 'ratio' ? `1/${value}` : value}`;
    });
  const given = argument === null ? [] : [printArgument(random, argument)];
  return [name, ...given, ...chosen].join(' ');
}

function printArgument(random: Random, argument: Action['argument'] & object): string {
  switch (argument.type) {
    case 'interface':
      return random.pick(['pktc-none', 'lo']);
    case 'number':
      return String(random.pick([0, 1, 7, argument.max, random.int(argument.min, argument.max)]));
    case 'key':
      throw new Error('`fillAction` prints these');
    case 'word':
      return random.pick(argument.words);
  }
}
