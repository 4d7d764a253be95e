import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../grammar/actions/index.ts';
import { LATER_ACTIONS } from '../../grammar/actions/later.ts';
import { BARE_WORDS } from '../../grammar/fields/bare.ts';
import { FIELDS, fieldNamed } from '../../grammar/fields/index.ts';
import { LATER_FIELDS } from '../../grammar/fields/later.ts';
import { ROOT } from './source-tree.ts';

const NOT_ONE_ENTRY: ReadonlySet<string> = new Set([
  'index.ts',
  'later.ts',
  'bare.ts',
  'field.ts',
  'raw.ts',
  'hooks.ts',
  'action.ts',
]);

/** One file an entry, named after it: `tcp.window` lives in `tcp-window.ts`. */
const entryFiles = (folder: string): readonly string[] =>
  readdirSync(path.join(ROOT, 'grammar', folder)).filter((file) => !NOT_ONE_ENTRY.has(file));
const fileOf = (name: string): string => `${name.replaceAll('.', '-')}.ts`;

describe('the field and action table', () => {
  it('has one file an entry and one entry a file', () => {
    expect(FIELDS.map((field) => fileOf(field.name)).sort()).toEqual([...entryFiles('fields')].sort());
    expect(ACTIONS.map((action) => fileOf(action.name)).sort()).toEqual([...entryFiles('actions')].sort());
  });

  it('knows each name once, now or later', () => {
    for (const names of [
      [...FIELDS.map((field) => field.name), ...Object.keys(LATER_FIELDS)],
      [...ACTIONS.map((action) => action.name), ...Object.keys(LATER_ACTIONS)],
    ]) {
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('refers only to fields there are', () => {
    const mentioned = [
      ...Object.values(BARE_WORDS).flatMap((facts) => facts.map((fact) => fact.field)),
      ...FIELDS.flatMap((field) => (field.read.kind === 'either' ? field.read.of : [])),
    ];
    expect(mentioned.filter((name) => fieldNamed(name) === undefined)).toEqual([]);
    const underWords = FIELDS.flatMap((field) => (field.type.kind === 'uint' ? Object.keys(field.type.namesUnder ?? {}) : []));
    expect(underWords.filter((word) => BARE_WORDS[word] === undefined)).toEqual([]);
  });

  it('names numbers that fit their field', () => {
    for (const field of FIELDS) {
      if (field.type.kind !== 'uint' && field.type.kind !== 'flags') continue;
      const under = field.type.kind === 'uint' ? Object.values(field.type.namesUnder ?? {}) : [];
      for (const names of [field.type.names ?? {}, ...under]) {
        for (const [name, value] of Object.entries(names)) {
          expect(value, `${field.name} ${name}`).toBeLessThan(2 ** field.type.bits);
        }
      }
    }
  });

  it('documents every entry', () => {
    for (const field of FIELDS) {
      expect(field.summary, field.name).toMatch(/^[A-Z0-9].*\.$/);
      expect(
        [field.source, field.absent, field.example].every((text) => text.length > 0),
        field.name,
      ).toBe(true);
      expect(field.example.split(/[^\w.]+/), field.name).toContain(field.name);
    }
    for (const action of ACTIONS) expect(action.example.split(/\W+/), action.name).toContain(action.name);
  });
});
