import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../compiler/index.ts';

const source = {
  name: 'edge.rules',
  text: 'syn: match src 10.0.0.0/8 proto tcp flags SYN,!ACK -> count/drop/log\nmatch frag later -> pass\n',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'pktc-build-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: folder,
  PKTC_CACHE_DIR: path.join(folder, 'cache'),
  ...more,
});
const codes = async (more: NodeJS.ProcessEnv) =>
  (await compile(source, { hook: null, environment: environment(more), cache: false })).diagnostics.map((one) => one.code);

/** An executable that takes the place of clang. */
function script(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

const VERSION = `if [ "$1" = --version ]; then echo 'clang version 14.0.6'; exit 0; fi`;

describe('build', () => {
  it('makes the same object each time, wherever it works', async () => {
    const first = await compile(source, { hook: null, environment: environment(), cache: false });
    const elsewhere = path.join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    const before = process.env.TMPDIR;
    process.env.TMPDIR = elsewhere;
    const second = await compile(source, { hook: null, environment: environment(), cache: false });
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    expect(first.diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
    expect(Buffer.from(first.artifact!.object).equals(second.artifact!.object)).toBe(true);
    expect(Buffer.from(first.artifact!.object).includes(elsewhere)).toBe(false);
    expect(Buffer.from(first.artifact!.object).includes(tmpdir())).toBe(false);
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('says what the manifest must know', async () => {
    const { artifact } = await compile(source, { hook: null, environment: environment(), cache: false });
    expect(artifact?.manifest).toMatchObject({
      hook: 'xdp',
      programs: [{ name: 'pktc_xdp', at: 'xdp' }],
      default_verdict: 'pass',
      rules: [
        { name: 'syn', line: 1, verdict: 'drop', logs: true },
        { name: 'edge.rules:2', line: 2, verdict: 'pass', logs: false },
      ],
      events: { payload_bytes: 0 },
    });
    expect(artifact?.manifest.line_map.map(({ rule }) => rule)).toEqual([0, 1, -1]);
  });

  it('does not start clang twice for the same C', async () => {
    const counter = path.join(folder, 'starts');
    const clang = script('counting-clang', `${VERSION}\necho x >> '${counter}'\nexec clang "$@"`);
    const more = { PKTC_CLANG: clang, PKTC_CACHE_DIR: path.join(folder, 'cache-once') };
    const first = await compile(source, { hook: null, environment: environment(more) });
    const second = await compile(source, { hook: null, environment: environment(more) });
    expect(first.artifact).not.toBeNull();
    expect(second.artifact).toEqual(first.artifact);
    expect(readFileSync(counter, 'utf8')).toBe('x\n');
  });

  it('builds again what the cache holds damaged, and trusts no cache that others can write', async () => {
    const cache = path.join(folder, 'cache-damaged');
    const options = { hook: null, environment: environment({ PKTC_CACHE_DIR: cache }) } as const;
    const good = await compile(source, options);
    const [entry] = readdirSync(cache);
    const file = path.join(cache, entry!);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(cache).mode & 0o777).toBe(0o700);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    expect((await compile(source, options)).artifact).toEqual(good.artifact);

    const forged = Buffer.from(readFileSync(file));
    chmodSync(cache, 0o777);
    expect((await compile(source, options)).artifact).toEqual(good.artifact);
    expect(readFileSync(file).equals(forged)).toBe(true);
  });

  it('says that clang is missing, too old, or does not run', async () => {
    expect(await codes({ PATH: path.join(folder, 'nothing-here') })).toContain('PKT5001');
    expect(await codes({ PKTC_CLANG: path.join(folder, 'no-such-clang') })).toContain('PKT5001');
    expect(await codes({ PKTC_CLANG: script('old', `echo 'Debian clang version 9.0.1'`) })).toContain('PKT5002');
    expect(await codes({ PKTC_CLANG: script('mute', 'exit 3') })).toContain('PKT5004');
    expect(await codes({ PKTC_CLANG: script('crash', `${VERSION}\nkill -SEGV $$`) })).toContain('PKT5004');
    const killed = script('killed', `${VERSION}\nkill -KILL $$`);
    const { diagnostics } = await compile(source, { hook: null, environment: environment({ PKTC_CLANG: killed }) });
    expect(diagnostics.find(({ code }) => code === 'PKT5004')?.message).toContain('it was killed (SIGKILL)');
    expect(
      await codes({ PKTC_CLANG: script('full', `${VERSION}\necho 'error: No space left on device' >&2; exit 1`) }),
    ).toContain('PKT5004');
    expect(
      await codes({ PKTC_CLANG: script('refuses', `${VERSION}\necho 'rules.bpf.c:3:1: error: no' >&2; exit 1`) }),
    ).toContain('PKT5003');
  });

  it('does not take a name from the environment for a shell command', async () => {
    const proof = path.join(folder, 'proof');
    expect(await codes({ PKTC_CLANG: `clang; touch '${proof}'` })).toContain('PKT5001');
    expect(readdirSync(folder)).not.toContain('proof');
  });

  it('stops before clang when the rules have errors', async () => {
    const broken = await compile(
      { name: 'x.rules', text: 'match prto tcp -> drop' },
      { hook: null, environment: environment() },
    );
    expect(broken.plan).toBeNull();
    expect(broken.artifact).toBeNull();
    expect(broken.diagnostics.map((one) => one.code)).toEqual(['PKT2001']);
  });
});
