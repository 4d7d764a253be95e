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
const PART = /^\t*\/\* part: ([a-z]+) \*\/$/;
const END = /^\t*\/\* end: ([a-z]+) \*\/$/;

/**
 * Cuts a skeleton at its slot marks; what stands in a slot is there so that the skeleton compiles alone.
 * @param wanted the parts of the skeleton that stay; the others are left out
 */
export function partsOf(skeleton: string, wanted: ReadonlySet<string> = new Set()): readonly SkeletonPart[] {
  const parts: SkeletonPart[] = [];
  let lines: string[] = [];
  /** The slot, or the part that is not wanted, that is being left out. */
  let open: string | null = null;
  for (const line of skeleton.trimEnd().split('\n')) {
    const slot = SLOT.exec(line);
    const part = PART.exec(line)?.[1];
    if (part !== undefined) {
      if (!wanted.has(part)) open = part;
    } else if (slot) {
      parts.push({ kind: 'lines', lines }, { kind: 'slot', name: slot[2] ?? '', depth: (slot[1] ?? '').length });
      lines = [];
      open = slot[2] ?? '';
    } else if (END.exec(line)?.[1] === open && open !== null) {
      open = null;
    } else if (open === null && !isEndOfPart(line, wanted)) {
      lines.push(line);
    }
  }
  parts.push({ kind: 'lines', lines });
  return parts.filter((part) => part.kind === 'slot' || part.lines.length > 0);
}

function isEndOfPart(line: string, wanted: ReadonlySet<string>): boolean {
  const name = END.exec(line)?.[1];
  return name !== undefined && wanted.has(name);
}
