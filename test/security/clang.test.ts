/** clang has fixed arguments, an environment of ours, and limits: nothing of the caller's reaches it. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { CLANG_MEMORY_BYTES_MAX } from '../../compiler/6-build/confine-clang.ts';
import { findClang } from '../../compiler/6-build/find-clang.ts';
import { compile } from '../../compiler/index.ts';
import { startElsewhere } from '../differential/start-elsewhere.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'pktc-clang-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SOURCE = { name: 'a.rules', text: 'match tcp dport 22 -> drop\n' };

/** Each of them changes what clang does, or which code it runs. */
const HOSTILE: Readonly<Record<string, string>> = {
  CPATH: folder,
  C_INCLUDE_PATH: folder,
  CCC_OVERRIDE_OPTIONS: '+-DPKTC_DEFAULT=0 +-fsyntax-only',
  CLANG_CONFIG_FILE_USER_DIR: folder,
  COMPILER_PATH: folder,
  GCC_EXEC_PREFIX: folder,
  LD_LIBRARY_PATH: folder,
  LD_PRELOAD: path.join(folder, 'no-such-library.so'),
  LD_AUDIT: path.join(folder, 'no-such-library.so'),
  SOURCE_DATE_EPOCH: '1',
  SECRET: 'of the caller',
};

const before = { ...process.env };
afterEach(() => {
  for (const name of Object.keys(HOSTILE)) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
});

/** In the place of clang. */
function script(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

const VERSION = `if [ "$1" = --version ]; then echo 'clang version 14.0.6'; exit 0; fi`;

async function build(clang: string | null, more: { readonly elsewhere?: boolean } = {}) {
  const environment = { ...process.env, ...(clang === null ? {} : { PKTC_CLANG: clang }) };
  const start = more.elsewhere ? { start: startElsewhere() } : {};
  return compile(SOURCE, { hook: null, environment, cache: false, ...start });
}

function messageOf({ diagnostics }: Awaited<ReturnType<typeof build>>): string {
  return diagnostics.find((one) => one.code === 'PKT5004')?.message ?? '';
}

describe('the environment of clang', () => {
  test.each([false, true])('is ours alone (started by another process: %s)', async (elsewhere) => {
    Object.assign(process.env, HOSTILE);
    const file = path.join(folder, `environment-${elsewhere}`);
    const clang = script(`spy-${elsewhere}`, `/usr/bin/env -0 >> '${file}'\n${VERSION}\nexit 1`);
    await build(clang, { elsewhere });
    const seen = readFileSync(file, 'utf8').split('\0').filter(Boolean);
    // A shell sets the last three by itself.
    const names = new Set(seen.map((one) => one.split('=')[0]));
    for (const own of ['_', 'PWD', 'SHLVL', 'OLDPWD']) names.delete(own);
    expect([...names].sort()).toEqual(['HOME', 'LANG', 'LC_ALL', 'PATH', 'TMPDIR']);
    expect(seen).toContain('PATH=/usr/local/bin:/usr/bin:/bin');
    expect(seen).toContain('HOME=/nonexistent');
    // Asked for its version, and to compile.
    expect(seen.filter((one) => one.startsWith('LANG='))).toEqual(['LANG=C', 'LANG=C']);
  });

  test('changes nothing in the object', async () => {
    const plain = await build(null);
    Object.assign(process.env, HOSTILE);
    const hostile = await build(null);
    expect(plain.artifact).not.toBeNull();
    expect(hostile.artifact?.object).toEqual(plain.artifact?.object);
  });

  test('is one that clang could not be harmed through: handed on, these variables do', async () => {
    Object.assign(process.env, HOSTILE);
    const { spawnSync } = await import('node:child_process');
    const clang = await findClang();
    if (!clang.found) throw new Error('there is no clang');
    const { CCC_OVERRIDE_OPTIONS = '' } = HOSTILE;
    const { stderr } = spawnSync(clang.path, ['-###', '-c', 'x.c'], {
      env: { PATH: before.PATH, CCC_OVERRIDE_OPTIONS },
      encoding: 'utf8',
    });
    expect(stderr).toContain('-fsyntax-only');
  });
});

describe('the folder of clang', () => {
  test('is of the user alone, and gone afterwards, with what a crash leaves', async () => {
    const note = path.join(folder, 'folder');
    const clang = script(
      'crash',
      `${VERSION}\nstat -c '%a %u' . > '${note}'; pwd >> '${note}'; echo x > "$TMPDIR/crash.c"; exit 1`,
    );
    await build(clang);
    const [rights, place = ''] = readFileSync(note, 'utf8').split('\n');
    expect(rights).toBe(`700 ${process.getuid?.()}`);
    expect(() => statSync(place)).toThrow('ENOENT');
    expect(readdirSync(tmpdir())).not.toContain('crash.c');
  });
});

describe('the limits of clang', () => {
  test('memory and core files', async () => {
    const clang = script('limits', `${VERSION}\necho "memory $(ulimit -v) core $(ulimit -c)" >&2; exit 1`);
    expect(messageOf(await build(clang))).toContain(`memory ${CLANG_MEMORY_BYTES_MAX / 1024} core 0`);
  });

  test('say so when they strike, in words of the real clang', async () => {
    const found = await findClang();
    if (!found.found) throw new Error('there is no clang');
    // So little that clang does not even load; then what it needs to load and hardly more, where it depends on the clang.
    for (const kibibytes of [100_000, 190_000, 205_000, 215_000, 225_000]) {
      const clang = script(`starved-${kibibytes}`, `${VERSION}\nulimit -v ${kibibytes}; exec '${found.path}' "$@"`);
      const built = await build(clang);
      if (built.artifact === null) expect(messageOf(built)).toContain('ran out of memory, of which it may have 4 GiB');
      else expect(kibibytes).toBeGreaterThan(100_000);
    }
  });

  test('a crash of clang is no fault of the C', async () => {
    const clang = script(
      'crashing',
      `${VERSION}\necho 'clang: error: clang frontend command failed with exit code 139 (use -v to see invocation)' >&2; exit 139`,
    );
    const { diagnostics } = await build(clang);
    expect(diagnostics.map((one) => one.code)).toContain('PKT5004');
  });
});

describe('which clang', () => {
  test('a name is looked for in absolute folders of $PATH only', async () => {
    script('clang-mine', VERSION);
    const environment = { PATH: `.:relative:${folder}`, PKTC_CLANG: 'clang-mine' };
    expect(await findClang(environment)).toMatchObject({ found: true, path: path.join(folder, 'clang-mine') });
    expect(await findClang({ PATH: '.', PKTC_CLANG: 'clang-mine' })).toEqual({ found: false, reason: 'missing' });
    const relative = path.relative(process.cwd(), path.join(folder, 'clang-mine'));
    expect(await findClang({ PATH: '', PKTC_CLANG: relative })).toMatchObject({ path: path.join(folder, 'clang-mine') });
  });
});
