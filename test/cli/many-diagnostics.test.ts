import { describe, expect, it } from 'vitest';
import { shownOf } from '../../cli/front-end.ts';
import { analyse } from '../../compiler/index.ts';

describe('a file with more mistakes than anybody reads', () => {
  const lines = (count: number, line: string): string => `${line}\n`.repeat(count);
  const diagnosed = (text: string) => analyse({ name: 'edge.rules', text }, { hook: null }).diagnostics;

  it('shows all of them up to 200', () => {
    const diagnostics = diagnosed(lines(200, 'match dport -> drop'));
    expect(shownOf(diagnostics)).toBe(diagnostics);
  });

  it('shows 200 in their order, errors before warnings', () => {
    const text = `${lines(300, 'match any -> drop')}${lines(150, 'match dport -> drop')}`;
    const shown = shownOf(diagnosed(text));
    expect(shown).toHaveLength(200);
    expect(shown.filter(({ severity }) => severity === 'error')).toHaveLength(150);
    const places = shown.map(({ primary }) => primary?.span.start ?? 0);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });
});
