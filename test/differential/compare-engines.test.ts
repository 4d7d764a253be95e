/** The comparison itself: that it can fail, that it shrinks what it finds, and that its rule files use the whole language. */
import { describe, expect, test } from 'vitest';
import type { Expression, Program } from '../../compiler/2-resolve/program.ts';
import { ACTIONS } from '../../grammar/actions/index.ts';
import { BARE_WORDS } from '../../grammar/fields/bare.ts';
import { HOOK_WORDS } from '../../grammar/fields/hooks.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { createRandom, seedOf } from '../packets/random.ts';
import { compareFile, limitOf } from './compare-engines.ts';
import { type Engine, interpreterEngine } from './engine.ts';
import { actionsAt, generateRuleFile, leafOf, paletteOf } from './generate-rules.ts';
import { formsOf, generateValue } from './generate-values.ts';
import { analyse, programOf } from './program-of.ts';
import { type Condition, leavesOf, printCondition, printRuleFile } from './rule-file.ts';

/** The interpreter on a program in which something was changed. */
function broken(change: (expression: Expression) => Expression): Engine {
  const walk = (expression: Expression): Expression => {
    switch (expression.kind) {
      case 'and':
      case 'or':
        return change({ ...expression, of: expression.of.map(walk) });
      case 'not':
        return change({ kind: 'not', of: walk(expression.of) });
      case 'inner':
        return change({ ...expression, of: walk(expression.of) });
      default:
        return change(expression);
    }
  };
  const changed = (program: Program): Program => ({
    ...program,
    rules: program.rules.map((rule) => ({ ...rule, condition: walk(rule.condition) })),
  });
  return (program, text) => interpreterEngine(changed(program), text);
}

async function firstFailure(engine: Engine, files = 200): Promise<string> {
  for (let part = 0; part < files; part++) {
    const { failure } = await compareFile(part, { seed: 1, packets: 200, engine });
    if (failure !== null) {
      return failure;
    }
  }
  throw new Error(`nothing was found in ${files} files`);
}

describe('a mistake is found and made small', () => {
  const offByOne = broken((expression) =>
    expression.kind === 'in' && expression.field === 'dport'
      ? { ...expression, ranges: expression.ranges.map(([first, last]) => [first, Math.max(first, last - 1)] as const) }
      : expression,
  );
  const deMorgan = broken((expression) =>
    expression.kind === 'not' && expression.of.kind === 'or'
      ? { ...expression, of: { ...expression.of, kind: 'and' } }
      : expression,
  );
  const halfAddress = broken((expression) =>
    expression.kind === 'address'
      ? { ...expression, v6: expression.v6.map(([first, last]) => [first, last | ((1n << 64n) - 1n)] as const) }
      : expression,
  );

  test.each([
    ['a range that ends too early', offByOne, /\bd?port\b/],
    ['a negation of `or`', deMorgan, /not /],
    ['an IPv6 address of which only one half counts', halfAddress, /:/],
  ])('%s', async (_, engine, mentions) => {
    const failure = await firstFailure(engine);
    const [place = '', ...lines] = failure.split('\n');
    expect(place).toMatch(/^PKTC_SEED=1, file \d+, packet \d+: /);
    const end = lines.findIndex((line) => line.startsWith('and this packet of'));
    const text = lines.slice(0, end).join('\n');
    expect(
      lines.slice(0, end).filter((line) => line.startsWith('match ')),
      failure,
    ).toHaveLength(1);
    expect(text).toMatch(mentions);
    // One comparison of a tuple is several of fields.
    expect(leavesIn(text)).toBeLessThanOrEqual(8);
    const packet = lines[end + 1] ?? '';
    expect(packet).toMatch(/^(?:[0-9a-f]{2}){14,400}$/);
    expect(lines.slice(end + 2).map((line) => line.split(':')[0])).toEqual(['interpreter', 'engine']);
  });

  test('counters that are wrong', async () => {
    const engine: Engine = async (program, text) => {
      const inner = await interpreterEngine(program, text);
      return { ...inner, totals: () => inner.totals()?.map((total) => ({ ...total, bytes: total.bytes + 1 })) ?? null };
    };
    expect(await firstFailure(engine, 1)).toContain('the counters differ');
  });

  test('nothing, when nothing is wrong', async () => {
    for (let part = 0; part < 20; part++) {
      expect((await compareFile(part, { seed: 1, packets: 50, engine: interpreterEngine })).failure).toBeNull();
    }
  });
});

function kindsIn(condition: Condition): readonly string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [condition.kind, ...condition.of.flatMap(kindsIn)];
    case 'not':
    case 'inner':
      return [condition.kind, ...kindsIn(condition.of)];
    case 'leaf':
      return [condition.kind];
  }
}

const leavesIn = (text: string): number =>
  programOf(text).rules.reduce(
    (sum, rule) =>
      sum +
      (JSON.stringify(rule.condition, (_, value) => (typeof value === 'bigint' ? `${value}` : value)).match(/"field"/g)
        ?.length ?? 0),
    0,
  );

describe('the generated rule files', () => {
  const files = Array.from({ length: 2000 }, (_, part) => generateRuleFile(createRandom(seedOf(7, part))));
  const leaves = files.flatMap((file) => file.rules.flatMap((rule) => leavesOf(rule.condition)));
  const palettes = HOOK_WORDS.map(paletteOf);

  test('compile', () => {
    const made = files.filter((file) => limitOf(printRuleFile(file)) === null);
    expect(made.length).toBeGreaterThan(files.length * 0.97);
    for (const file of made) {
      expect(() => programOf(printRuleFile(file))).not.toThrow();
      expect(file.rules.length).toBeGreaterThan(0);
    }
  });

  test('are for every hook, and use every field that it can see, and the words that stand alone', () => {
    for (const { hook, fields } of palettes) {
      const own = files
        .filter((file) => file.hook === hook)
        .flatMap((file) => file.rules.flatMap((rule) => leavesOf(rule.condition)));
      const used = new Set(own.flatMap((leaf) => leaf.field.split(/[(), [\]]+/)));
      expect(
        fields.map((field) => field.name).filter((name) => !used.has(name)),
        hook,
      ).toEqual([]);
      expect(Object.keys(BARE_WORDS).filter((word) => !used.has(word))).toEqual([]);
    }
  });

  test('leave out only fields that the compiler refuses at the hook', () => {
    for (const { hook, fields } of palettes) {
      for (const field of FIELDS.filter((one) => !fields.includes(one))) {
        const { diagnostics } = analyse(`hook ${hook}\nmatch ${field.example} -> count\n`);
        expect(
          diagnostics.some((one) => one.severity === 'error'),
          `${hook}: ${field.name}`,
        ).toBe(true);
      }
    }
  });

  test('use every operator, name lists, and join conditions in every way', () => {
    const operators = new Set(leaves.map((leaf) => leaf.operator.replace(/^within \d+ /, 'within ').replace(/^& \S+/, '&')));
    expect([...operators].sort()).toEqual(
      ['', '!=', '<', '<=', '=', '>', '>=', 'in', '& =', '& !=', 'contains', 'contains nocase', 'ends', 'ends nocase', 'starts']
        .concat(['starts nocase', 'within contains', 'within contains nocase'])
        .sort(),
    );
    expect(leaves.some((leaf) => leaf.values.some((value) => value.startsWith('list')))).toBe(true);
    expect(leaves.some((leaf) => leaf.values[0] === 'any')).toBe(true);
    expect(leaves.some((leaf) => leaf.braces && leaf.values.length > 3)).toBe(true);
    expect(leaves.some((leaf) => leaf.field.startsWith('('))).toBe(true);
    for (const base of ['frame', 'network', 'transport', 'payload']) {
      expect(
        leaves.some((leaf) => leaf.field.startsWith(`${base}[`)),
        base,
      ).toBe(true);
    }
    const kinds = new Set(files.flatMap((file) => file.rules.flatMap((rule) => kindsIn(rule.condition))));
    expect([...kinds].sort()).toEqual(['and', 'inner', 'leaf', 'not', 'or']);
  });

  test('use every action with every parameter, labels and both defaults', () => {
    for (const { hook, target } of palettes) {
      const own = files.filter((file) => file.hook === hook).flatMap((file) => file.rules.flatMap((rule) => rule.actions));
      const words = new Set(own.flatMap((action) => action.split(' ')));
      for (const { name, parameters } of actionsAt(target)) {
        expect(words, `${hook}: ${name}`).toContain(name);
        for (const { word } of parameters) {
          expect(words, `${hook}: ${word}`).toContain(word);
        }
      }
    }
    const everywhere = new Set(palettes.flatMap(({ target }) => actionsAt(target)));
    expect(ACTIONS.filter((action) => !everywhere.has(action))).toEqual([]);
    expect(files.some((file) => file.rules.some((rule) => rule.label !== null))).toBe(true);
    expect(new Set(files.map((file) => file.defaultAction))).toEqual(new Set([null, 'pass', 'drop', 'audit drop']));
  });

  test('write values in every form of every field', () => {
    const random = createRandom(3);
    for (const field of paletteOf('tc').fields) {
      for (const form of formsOf(field)) {
        const works = Array.from(
          { length: 40 },
          () =>
            `hook tc\nmatch ${field.name}${field.type.kind === 'bytes' ? ' contains' : ''} ${generateValue(random, field, form)} -> count\n`,
        ).filter((text) => analyse(text).diagnostics.every((one) => one.severity !== 'error'));
        expect(works.length, `${field.name} as ${form}`).toBeGreaterThan(0);
      }
    }
  });

  test('seldom have to be thrown away', () => {
    const random = createRandom(4);
    for (const field of paletteOf('tc').fields) {
      const texts = Array.from({ length: 100 }, () => `hook tc\nmatch ${printCondition(leafOf(random, field))} -> count\n`);
      const refused = texts.filter((text) => analyse(text).diagnostics.some((one) => one.severity === 'error'));
      expect(refused.length, `${field.name}: ${refused[0]}`).toBeLessThan(60);
    }
  });
});
