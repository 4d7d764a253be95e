/** Random rule files, derived from the field and action tables: what the tables have, the generator uses. */
import { ACTIONS } from '../../grammar/actions/index.ts';
import { BARE_WORDS } from '../../grammar/fields/bare.ts';
import type { Field } from '../../grammar/fields/field.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import type { Random } from '../packets/random.ts';
import { formsOf, generateValue, macText, SINGLE } from './generate-values.ts';
import { analyse } from './program-of.ts';
import { type Condition, type GeneratedRule, type Leaf, type Let, printRuleFile, type RuleFile } from './rule-file.ts';

const HOOK = 'xdp';

/** What XDP can see. */
export const VISIBLE_FIELDS: readonly Field[] = FIELDS.filter((field) => field.hooks?.includes(HOOK) ?? true);

/** Every rule compiles: a contradiction that chance has made is thrown away. */
export function generateRuleFile(random: Random): RuleFile {
  const lets = generateLets(random);
  const count = random.weighted([
    [92, random.int(1, 7)],
    [6, random.int(8, 25)],
    [2, random.int(50, 100)],
  ]);
  const rules: GeneratedRule[] = [];
  for (let attempts = 0; rules.length < count && attempts < count * 20; attempts++) {
    const rule = generateRule(random, lets, rules.length);
    if (compiles({ lets, defaultAction: null, rules: [rule] })) {
      rules.push(rule);
    }
  }
  return {
    lets,
    defaultAction: random.weighted([
      [2, null],
      [1, 'pass'],
      [1, 'drop'],
    ]),
    rules,
  };
}

function compiles(file: RuleFile): boolean {
  return analyse(printRuleFile(file)).diagnostics.every((one) => one.severity !== 'error');
}

/** A list for some fields, under a name that says which; what is not used is only warned about. */
interface NamedLet extends Let {
  readonly field: Field;
}

function generateLets(random: Random): readonly NamedLet[] {
  const listable = VISIBLE_FIELDS.filter((field) => formsOf(field).length > 0);
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

function generateRule(random: Random, lets: readonly NamedLet[], index: number): GeneratedRule {
  return {
    label: random.chance(0.4) ? `rule_${index}` : null,
    condition: generateCondition(random, lets, 2),
    actions: generateActions(random),
    separator: random.pick([', ', '/', ',', ' / ']),
  };
}

function generateCondition(random: Random, lets: readonly NamedLet[], depth: number): Condition {
  const parts = (): Condition[] => Array.from({ length: random.int(2, 3) }, () => generateCondition(random, lets, depth - 1));
  const kinds = depth === 0 ? 0 : 1;
  return random.weighted<() => Condition>([
    [5, () => generateLeaf(random, lets)],
    [4 * kinds, () => ({ kind: 'and', word: random.chance(0.4), of: parts() })],
    [2 * kinds, () => ({ kind: 'or', of: parts() })],
    [1 + kinds, () => ({ kind: 'not', of: generateCondition(random, lets, Math.max(0, depth - 1)) })],
  ])();
}

function generateLeaf(random: Random, lets: readonly NamedLet[]): Leaf {
  if (random.chance(0.12)) {
    return { kind: 'leaf', field: random.pick(Object.keys(BARE_WORDS)), operator: '', values: [], braces: false };
  }
  const field = random.pick(VISIBLE_FIELDS);
  const named = lets.filter((one) => one.field === field);
  if (named.length > 0 && random.chance(0.6)) {
    const { name } = random.pick(named);
    return random.chance(0.3)
      ? leaf(field, random.pick(['', '=', '!=', 'in']), [name, ...someValues(random, field, 1)], true)
      : leaf(field, random.pick(['', '=', '!=', 'in']), [name], false);
  }
  return leafOf(random, field);
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

function generateActions(random: Random): readonly string[] {
  const verdicts = ACTIONS.filter((action) => action.kind === 'verdict').map((action) => action.name);
  const others = ACTIONS.filter((action) => action.kind !== 'verdict');
  const actions = [
    ...(random.chance(0.35) ? [random.pick(verdicts)] : []),
    ...others
      .filter(() => random.chance(0.4))
      .map(({ name, parameters }) =>
        [
          name,
          ...parameters
            .filter(() => random.chance(0.4))
            .map(({ word, type, min, max }) => {
              const value = random.int(min, Math.min(max, min + 200));
              return `${word} ${type === 'ratio' ? `1/${value}` : value}`;
            }),
        ].join(' '),
      ),
  ];
  return actions.length > 0 ? random.shuffled(actions) : ['count'];
}
