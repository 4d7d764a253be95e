/** How far a compilation is, for people who wait for it: one line on stderr, from half a second on. */
import type { Phase } from '../compiler/index.ts';
import type { Terminal } from './terminal.ts';

/** Most compilations are over by then, and a line that comes and goes is no help. */
const PATIENCE_MS = 500;

/** In their order. */
const WORDS: Readonly<Record<Phase, string>> = {
  read: 'reading the rules',
  resolve: 'resolving names and values',
  check: 'checking the rules',
  plan: 'planning',
  emit: 'writing C',
  build: 'building',
};

export const PHASES = Object.keys(WORDS) as readonly Phase[];

const BAR = 12;

export interface CompileProgress {
  readonly begin: (phase: Phase) => void;
  readonly end: () => void;
}

/** @param now milliseconds, of any clock */
export function createCompileProgress(
  { progress }: Pick<Terminal, 'progress'>,
  now = () => performance.now(),
): CompileProgress {
  const start = now();
  let timer: NodeJS.Timeout | undefined;
  const show = (phase: Phase): void => progress.show(progressText(phase));
  return {
    begin: (phase) => {
      clearTimeout(timer);
      const waited = now() - start;
      if (waited >= PATIENCE_MS) show(phase);
      // Only where the phase waits for another program does a timer come to its turn.
      else timer = setTimeout(() => show(phase), PATIENCE_MS - waited);
    },
    end: () => {
      clearTimeout(timer);
      progress.clear();
    },
  };
}

/** `compiling ████········  33 %  checking the rules` */
export function progressText(phase: Phase): string {
  const share = PHASES.indexOf(phase) / PHASES.length;
  const filled = Math.round(share * BAR);
  const bar = '█'.repeat(filled) + '·'.repeat(BAR - filled);
  return `compiling ${bar} ${`${Math.round(share * 100)}`.padStart(3)} %  ${WORDS[phase]}`;
}
