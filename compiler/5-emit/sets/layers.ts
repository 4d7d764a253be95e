/**
 * Sets of wide values layer by layer: of edges, those at whole multiples of a coarser unit become edges of the coarser layer; units
 * with edges inside are *open*, and have those to themselves. What the coarser layer says of an open unit is never asked.
 */
import { growing } from './growing.ts';

export interface Layer {
  /** Edges of the coarser layer, `words` of 32 bits each. */
  readonly coarse: Uint32Array;
  /** Open units, likewise. */
  readonly units: Uint32Array;
  /** Their edges: those of unit `i` are `[starts[i], starts[i + 1])` of `inside`. */
  readonly starts: Uint32Array;
  /** 1: the beginning of the unit is in. */
  readonly parities: Uint8Array;
  /** Edges within units, `stride - words` of 32 bits each. */
  readonly inside: Uint32Array;
}

/** @param edges of `stride` words each, the highest first. @param words of them name the unit, 1 or 2 */
export function splitLayer(edges: Uint32Array, stride: number, words: number): Layer {
  const make = (length: number) => new Uint32Array(length);
  const [coarse, units, starts, inside] = [growing(make), growing(make), growing(make), growing(make)];
  const parities: number[] = [];
  const rest = stride - words;
  const push = (into: typeof coarse, at: number): void => {
    for (let word = 0; word < words; word++) into.push(edges[at + word] ?? 0);
  };
  let told = 0;
  for (let at = 0; at < edges.length; ) {
    let end = at + stride;
    while (end < edges.length && same(edges, at, end, words)) end += stride;
    const before = (at / stride) % 2;
    const behind = (end / stride) % 2;
    const whole = isZero(edges, at + words, rest);
    const first = whole ? at + stride : at;
    if (first === end) {
      // One edge, and between units.
      if (told !== behind) push(coarse, at);
      told = behind;
      at = end;
      continue;
    }
    push(units, at);
    parities.push(whole ? 1 - before : before);
    starts.push(inside.length() / rest);
    for (let edge = first; edge < end; edge += stride) {
      for (let word = words; word < stride; word++) inside.push(edges[edge + word] ?? 0);
    }
    if (told !== behind && !follows(edges, at, end, words) && pushNext(coarse, edges, at, words)) told = behind;
    at = end;
  }
  starts.push(inside.length() / rest);
  return {
    coarse: coarse.view(),
    units: units.view(),
    starts: starts.view(),
    parities: Uint8Array.from(parities),
    inside: inside.view(),
  };
}

function same(edges: Uint32Array, one: number, other: number, words: number): boolean {
  for (let word = 0; word < words; word++) {
    if (edges[one + word] !== edges[other + word]) return false;
  }
  return true;
}

function isZero(edges: Uint32Array, at: number, words: number): boolean {
  for (let word = 0; word < words; word++) {
    if (edges[at + word] !== 0) return false;
  }
  return true;
}

/** Whether the unit at `next` is the one behind the unit at `at`: it says for itself what it begins with. */
function follows(edges: Uint32Array, at: number, next: number, words: number): boolean {
  if (next >= edges.length) return false;
  const [high, low] = [edges[at] ?? 0, edges[at + words - 1] ?? 0];
  const carry = low === 0xffff_ffff;
  if (edges[next + words - 1] !== (carry ? 0 : low + 1)) return false;
  return words === 1 ? !carry : edges[next] === (carry ? high + 1 : high);
}

/** The unit behind that at `at`; false: there is none. */
function pushNext(coarse: { push(value: number): void }, edges: Uint32Array, at: number, words: number): boolean {
  const [high, low] = [edges[at] ?? 0, edges[at + words - 1] ?? 0];
  const carry = low === 0xffff_ffff;
  if (carry && (words === 1 || high === 0xffff_ffff)) return false;
  if (words === 2) coarse.push(carry ? high + 1 : high);
  coarse.push(carry ? 0 : low + 1);
  return true;
}
