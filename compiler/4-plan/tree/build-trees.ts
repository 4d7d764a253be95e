import type { BoxSet, TreeShape } from './box-set.ts';

export interface TreeOptions {
  readonly start: number;
  readonly bytesMax: number;
  readonly partitions?: number;
}

export interface Trees {
  readonly bytes: Uint8Array;
  readonly roots: readonly (readonly number[])[];
  readonly depth: number;
  readonly leaf: number;
  readonly nodes: number;
  readonly records: number;
  readonly partitions: string;
  readonly cost: number;
}

export function buildTrees(
  _sets: readonly (BoxSet | null)[],
  _shape: TreeShape,
  _options: TreeOptions,
): Trees | { readonly problem: 'too large' } {
  return { problem: 'too large' };
}
