import { bad, good, type Judged, write } from './judged.ts';

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, min: 60e3, h: 3600e3, d: 86400e3 };

/** A time with its unit, in milliseconds: `500ms`, `30s`, `10m`, `2h`, `7d`. */
export function judgeDuration(text: string): Judged<number> {
  const whole = [0, text.length] as const;
  const shape = text.length > 32 ? null : /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text);
  const [, digits = '', unit = ''] = shape ?? [];
  const help = 'units are `ms`, `s`, `m`, `h` and `d`';
  if (!shape) return bad('not-a-quantity', whole, 'not a duration', { help });
  if (unit === '') return bad('not-a-quantity', whole, 'the unit is missing', { help, fixes: [write(`${digits}s`)] });
  const factor = Object.hasOwn(MILLISECONDS, unit) ? MILLISECONDS[unit] : undefined;
  if (factor === undefined) {
    const fixes = unit === 'M' ? [write(`${digits}m`)] : [];
    return bad('not-a-quantity', [digits.length, text.length], unit === 'M' ? '`M` is million' : 'not a unit of time', {
      help,
      fixes,
    });
  }
  const value = Number(digits) * factor;
  if (!Number.isSafeInteger(value)) return bad('not-a-quantity', whole, 'not a whole number of milliseconds');
  return good(value);
}

/** The largest unit that leaves a whole number. */
export function printDuration(milliseconds: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = MILLISECONDS[unit] ?? 1;
    if (milliseconds !== 0 && milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  }
  return `${milliseconds}ms`;
}
