import { describe, expect, it } from 'vitest';
import { createCompileProgress, PHASES, progressText } from '../../cli/compile-progress.ts';

describe('the progress of a compilation', () => {
  function shownAfter(milliseconds: number): readonly string[] {
    const shown: string[] = [];
    let clock = 0;
    const progress = { show: (text: string) => void shown.push(text), clear: () => void shown.push('cleared') };
    const compiling = createCompileProgress({ progress }, () => clock);
    for (const phase of PHASES) {
      compiling.begin(phase);
      clock += milliseconds;
    }
    compiling.end();
    return shown;
  }

  it('is not shown of one that is over soon', () => {
    expect(shownAfter(50)).toEqual(['cleared']);
  });

  it('is the phase and the share done, from half a second on', () => {
    expect(shownAfter(200)).toEqual([progressText('plan'), progressText('emit'), progressText('build'), 'cleared']);
    expect(progressText('check')).toBe('compiling ████········  33 %  checking the rules');
  });

  it('is shown while another program works', async () => {
    const shown: string[] = [];
    const compiling = createCompileProgress({ progress: { show: (text) => void shown.push(text), clear: () => {} } });
    compiling.begin('build');
    await new Promise((resolve) => setTimeout(resolve, 700));
    compiling.end();
    expect(shown).toEqual([progressText('build')]);
  });
});
