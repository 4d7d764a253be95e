/** Text for a screen of a certain width: cut by what characters take there, not by how many there are. */
import { displayWidth } from '../../compiler/diagnostics/visible.ts';

/** A text, which has gone through `visible`, with what colours it. */
export interface Segment {
  readonly text: string;
  readonly style?: ((text: string) => string) | undefined;
}

/** At most `width` cells of it, the last one `…` when something is missing. */
export function clip(text: string, width: number): string {
  if (width <= 0) return '';
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    const cells = displayWidth(character);
    if (used + cells > width - 1) break;
    kept += character;
    used += cells;
  }
  return `${kept}…`;
}

/** Clipped, and filled with spaces to exactly `width` cells. */
export function padded(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const clipped = clip(text, width);
  const padding = ' '.repeat(Math.max(0, width - displayWidth(clipped)));
  return align === 'left' ? clipped + padding : padding + clipped;
}

/** One line of at most `width` cells. */
export function line(segments: readonly Segment[], width: number): string {
  let left = width;
  let text = '';
  for (const segment of segments) {
    const clipped = clip(segment.text, left);
    left -= displayWidth(clipped);
    text += segment.style && clipped !== '' ? segment.style(clipped) : clipped;
    if (left <= 0) break;
  }
  return text;
}
