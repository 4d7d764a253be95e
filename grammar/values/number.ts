import { bad, good, type Judged, type ValueFix, write } from './judged.ts';

/** Powers of ten for counting, powers of two (`Ki`) for memory. Case counts: `m` is minutes. */
const MULTIPLIERS: Readonly<Record<string, number>> = {
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** What people write for a multiplier, and what they mean by it. */
const MEANT: Readonly<Record<string, { readonly says: string; readonly instead: string | null }>> = {
  m: { says: '`m` is minutes', instead: 'M' },
  K: { says: 'thousand is a small `k`', instead: 'k' },
  g: { says: 'a thousand million is a capital `G`', instead: 'G' },
  ms: { says: '`ms` is milliseconds', instead: null },
  s: { says: '`s` is seconds', instead: null },
  h: { says: '`h` is hours', instead: null },
  d: { says: '`d` is days', instead: null },
  '%': { says: '`%` is a share, not a number', instead: null },
  B: { says: 'the unit goes without saying', instead: '' },
  kB: { says: 'the unit goes without saying', instead: 'k' },
  KB: { says: 'the unit goes without saying', instead: 'k' },
  MB: { says: 'the unit goes without saying', instead: 'M' },
  KiB: { says: 'the unit goes without saying', instead: 'Ki' },
  MiB: { says: 'the unit goes without saying', instead: 'Mi' },
};

const SHAPE = /^(\d+)(?:\.(\d+))?([A-Za-z%]*)$/;

/** More digits than any field can hold; guards against megabytes of them. */
const MOST_DIGITS = 15;

function hexadecimal(text: string): Judged<number> {
  const digits = text.slice(2);
  const wrong = digits.search(/[^0-9A-Fa-f]/);
  if (wrong >= 0) return bad('not-a-number', [wrong + 2, wrong + 3], 'not a hexadecimal digit');
  if (digits === '') return bad('not-a-number', [0, text.length], 'hexadecimal digits are missing');
  const significant = digits.replace(/^0+(?=.)/, '');
  if (significant.length > 13) return bad('out-of-range', [0, text.length], 'larger than any field');
  return good(Number.parseInt(significant, 16));
}

function unitProblem(text: string, digits: string, unit: string): Judged<number> {
  const place = [text.length - unit.length, text.length] as const;
  const meant = Object.hasOwn(MEANT, unit) ? MEANT[unit] : undefined;
  if (!meant) return bad('unit', place, 'not a multiplier', { help: 'multipliers are `k`, `M`, `G`, `Ki`, `Mi` and `Gi`' });
  const fixes: readonly ValueFix[] = meant.instead === null ? [] : [write(`${digits}${meant.instead}`)];
  return bad('unit', place, meant.says, { help: 'a number without a unit belongs here', fixes });
}

/** A whole number, decimal or `0x`, with an optional multiplier: `80`, `0x1f`, `10k`, `1.5M`, `64Ki`. */
export function judgeNumber(text: string): Judged<number> {
  if (/^0[xX]/.test(text)) return hexadecimal(text);
  const shape = text.length <= 64 || /^\d+$/.test(text) ? SHAPE.exec(text) : null;
  if (!shape) return bad('not-a-number', [0, text.length], 'not a number');
  const [, whole = '', fraction = '', unit = ''] = shape;
  if (whole.length > 1 && whole.startsWith('0')) {
    const plain = whole.replace(/^0+(?=\d)/, '');
    return bad('leading-zero', [0, whole.length - plain.length], 'a leading zero', {
      help: 'some tools read this as octal',
      fixes: plain.length > MOST_DIGITS ? [] : [write(`${plain}${text.slice(whole.length)}`)],
    });
  }
  if (whole.length > MOST_DIGITS) return bad('out-of-range', [0, text.length], 'larger than any field');
  const known = Object.hasOwn(MULTIPLIERS, unit);
  if (unit !== '' && !known) return unitProblem(text, text.slice(0, text.length - unit.length), unit);
  const factor = known ? (MULTIPLIERS[unit] ?? 1) : 1;
  // Digits times factor over a power of ten: exact in integers where floating point is not (1.1k).
  const scaled = BigInt(`${whole}${fraction}`) * BigInt(factor);
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) return bad('not-a-number', [0, text.length], 'not a whole number');
  const value = scaled / divisor;
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return bad('out-of-range', [0, text.length], 'larger than any field');
  return good(Number(value));
}

/** A number that fits in so many bits. */
export function judgeUint(text: string, bits: number): Judged<number> {
  const judged = judgeNumber(text);
  const highest = 2 ** bits - 1;
  if (judged.ok && judged.value <= highest) return judged;
  if (!judged.ok && judged.problem.kind !== 'out-of-range') return judged;
  return bad('out-of-range', [0, text.length], `at most ${highest}`, {
    help: `${bits === 1 ? '1 bit holds' : `${bits} bits hold`} 0 to ${highest}`,
  });
}

/** `a-b`, both ends included. Places are offsets in `first`, or behind it and the dash in `last`. */
export function judgeUintRange(first: string, last: string, bits: number): Judged<readonly [number, number]> {
  const from = judgeUint(first, bits);
  if (!from.ok) return from;
  const to = judgeUint(last, bits);
  const offset = first.length + 1;
  if (!to.ok) {
    const { problem } = to;
    const fixes = problem.fixes.map((fix) => write(`${first}-${fix.text}`));
    return { ok: false, problem: { ...problem, start: problem.start + offset, end: problem.end + offset, fixes } };
  }
  if (from.value > to.value) {
    return bad('backwards', [0, offset + last.length], 'the larger number comes first', { fixes: [write(`${last}-${first}`)] });
  }
  return good([from.value, to.value]);
}
