import type { Verdict } from '../2-resolve/program.ts';

/** What a rule does to packets that it keeps from their way, as messages say it; null: it lets them go on. */
export function stops(verdict: Verdict | null): 'drops' | 'rejects' | 'rehearses dropping' | null {
  switch (verdict) {
    case 'drop':
      return 'drops';
    case 'reject':
      return 'rejects';
    case 'audit':
      return 'rehearses dropping';
    default:
      return null;
  }
}
