import type { Field } from '../../grammar/fields/field.ts';
import type { Label } from '../diagnostics/diagnostic.ts';
import type { Compared } from './compared.ts';
import { takes } from './describe.ts';
import type { FileSet, SetKind } from './file-set.ts';
import type { SetItem } from './items.ts';
import type { NumberRange } from './program.ts';

const KINDS: readonly SetKind[] = ['address', 'number', 'mac'];

const HAS: Readonly<Record<SetKind, string>> = { address: 'addresses', number: 'numbers', mac: 'MAC addresses' };

/** Whether the files that a comparison names list values of its field, and no others; what is wrong has been told. */
export function setsFit(compared: Compared): boolean {
  return compared.items.sets.map((item) => fits(compared, item)).every((fit) => fit);
}

/** What the files of a comparison list, for a field of 64 bits at most. */
export function rangesInSets({ items }: Compared, of: 'numbers' | 'macs'): readonly NumberRange[] {
  const [only, ...more] = items.sets.map(({ set }) => set[of]);
  return more.length === 0 ? (only ?? []) : items.sets.flatMap(({ set }) => set[of]);
}

function fits({ context, field, node }: Compared, { name, set, written }: SetItem): boolean {
  const wanted = node.mask === null ? kindFor(field) : null;
  const other = KINDS.find((kind) => kind !== wanted && set.first[kind] !== null);
  if (other !== undefined) {
    const parameters = { field: field.name, takes: takes(field), name, has: HAS[other] };
    const help = wanted === null ? 'list the values in the rule file' : 'keep values of each kind in a file of their own';
    context.report('PKT2057', parameters, written, `this has ${HAS[other]}`, { help, related: placeIn(set, set.first[other]) });
    return false;
  }
  if (wanted !== 'number' || field.type.kind !== 'uint') return true;
  const highest = 2 ** field.type.bits - 1;
  const largest = set.numbers.at(-1)?.[1] ?? 0;
  if (largest <= highest || set.largest === null) return true;
  const text = set.source.text.slice(set.largest.start, set.largest.end);
  context.report('PKT2114', { text }, written, `\`${field.name}\` is at most ${highest}`, {
    related: placeIn(set, set.largest),
    help: 'delete the value from the file',
  });
  return false;
}

function kindFor({ type }: Field): SetKind | null {
  if (type.kind === 'address' || type.kind === 'mac') return type.kind;
  return type.kind === 'uint' && !type.closed ? 'number' : null;
}

function placeIn({ source }: FileSet, span: Label['span'] | null): readonly Label[] {
  return span === null ? [] : [{ source, span, text: 'this value' }];
}
