import type { TreeShape } from '../4-plan/tree/box-set.ts';
import type { Declaration } from './c.ts';

export function recordDeclarations(_shape: TreeShape): readonly Declaration[] {
  return [];
}
