import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSources } from '../../cli/rule-source.ts';
import { analyse } from '../../compiler/index.ts';
import { placesIn } from './files-in-memory.ts';

let folder: string;
const at = (...parts: readonly string[]): string => path.join(folder, ...parts);

function write(name: string, text: string | Uint8Array): void {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
}

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'pktc-sources-'));
  write('outside/names.rules', 'let lan = 10.0.0.0/8\n');
  write('outside/list.txt', '192.0.2.1\n');
  write('etc/names.rules', 'let lan = 10.0.0.0/8\n');
  write('etc/sub/list.txt', '192.0.2.1\n');
  write('etc/sub/more.rules', 'include "../names.rules"\nset far from "list.txt"\nmatch src far dst lan -> drop\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is said about a main file in `etc`. */
async function check(text: string, roots: readonly string[] = []) {
  write('etc/main.rules', text);
  const { main, files } = await readSources(at('etc/main.rules'), roots);
  return analyse(main, { hook: null, files });
}

async function reasonFor(text: string): Promise<string> {
  const { diagnostics } = await check(text);
  expect(diagnostics).toHaveLength(1);
  return `${diagnostics[0]?.code} ${diagnostics[0]?.message.replaceAll(folder, '')}`;
}

describe('files that a rule file names', () => {
  it('are found from the file that names them, and called by a path from where the user is', async () => {
    const { program, diagnostics } = await check('include "sub/more.rules"\n');
    expect(diagnostics).toEqual([]);
    expect(program.files?.map(({ name }) => name)).toEqual(
      ['etc/main.rules', 'etc/sub/more.rules', 'etc/names.rules', 'etc/sub/list.txt'].map((name) => at(name)),
    );
  });

  it('are one file by whatever path', async () => {
    rmSync(at('etc/link.rules'), { force: true });
    symlinkSync('names.rules', at('etc/link.rules'));
    const { diagnostics } = await check('include "names.rules"\ninclude "./sub/../link.rules"\nmatch src lan -> count\n');
    expect(diagnostics).toEqual([]);
    rmSync(at('etc/itself.rules'), { force: true });
    symlinkSync('main.rules', at('etc/itself.rules'));
    expect(placesIn(await check('include "itself.rules"\n'))).toEqual([`${at('etc/main.rules')}:1 PKT2052`]);
  });

  it('come from the directory of the main file and below, links followed', async () => {
    symlinkSync(at('outside/names.rules'), at('etc/elsewhere.rules'));
    symlinkSync(at('outside'), at('etc/folder'));
    for (const named of [
      '../outside/names.rules',
      'elsewhere.rules',
      'folder/names.rules',
      at('outside/names.rules'),
      '/etc/hostname',
      'sub/../../outside/names.rules',
    ]) {
      const { diagnostics } = await check(`include "${named}"\n`);
      expect([named, ...diagnostics.map(({ code }) => code)]).toEqual([named, 'PKT2051']);
      expect(diagnostics[0]?.help).toContain('--include-root');
    }
    expect((await check('set x from "folder/list.txt"\nmatch src x -> count\n')).diagnostics[0]?.code).toBe('PKT2051');
  });

  it('come from other directories that are allowed, and from no neighbour that only begins alike', async () => {
    const roots = [at('outside')];
    const { diagnostics } = await check('include "../outside/names.rules"\nmatch src lan -> count\n', roots);
    expect(diagnostics).toEqual([]);
    write('outside-too/names.rules', 'let lan = 10.0.0.0/8\n');
    expect((await check('include "../outside-too/names.rules"\n', roots)).diagnostics[0]?.code).toBe('PKT2051');
    expect((await check('include "../outside/names.rules"\nmatch src lan -> count\n', [at()])).diagnostics).toEqual([]);
  });

  it('are plain files', async () => {
    execFileSync('mkfifo', [at('etc/pipe')]);
    expect(await reasonFor('set x from "pipe"\n')).toMatch(/^PKT2050 .*it is not a plain file$/);
    expect(await reasonFor('include "sub"\n')).toMatch(/^PKT2050 .*it is a directory$/);
    expect((await check('set x from "/dev/zero"\n', ['/dev'])).diagnostics[0]?.message).toContain('not a plain file');
  });

  it('are told apart by what is wrong with them', async () => {
    expect(await reasonFor('include "nothing.rules"\n')).toMatch(/there is no such file$/);
    expect((await check('include "nothing.rules"\n')).diagnostics[0]?.help).toBe(`the path is relative to \`${at('etc')}\``);
    write('etc/latin.rules', Uint8Array.of(0x23, 0xe4, 0x0a));
    expect(await reasonFor('include "latin.rules"\n')).toMatch(/is not UTF-8: byte 1/);
    write('etc/packed.gz', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0));
    expect(await reasonFor('set x from "packed.gz"\n')).toMatch(/it is a binary file$/);
    expect(await reasonFor('include ""\n')).toMatch(/not a path$/);
    expect(await reasonFor('include "a\\nb"\n')).toMatch(/not a path$/);
    symlinkSync('round', at('etc/round'));
    expect(await reasonFor('include "round"\n')).toMatch(/go round in a circle$/);
  });

  it('may have comments in an old encoding when they are lists', async () => {
    write('etc/old.txt', Buffer.concat([Buffer.from('# '), Buffer.from([0xe4]), Buffer.from('\n192.0.2.1\n')]));
    expect((await check('set x from "old.txt"\nmatch src x -> count\n')).diagnostics).toEqual([]);
  });

  it('are not looked for in comments and strings', async () => {
    const { files } = await (async () => {
      write('etc/main.rules', '# include "nothing.rules"\nmatch payload contains "include" -> count\n');
      return readSources(at('etc/main.rules'), []);
    })();
    expect([...files.values()].flatMap((references) => [...references])).toEqual([]);
  });

  it('make no endless chain', async () => {
    for (let index = 0; index < 30; index++) write(`etc/chain/${index}.rules`, `include "${index + 1}.rules"\n`);
    const codes = (await check('include "chain/0.rules"\n')).diagnostics.map(({ code }) => code);
    expect(codes).toEqual(['PKT2053']);
  });
});
