import { describe, expect, it } from 'vitest';
import { firstMatch } from '../../bench/first-match.ts';
import { generateRules, type Shape } from '../../bench/generate-rules.ts';
import { makeTrace } from '../../bench/make-trace.ts';
import { frameOf } from '../../bench/packet.ts';
import { type BenchRule, rulesText } from '../../bench/rule.ts';
import { analyse } from '../../compiler/index.ts';
import { createInterpreter } from '../../compiler/interpret.ts';

const SHAPES: readonly Shape[] = ['acl', 'fw', 'ipc', 'overlap'];
const FAMILIES = [4, 6, 'mixed'] as const;
const CASES = SHAPES.flatMap((shape) => FAMILIES.map((family) => [shape, family] as const));

const textOf = (rules: readonly BenchRule[]) => rulesText(rules, { default: 'pass' });

describe.each(CASES)('generated rules: %s, %s', (shape, family) => {
  const rules = generateRules({ shape, family, count: 200, seed: 11 });

  it('are the same for the same seed, and others for another', () => {
    expect(textOf(generateRules({ shape, family, count: 200, seed: 11 }))).toBe(textOf(rules));
    expect(textOf(generateRules({ shape, family, count: 200, seed: 12 }))).not.toBe(textOf(rules));
  });

  it('are as many as were asked for, no two alike, without an error', () => {
    const { program, diagnostics } = analyse({ name: 'bench.rules', text: textOf(rules) }, { hook: null });
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(program.rules.length).toBe(200);
    const conditions = textOf(rules)
      .split('\n')
      .map((line) => line.replace(/ ->.*/, ''));
    expect(new Set(conditions.filter((line) => line.startsWith('match'))).size).toBe(200);
  });

  it('mean to the plain scan what they mean to the interpreter', () => {
    const { program } = analyse({ name: 'bench.rules', text: textOf(rules) }, { hook: null });
    const decide = createInterpreter(program);
    const scan = firstMatch(rules);
    const trace = makeTrace(rules, 3, 2000);
    const hits = trace.map((packet) => {
      const rule = scan(packet);
      expect(decide(frameOf(packet)).rules.at(-1) ?? -1).toBe(rule);
      return rule;
    });
    expect(hits.filter((rule) => rule >= 0).length).toBeGreaterThan(1000);
    expect(hits).toContain(-1);
    expect(new Set(hits).size).toBeGreaterThan(50);
  });
});
