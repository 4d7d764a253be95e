/**
 * Records of the leaves in C: a structure for each family and whether a key is inside of one. They follow from the shape, as what the
 * trees' writer puts there does (4-plan/tree/record-layout.ts).
 */
import type { TreeShape } from '../4-plan/tree/box-set.ts';
import { KEY_SCALARS, type RecordField, type RecordLayout, recordLayout } from '../4-plan/tree/record-layout.ts';
import { BLANK, binary, call, chain, type Declaration, decimal, type Expr, member, type Parameter } from './c.ts';

/** `PKTC_KEY_USED`, `struct pktc_record4`, its size and `pktc_record4_matches`, and the same for `pktc_record6`. */
export function recordDeclarations(shape: TreeShape): readonly Declaration[] {
  const used = KEY_SCALARS + shape.scalars.length + (shape.bits === null ? 0 : 1);
  return [
    { kind: 'include', path: 'pktc/tree_match.h' },
    BLANK,
    { kind: 'comment', lines: ['Words of the key that this program fills.'] },
    { kind: 'define', name: 'PKTC_KEY_USED', value: decimal(used) },
    ...record(shape, 4),
    BLANK,
    ...record(shape, 6),
  ];
}

function record(shape: TreeShape, family: 4 | 6): readonly Declaration[] {
  const layout = recordLayout(shape, family);
  const name = `pktc_record${family}`;
  const parameters = [
    { type: `const struct ${name} *`, name: 'record' },
    { type: 'const struct pktc_key *', name: 'key' },
  ];
  const outside = chain('|', [
    ...(family === 4 ? addresses4() : addresses6()),
    ...layout.fields.map((field) => fieldOutside(shape, field)),
  ]);
  return [
    { kind: 'define', name: `PKTC_RECORD${family}_BYTES`, value: decimal(layout.bytes) },
    BLANK,
    { kind: 'struct', name, members: [...(family === 4 ? MEMBERS_4 : MEMBERS_6), ...fieldMembers(shape, layout)] },
    BLANK,
    {
      kind: 'function',
      linkage: 'inline',
      returns: 'bool',
      name: `${name}_matches`,
      parameters,
      body: [{ kind: 'return', value: binary(outside, '==', decimal(0)) }],
    },
  ];
}

const u32 = (name: string): Parameter => ({ type: '__u32', name });
const u64 = (name: string): Parameter => ({ type: '__u64', name });

const MEMBERS_4: readonly Parameter[] = [u32('entry'), u32('src'), u32('src_span'), u32('dst'), u32('dst_span')];
const MEMBERS_6: readonly Parameter[] = [
  ...[u64('src'), u64('src_low'), u64('dst'), u64('dst_low')],
  ...['src', 'src_low', 'dst', 'dst_low'].flatMap((half) => [
    { type: '__u8', name: `${half}_shift` },
    { type: '__u8', name: `${half}_more` },
  ]),
  u32('entry'),
];

/** `size`, `size_span`; flags: `tcp_flags_mask`, `tcp_flags`. What is left of the record is room. */
function fieldMembers(shape: TreeShape, layout: RecordLayout): readonly Parameter[] {
  return layout.fields.flatMap((field) => {
    const type = `__u${8 * field.bytes}`;
    const [first, second] = memberNames(shape, field);
    return [
      { type, name: first },
      { type, name: second },
    ];
  });
}

/** The shape names each dimension after the slot it is filled from. */
function memberNames(shape: TreeShape, { scalar }: RecordField): readonly [string, string] {
  if (scalar < 0) return [`on_${bitsName(shape)}_mask`, `on_${bitsName(shape)}`];
  const slot = shape.scalars[scalar]?.slot;
  return [`on_${slot}`, `on_${slot}_span`];
}

function bitsName({ bits }: TreeShape): string {
  return bits === null || bits.presence.length > 0 ? 'bits' : (bits.flags?.slot ?? 'bits');
}

function at(word: number): Expr {
  return { kind: 'element', of: member('key', 'at'), index: word };
}

function addresses4(): readonly Expr[] {
  return (['src', 'dst'] as const).map((side, index) =>
    call('pktc_beyond', at(2 * index), member('record', side), member('record', `${side}_span`)),
  );
}

function addresses6(): readonly Expr[] {
  return ['src', 'src_low', 'dst', 'dst_low'].map((half, index) =>
    call(
      'pktc_differs',
      at(index),
      member('record', half),
      member('record', `${half}_shift`),
      member('record', `${half}_more`),
    ),
  );
}

function fieldOutside(shape: TreeShape, field: RecordField): Expr {
  const [first, second] = memberNames(shape, field);
  const word = at(KEY_SCALARS + (field.scalar < 0 ? shape.scalars.length : field.scalar));
  const helper = field.scalar < 0 ? 'pktc_unlike' : 'pktc_beyond16';
  return call(helper, word, member('record', first), member('record', second));
}
