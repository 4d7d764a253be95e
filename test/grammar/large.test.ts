import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STATEMENTS } from './statements.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const RULES = 100_000;
const MEGABYTE = 1e6;

/** Runs in a process of its own: its memory is the parser's. */
const MEASURE = `
import { parse } from './out/compiler/1-parse/parse.js';
const [template, count] = [JSON.parse(process.argv[2]), Number(process.argv[3])];
const rule = (i) => template[i % template.length].replace('%', \`10.\${i >> 16 & 255}.\${i >> 8 & 255}.\${i & 255}\`);
let text = '';
for (let i = 0; i < count; i++) text += \`rule_\${i}: \${rule(i)}\\n\`;
text = Buffer.from(text).toString(); // one flat string, as read from a file
const before = process.memoryUsage();
const cpu = process.cpuUsage();
const { value, diagnostics } = parse({ name: 'large.rules', text });
const { user, system } = process.cpuUsage(cpu);
const rss = process.resourceUsage().maxRSS * 1024 - before.rss;
gc();
const heap = process.memoryUsage().heapUsed - before.heapUsed;
console.log(JSON.stringify({ rules: value.statements.length, errors: diagnostics.length, cpu_ms: (user + system) / 1000, rss, heap }));
`;

interface Measured {
  readonly rules: number;
  readonly errors: number;
  readonly cpu_ms: number;
  /** Bytes by which the largest resident set exceeds the one before. */
  readonly rss: number;
  /** Bytes that the syntax keeps. */
  readonly heap: number;
}

const UNLABELLED = STATEMENTS.filter(([kind, text]) => kind === 'rule' && text.startsWith('match')).map(([, text]) => text);

describe('100,000 rules', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pktc-large-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(() => {
    const options = {
      outDir: path.join(folder, 'out'),
      rootDir: ROOT,
      noEmit: false,
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
    };
    const config = { extends: path.join(ROOT, 'tsconfig.json'), compilerOptions: options, include: [] };
    const files = [path.join(ROOT, 'compiler/1-parse/parse.ts')];
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ ...config, files }));
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(path.join(folder, 'measure.js'), MEASURE);
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    execFileSync(process.execPath, [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder], { stdio: 'inherit' });
  }, 120_000);

  function measure(template: readonly string[], count: number, ...options: readonly string[]): Measured {
    const args = ['--expose-gc', ...options, path.join(folder, 'measure.js'), JSON.stringify(template), String(count)];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Measured;
  }

  const templates: Readonly<Record<string, readonly string[]>> = {
    'of one kind': ['match src %/32 proto tcp flags SYN -> count/drop/log'],
    'of every kind': UNLABELLED,
  };
  for (const [name, template] of Object.entries(templates)) {
    it(`${name} are read within 300 MB`, { timeout: 300_000 }, () => {
      const { rules, errors, heap, rss } = measure(template, RULES, '--max-old-space-size=300');
      expect({ rules, errors }).toEqual({ rules: RULES, errors: 0 });
      expect(heap).toBeLessThan(300 * MEGABYTE);
      expect(rss).toBeLessThan(300 * MEGABYTE);
      const megabytes = (bytes: number): string => `${(bytes / MEGABYTE).toFixed(0)} MB`;
      process.stdout.write(`    ${name}: ${megabytes(rss)} more resident, ${megabytes(heap)} kept\n`);
    });

    it(`${name} are read in a time linear in their number`, { timeout: 300_000 }, () => {
      const part = measure(template, RULES / 8).cpu_ms;
      const whole = measure(template, RULES).cpu_ms;
      expect(whole).toBeLessThan(20_000);
      expect(whole).toBeLessThan(part * 8 * 2.5);
      process.stdout.write(`    ${name}: ${(whole / 1000).toFixed(1)} s of CPU\n`);
    });
  }
});
