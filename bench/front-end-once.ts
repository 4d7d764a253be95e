/** `front-end-once.ts KIND SIZE`: one set of rules through the phases that only look at rules; prints what it took as JSON. */
import { createReadingMemo, readWith } from '../compiler/1-parse/read-again.ts';
import { resolve } from '../compiler/2-resolve/resolve.ts';
import { check } from '../compiler/3-check/check.ts';
import { type BenchRule, rulesText } from './rule.ts';
import { generatedSet } from './rule-sets.ts';

export interface FrontEnd {
  readonly text_mb: number;
  readonly read_ms: number;
  readonly resolve_ms: number;
  readonly check_ms: number;
  /** All three, when one rule has changed; the median of several changes. */
  readonly changed_ms: number;
  /** Largest resident set of the process, everything included. */
  readonly memory_mb: number;
}

const CHANGES = 7;

/** CPU time of this process: other processes take turns on the same processors. */
function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** One flat string, as it is read from a file. */
function textOf(rules: readonly BenchRule[]): string {
  return Buffer.from(rulesText(rules, { default: 'pass' })).toString();
}

function run(kind: string, size: number): FrontEnd {
  const { rules } = generatedSet(kind, size);
  const texts = Array.from({ length: CHANGES + 1 }, (_, turn) => {
    const at = Math.floor(rules.length / 2) + turn;
    return textOf(
      rules.map((rule, index) => (index === at ? { ...rule, verdict: rule.verdict === 'drop' ? 'pass' : 'drop' } : rule)),
    );
  });
  const memo = createReadingMemo();
  const taken = texts.map((text) => {
    const source = { name: 'bench.rules', text };
    const start = cpuMilliseconds();
    const reading = readWith(memo, source);
    const read = cpuMilliseconds();
    const { value } = resolve(reading, source, { hook: null });
    const resolved = cpuMilliseconds();
    check(value);
    return { read_ms: read - start, resolve_ms: resolved - read, check_ms: cpuMilliseconds() - resolved };
  });
  const [first, ...changes] = taken;
  const sums = changes.map(({ read_ms, resolve_ms, check_ms }) => read_ms + resolve_ms + check_ms).sort((a, b) => a - b);
  return {
    text_mb: (texts[0]?.length ?? 0) / 1e6,
    read_ms: first?.read_ms ?? 0,
    resolve_ms: first?.resolve_ms ?? 0,
    check_ms: first?.check_ms ?? 0,
    changed_ms: sums[CHANGES >> 1] ?? 0,
    memory_mb: process.resourceUsage().maxRSS / 1024,
  };
}

const [kind = 'acl IPv4', size = '1000'] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(run(kind, Number(size)))}\n`);
