import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly icon: string;
  readonly contributes: {
    readonly languages: readonly {
      readonly id: string;
      readonly extensions: readonly string[];
      readonly configuration: string;
      readonly icon: { readonly light: string; readonly dark: string };
    }[];
    readonly grammars: readonly { readonly language: string; readonly scopeName: string; readonly path: string }[];
    readonly snippets: readonly { readonly language: string; readonly path: string }[];
  };
}

/** Reads a zip through its directory, as an installer does, checking each file's sum. */
function unzip(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const end = bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const files = new Map<string, Buffer>();
  let at = bytes.readUInt32LE(end + 16);
  for (let index = 0; index < bytes.readUInt16LE(end + 10); index++) {
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = inflateRawSync(bytes.subarray(start, start + bytes.readUInt32LE(at + 20)));
    expect(crc32(data), name).toBe(bytes.readUInt32LE(at + 16));
    files.set(name, data);
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return files;
}

describe('the VS Code extension', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pktc-vsix-'));
  const vsix = path.join(folder, 'pktc-rules.vsix');
  afterAll(() => rmSync(folder, { recursive: true }));
  const pack = (target: string): void => {
    execFileSync(process.execPath, [path.join(ROOT, 'scripts/pack-vscode.mjs'), target], { cwd: folder });
  };

  let files: ReadonlyMap<string, Buffer>;
  let manifest: Manifest;
  beforeAll(() => {
    pack(vsix);
    files = unzip(readFileSync(vsix));
    manifest = JSON.parse(files.get('extension/package.json')?.toString() ?? '') as Manifest;
  });

  it('holds every file that its manifest names', () => {
    const { languages, grammars, snippets } = manifest.contributes;
    const named = [
      manifest.icon,
      ...languages.flatMap((language) => [language.configuration, language.icon.light, language.icon.dark]),
      ...grammars.map((grammar) => grammar.path),
      ...snippets.map((snippet) => snippet.path),
      'README.md',
      'LICENSE',
    ];
    for (const file of named) expect([...files.keys()]).toContain(path.posix.join('extension', file));
    const assets = [
      ...(files.get('extension.vsixmanifest')?.toString() ?? '').matchAll(/(?:Path="|<Icon>|<License>)([^"<]+)/g),
    ];
    expect(assets.length).toBeGreaterThan(4);
    for (const [, file] of assets) expect([...files.keys()]).toContain(file);
  });

  it('is the grammar that the generator makes, byte for byte', () => {
    const { path: grammar, scopeName } = manifest.contributes.grammars[0]!;
    const packed = files.get(path.posix.join('extension', grammar))?.toString();
    expect(packed).toBe(readFileSync(path.join(ROOT, 'grammar/rules.tmLanguage.json'), 'utf8'));
    expect(JSON.parse(packed ?? '').scopeName).toBe(scopeName);
  });

  it('speaks for `.rules` with one language id throughout', () => {
    const { languages, grammars, snippets } = manifest.contributes;
    expect(languages[0]?.extensions).toEqual(['.rules']);
    for (const part of [...grammars, ...snippets]) expect(part.language).toBe(languages[0]?.id);
  });

  it('has the version and the licence of the project', () => {
    const project = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(manifest.version).toBe(project.version);
    expect(files.get('extension/LICENSE')?.toString()).toBe(readFileSync(path.join(ROOT, 'LICENSE'), 'utf8'));
  });

  it('has an icon of at least 128 pixels, and a description that is well-formed', () => {
    const icon = files.get(path.posix.join('extension', manifest.icon)) ?? Buffer.alloc(0);
    expect(icon.toString('latin1', 1, 4)).toBe('PNG');
    expect(icon.readUInt32BE(16)).toBeGreaterThanOrEqual(128);
    expect(icon.readUInt32BE(20)).toBe(icon.readUInt32BE(16));
    for (const file of files.keys()) if (file.endsWith('.json')) JSON.parse(files.get(file)?.toString() ?? '');
  });

  it('toggles `#` comments and knows every bracket', () => {
    const configuration = JSON.parse(files.get('extension/language-configuration.json')?.toString() ?? '');
    expect(configuration.comments).toEqual({ lineComment: '#' });
    expect(configuration.brackets).toEqual([
      ['{', '}'],
      ['(', ')'],
      ['[', ']'],
    ]);
    const word = new RegExp(configuration.wordPattern, 'g');
    expect('match icmp.type echo-request src 10.0.0.0/8 -> drop'.match(word)).toEqual([
      'match',
      'icmp.type',
      'echo-request',
      'src',
      '10.0.0.0/8',
      'drop',
    ]);
  });

  it('indents a rule that goes on in the next line, and comes back behind its actions', () => {
    const configuration = JSON.parse(files.get('extension/language-configuration.json')?.toString() ?? '');
    const indentAfter = (line: string): string | undefined =>
      configuration.onEnterRules.find(
        (rule: { beforeText: string; afterText?: string }) => !rule.afterText && new RegExp(rule.beforeText).test(line),
      )?.action.indent;
    expect(indentAfter('ssh: match tcp dport 22')).toBe('indent');
    expect(indentAfter('match tcp dport 22 -> drop')).toBeUndefined();
    expect(indentAfter('  -> log, drop')).toBe('outdent');
    expect(indentAfter('  -> log,')).toBeUndefined();
    expect(indentAfter('default pass')).toBeUndefined();
  });

  it('packs to the same bytes again, and an independent unzip reads it', () => {
    const again = path.join(folder, 'again.vsix');
    pack(again);
    expect(readFileSync(again).equals(readFileSync(vsix))).toBe(true);
    const { error, status, stdout } = spawnSync('unzip', ['-t', vsix], { encoding: 'utf8' });
    if (error) console.warn('unzip is not installed: the package was read by this test alone');
    else expect(status, stdout).toBe(0);
  });
});
