/** `docs/diagnostics.md`: every code with its title and page, made from the catalog. */
import { CATALOG } from '../../compiler/diagnostics/catalog.ts';

const PHASES: readonly (readonly [digit: string, title: string])[] = [
  ['1', 'Syntax'],
  ['2', 'Names, types and values'],
  ['3', 'Checks: what is well-formed and still suspect'],
  ['4', 'Hooks and limits'],
  ['5', 'clang and the files it makes'],
  ['6', 'Loading and running'],
];

export function diagnosticsIndex(): string {
  const entries = Object.entries(CATALOG).sort(([a], [b]) => (a < b ? -1 : 1));
  const sections = PHASES.map(([digit, title]) => {
    const rows = entries
      .filter(([code]) => code.startsWith(`PKT${digit}`))
      .map(([code, { title: meaning, severity }]) => `| [${code}](diagnostics/${code}.md) | ${severity} | ${meaning} |`);
    return [`## PKT${digit}xxx: ${title}`, ['| code | | means |', '|---|---|---|', ...rows].join('\n')].join('\n\n');
  });
  return `${[
    '# Diagnostics',
    '<!-- Generated from compiler/diagnostics/catalog: run `npm run generate`. -->',
    'Every message has a code that never changes its meaning. `pktc explain PKT2001` prints the page in the terminal.',
    ...sections,
  ].join('\n\n')}\n`;
}
