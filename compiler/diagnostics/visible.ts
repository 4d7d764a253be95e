/**
 * Text as a terminal may show it: what a user wrote must not move the cursor, recolour the screen or reorder the line, and a
 * caret has to stand under the right column.
 */

/** Controls, invisible and direction-changing characters, lone surrogates. */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/u;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' };

const COMBINING = /^(?:[\p{Mn}\p{Me}]|[\ufe00-\ufe0f]|\u200c|\u200d)$/u;

/** East Asian wide and fullwidth (UAX 11) and emoji that terminals draw two cells wide. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{1fa70}-\u{1faff}\u{20000}-\u{3fffd}\u231a\u231b\u23e9-\u23ec\u25fd\u25fe\u2614\u2615\u26a1\u2705\u274c\u2728\u2b50]$/u;

const TAB = '    ';

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return NAMED[character] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`);
}

/** One line of harmless text: unsafe characters as `\n`, `\x1b`, `\u{202e}`. */
export function visible(text: string): string {
  // Almost every text is harmless; the search is far cheaper than the loop.
  return UNSAFE.test(text)
    ? Array.from(text, (character) => (UNSAFE.test(character) ? escaped(character) : character)).join('')
    : text;
}

/** A piece of a source line as shown: tabs as four spaces, unsafe characters escaped. */
export function visibleLine(text: string): string {
  return text.split('\t').map(visible).join(TAB);
}

/** Terminal columns of a text that went through {@link visible}. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}
