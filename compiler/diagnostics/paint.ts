/** SGR parameters of the styles that diagnostics use. */
const STYLES: Readonly<Record<Style, string>> = { error: '1;31', warning: '1;33', frame: '1;34', help: '1;32', bold: '1' };

export type Style = 'error' | 'warning' | 'frame' | 'help' | 'bold';

/** Wraps text in a style, or leaves it alone. */
export type Paint = (style: Style, text: string) => string;

export function painter(color: boolean): Paint {
  return (style, text) => (color && text !== '' ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text);
}
