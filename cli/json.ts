/** Characters that JSON leaves as they are and a terminal might obey: C1 controls, delete, and those that reorder a line. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * One line of JSON. 64-bit counters become numbers, exact up to 2^53. Every control character is escaped, so that a line is safe
 * to look at, whatever a packet or a rule put in it.
 */
export function jsonLine(value: unknown): string {
  return `${jsonText(value)}\n`;
}

export function jsonText(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? Number(member) : member), indent);
  return text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
