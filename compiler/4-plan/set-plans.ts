/** Sets that rules fill: how an element lies in memory, and for how many there is room. */
import { fieldNamed } from '../../grammar/fields/index.ts';
import type { DynamicSet, Program } from '../2-resolve/program.ts';
import type { ElementPart, SetPlan } from './plan.ts';

/** PKTC_BUCKET_PLACES in `templates/include/pktc/dynamic_sets.h`; half of the places are for elements, so that each finds one. */
const BUCKET_PLACES = 8;
const LEAST_BUCKETS = 2;

const WORDS: Readonly<Record<ElementPart, number>> = { address: 4, wide: 2, number: 1 };

export function setPlans({ dynamicSets = [] }: Program): readonly SetPlan[] {
  return dynamicSets.map(setPlan);
}

function setPlan(set: DynamicSet): SetPlan {
  const parts = set.fields.map(partOf);
  const family = parts.includes('address') ? 1 : 0;
  const words = parts.reduce((sum, part) => sum + WORDS[part], family);
  const wanted = Math.ceil((2 * set.size) / BUCKET_PLACES);
  return { set, parts, words, buckets: Math.max(LEAST_BUCKETS, 2 ** Math.ceil(Math.log2(wanted))) };
}

function partOf(name: string): ElementPart {
  const type = fieldNamed(name)?.type;
  if (type?.kind === 'address') return 'address';
  const bits = type?.kind === 'mac' ? 48 : type?.kind === 'uint' || type?.kind === 'flags' ? type.bits : 64;
  return bits > 32 ? 'wide' : 'number';
}
