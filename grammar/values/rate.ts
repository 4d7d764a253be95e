import { judgeDuration } from './duration.ts';
import { bad, good, type Judged } from './judged.ts';

export interface Rate {
  readonly what: 'packets' | 'bytes' | 'bits';
  /** So many of them. */
  readonly amount: number;
  readonly per_ms: number;
}

const MULTIPLIERS: Readonly<Record<string, number>> = { '': 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9 };

/** `100/s` packets, `5MB/s` bytes, `100Mbit/s` bits; the time is `ms s min m h d`. */
export function judgeRate(text: string): Judged<Rate> {
  const whole = [0, text.length] as const;
  const shape = text.length > 48 ? null : /^(\d+(?:\.\d+)?)([kKMG]?)(bit|B|)\/([a-z]+)$/.exec(text);
  if (!shape) return bad('not-a-quantity', whole, 'not a rate', { help: 'write `100/s`, `5MB/s` or `100Mbit/s`' });
  const [, digits = '', multiplier = '', unit = '', time = ''] = shape;
  const per = judgeDuration(`1${time}`);
  if (!per.ok) return bad('not-a-quantity', [text.length - time.length, text.length], 'not a unit of time');
  const amount = Number(digits) * (MULTIPLIERS[multiplier] ?? 1);
  if (!Number.isSafeInteger(amount) || amount === 0) return bad('not-a-quantity', whole, 'not a whole number, at least 1');
  return good({ what: unit === 'B' ? 'bytes' : unit === 'bit' ? 'bits' : 'packets', amount, per_ms: per.value });
}
