import { bad, good, type Judged, write } from './judged.ts';

/** One in so many, `1/100`: the N. */
export function judgeRatio(text: string, least: number, most: number): Judged<number> {
  const whole = [0, text.length] as const;
  const help = `write \`1/N\`, N from ${least} to ${most}`;
  if (text.length > 32) return bad('not-a-ratio', whole, 'not a ratio', { help });
  const share = /^(\d+)%$/.exec(text);
  if (share && Number(share[1]) > 0 && 100 % Number(share[1]) === 0) {
    return bad('not-a-ratio', whole, 'a share, not a ratio', { help, fixes: [write(`1/${100 / Number(share[1])}`)] });
  }
  if (/^[1-9]\d*$/.test(text) && Number(text) <= most) {
    return bad('not-a-ratio', whole, 'not a ratio', { help, fixes: [write(`1/${text}`)] });
  }
  const parts = /^(\d+)\/(\d+)$/.exec(text);
  if (!parts) return bad('not-a-ratio', whole, 'not a ratio', { help });
  const [, over = '', under = ''] = parts;
  if (over !== '1') return bad('not-a-ratio', [0, over.length], 'a 1 belongs here', { help });
  const place = [over.length + 1, text.length] as const;
  if (under.length > 1 && under.startsWith('0')) return bad('leading-zero', place, 'a leading zero', { help });
  if (Number(under) < least || Number(under) > most) return bad('out-of-range', place, `${least} to ${most}`, { help });
  return good(Number(under));
}
