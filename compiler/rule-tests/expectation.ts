/** `expect drop by syn_scan`, `expect drop 0` */
import type { TestItem, Word } from '../../grammar/ast.ts';
import { judgeUint } from '../../grammar/values/number.ts';
import { type Context, didYouMean, replacing } from '../2-resolve/context.ts';
import type { Program, Verdict } from '../2-resolve/program.ts';
import { accept } from '../2-resolve/value-problem.ts';
import { suggest } from '../diagnostics/suggest.ts';
import type { Expectation } from './rule-test.ts';

const VERDICTS: readonly Verdict[] = ['pass', 'drop', 'reject', 'redirect', 'audit'];

/** What other tools call a verdict. */
const MEANT: Readonly<Record<string, Verdict>> = {
  accept: 'pass',
  allow: 'pass',
  permit: 'pass',
  deny: 'drop',
  block: 'drop',
  discard: 'drop',
};

/** Null when it was refused, which is reported here. */
export function resolveExpectation(context: Context, item: TestItem, program: Program): Expectation | null {
  const verdict = verdictOf(context, item.expect);
  const { by } = item;
  if (verdict === null) return null;
  const span = { start: item.expect.span.start, end: item.span.end };
  if (by === null) return { verdict, rule: null, span };
  return ruleFits(context, by, verdict, item.expect, program) ? { verdict, rule: by.text, span } : null;
}

function verdictOf(context: Context, { text, span }: Word): Verdict | null {
  const known = VERDICTS.find((verdict) => verdict === text);
  if (known) return known;
  const meant = (Object.hasOwn(MEANT, text) ? MEANT[text] : undefined) ?? suggest(text, VERDICTS);
  return context.report('PKT2095', { word: text }, span, 'not a verdict', {
    help: meant ? null : `the verdicts are ${VERDICTS.map((verdict) => `\`${verdict}\``).join(', ')}`,
    fixes: meant ? [didYouMean(span, meant)] : [],
  });
}

function ruleFits(context: Context, by: Word, verdict: Verdict, expect: Word, program: Program): boolean {
  const rule = program.rules.find(({ label }) => label === by.text);
  if (rule === undefined) {
    // A rule with an error in it has been told of, and is not in the program.
    if (program.partial) return true;
    const meant = suggest(
      by.text,
      program.rules.flatMap(({ label }) => label ?? []),
    );
    context.report('PKT2096', { label: by.text }, by.span, 'no rule has this label', {
      help: meant === null ? 'a label stands before `match`: `ssh: match tcp dport 22 -> drop`' : null,
      fixes: meant === null ? [] : [didYouMean(by.span, meant)],
    });
    return false;
  }
  const own = rule.actions.verdict;
  if (own === null || own === verdict) return true;
  context.report('PKT2097', { label: by.text, own, verdict }, expect.span, `this rule's verdict is \`${own}\``, {
    related: [{ source: rule.source, span: rule.span, text: 'this rule' }],
    fixes: [replacing(expect.span, own)],
  });
  return false;
}

/** How many packets of a capture; null: all of them. `refused`: reported here. */
export function resolveCount(context: Context, { count, subject }: TestItem): number | null | 'refused' {
  if (count === null) return null;
  if (subject.kind === 'packet') {
    context.report('PKT2098', {}, count.span, 'one packet is one packet', {
      fixes: [{ title: 'delete it', edits: [{ span: { start: count.span.start - 1, end: count.span.end }, text: '' }] }],
    });
    return 'refused';
  }
  return accept(context, count, judgeUint(count.text, 32)) ?? 'refused';
}
