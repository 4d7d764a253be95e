import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, readMarkdown } from './code-blocks.ts';

const markdownIn = (folder: string): readonly string[] =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
    .map((file) => path.join(folder, file));

/** GitHub's anchor for a heading: lower case, punctuation dropped, spaces to dashes. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '');

function anchorsOf(file: string): ReadonlySet<string> {
  const headings = withoutCode(readMarkdown(file)).matchAll(/^#+ (.*)$/gm);
  return new Set([...headings].map(([, heading]) => anchorOf(heading ?? '')));
}

describe('links in the documentation', () => {
  // `docs/source` holds texts that become pages of `docs`; their links are checked there.
  const pages = ['README.md', 'SECURITY.md', ...markdownIn('docs'), ...markdownIn('editors')].filter(
    (file) => !file.startsWith('docs/source/'),
  );

  for (const page of pages) {
    it(`${page} points at what is there`, () => {
      const targets = [...withoutCode(readMarkdown(page)).matchAll(/(?:\]\(|(?:src|href|srcset)=")([^)"\s]+)[)"]/g)].map(
        (found) => found[1] ?? '',
      );
      const broken = targets
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => {
          const [file = '', anchor] = target.split('#');
          const resolved = file === '' ? page : path.join(path.dirname(page), file);
          if (!existsSync(path.join(ROOT, resolved))) return true;
          return anchor !== undefined && resolved.endsWith('.md') && !anchorsOf(resolved).has(anchor);
        });
      expect(broken).toEqual([]);
    });
  }
});
