/** Rule sets as ClassBench writes them: `@src/len dst/len lo : hi lo : hi proto/mask flags/mask`, a rule a line. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { ANY_ADDRESS, type BenchRule, type Ports, type Prefix, prefixOf } from './rule.ts';

const LINE =
  /^@(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)\s+(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)\s+(\d+)\s*:\s*(\d+)\s+(\d+)\s*:\s*(\d+)\s+0x([0-9a-f]+)\/0x([0-9a-f]+)/i;

/**
 * TCP flags and what comes behind them are left out, and so are rules that then have been there before. Verdicts are not in the
 * files: two of three rules drop. @throws Error at a line that is no rule
 */
export function parseClassBench(text: string): readonly BenchRule[] {
  const rules: BenchRule[] = [];
  const seen = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const parts = LINE.exec(line);
    if (parts === null) throw new Error(`line ${index + 1} is no rule of ClassBench: ${line.slice(0, 80)}`);
    const key = parts.slice(1).join(' ');
    if (seen.has(key)) continue;
    seen.add(key);
    const number = (at: number) => Number(parts[at]);
    const mask = Number.parseInt(parts[16] ?? '', 16);
    rules.push({
      family: 4,
      src: prefixAt([number(1), number(2), number(3), number(4)], number(5)),
      dst: prefixAt([number(6), number(7), number(8), number(9)], number(10)),
      sport: [number(11), number(12)] satisfies Ports,
      dport: [number(13), number(14)] satisfies Ports,
      proto: mask === 0 ? null : Number.parseInt(parts[15] ?? '', 16),
      verdict: Math.imul(index, 0x9e3779b1) >>> 0 < 2 ** 32 / 3 ? 'pass' : 'drop',
    });
  }
  return rules;
}

function prefixAt(octets: readonly number[], length: number): Prefix {
  if (length === 0) return ANY_ADDRESS;
  return prefixOf(
    octets.reduce((address, octet) => (address << 8n) | BigInt(octet), 0n),
    length,
    4,
  );
}

/** @param file a ClassBench file, gzip-compressed if it ends in `.gz` */
export function readClassBench(file: string): readonly BenchRule[] {
  const bytes = readFileSync(file);
  return parseClassBench((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1'));
}
