/** Skeletons: real C whose named slots the compiler fills. */
/** The files under `templates/`, as texts: what is compiled is exactly these and the generated program. */
export interface Templates {
  /** `templates/hooks/<file>` by file name. */
  readonly skeletons: ReadonlyMap<string, string>;
  /** `templates/include/<path>`, sorted by path. */
  readonly headers: readonly { readonly path: string; readonly text: string }[];
}

export type SkeletonPart =
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'slot'; readonly name: string; readonly depth: number };

const SLOT = /^(\t*)\/\* slot: ([a-z]+) \*\/$/;
const END = /^\t*\/\* end: ([a-z]+) \*\/$/;

/** Cuts a skeleton at its slot marks; what stands in a slot is there so that the skeleton compiles alone. */
export function partsOf(skeleton: string): readonly SkeletonPart[] {
  const parts: SkeletonPart[] = [];
  let lines: string[] = [];
  let open: string | null = null;
  for (const line of skeleton.trimEnd().split('\n')) {
    const slot = SLOT.exec(line);
    if (slot) {
      parts.push({ kind: 'lines', lines }, { kind: 'slot', name: slot[2] ?? '', depth: (slot[1] ?? '').length });
      lines = [];
      open = slot[2] ?? '';
    } else if (END.exec(line)?.[1] === open && open !== null) {
      open = null;
    } else if (open === null) {
      lines.push(line);
    }
  }
  parts.push({ kind: 'lines', lines });
  return parts.filter((part) => part.kind === 'slot' || part.lines.length > 0);
}
