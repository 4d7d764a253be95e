/** A part of the bench: measures, and gives back tables. */

export interface Options {
  /** A minute for all parts together. */
  readonly quick: boolean;
  /** Numbers of rules; null: those of the part. */
  readonly sizes: readonly number[] | null;
  /** Names of rule sets; null: all. */
  readonly kinds: readonly string[] | null;
}

export interface Table {
  /** A sentence or two above it. */
  readonly title: string;
  /** What made it. */
  readonly command: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Part {
  readonly name: string;
  readonly summary: string;
  run(options: Options, say: (text: string) => void): Promise<readonly Table[]>;
}

/** As Markdown: the first column to the left, the others to the right. */
export function tableText({ title, command, head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = `|${head.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`;
  return `${title} \`${command}\`:\n\n${[line(head), rule, ...rows.map(line)].join('\n')}\n`;
}
