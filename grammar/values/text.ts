import { bad, good, type Judged } from './judged.ts';

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, '"': 34, '\\': 92 };

/** The bytes that a string stands for: UTF-8, with `\n \r \t \" \\ \xNN`. `text` is what stands between the quotes. */
export function judgeText(text: string): Judged<Uint8Array> {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  let at = 0;
  while (at < text.length) {
    const slash = text.indexOf('\\', at);
    const plain = text.slice(at, slash < 0 ? text.length : slash);
    for (const byte of encoder.encode(plain)) bytes.push(byte);
    if (slash < 0) break;
    const letter = text[slash + 1] ?? '';
    const hex = text.slice(slash + 2, slash + 4);
    const code = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (code !== undefined) {
      bytes.push(code);
      at = slash + 2;
    } else if (letter === 'x' && /^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      at = slash + 4;
    } else {
      const help = 'escapes are `\\n`, `\\r`, `\\t`, `\\"`, `\\\\` and `\\xNN`';
      const end = Math.min(letter === 'x' ? slash + 4 : slash + 2, text.length);
      return bad('escape', [slash, end], letter === 'x' ? 'two hexadecimal digits belong here' : 'not an escape', { help });
    }
  }
  return good(Uint8Array.from(bytes));
}
