/** Sets of integers as inclusive ranges. Canonical: sorted, disjoint, not adjacent. Numbers stay below 2^53. */
export type Range<N extends number | bigint> = readonly [first: N, last: N];

/** Adds one without leaving the type. */
function next<N extends number | bigint>(value: N): N {
  return (typeof value === 'bigint' ? value + 1n : Number(value) + 1) as N;
}

function previous<N extends number | bigint>(value: N): N {
  return (typeof value === 'bigint' ? value - 1n : Number(value) - 1) as N;
}

/** Math.max does not take bigints. */
function larger<N extends number | bigint>(a: N, b: N): N {
  if (a > b) return a;
  return b;
}

/** The canonical form of any list of ranges. */
export function merged<N extends number | bigint>(ranges: readonly Range<N>[]): readonly Range<N>[] {
  const sorted = [...ranges].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const result: [N, N][] = [];
  for (const [first, last] of sorted) {
    const tail = result.at(-1);
    if (tail !== undefined && first <= next(tail[1])) {
      if (last > tail[1]) tail[1] = last;
    } else {
      result.push([first, last]);
    }
  }
  return result;
}

/** Everything from `lowest` to `highest` that canonical `ranges` leave out. */
export function complement<N extends number | bigint>(ranges: readonly Range<N>[], lowest: N, highest: N): readonly Range<N>[] {
  const result: Range<N>[] = [];
  let from = lowest;
  for (const [first, last] of ranges) {
    if (first > from) result.push([from, previous(first)]);
    if (last >= highest) return result;
    from = next(last);
  }
  result.push([from, highest]);
  return result;
}

/** Whether a set of one range has all that is in another. */
function covers<N extends number | bigint>(one: readonly Range<N>[], other: readonly Range<N>[]): boolean {
  const [whole] = one;
  const [first, last] = [other[0], other.at(-1)];
  if (one.length !== 1 || whole === undefined || first === undefined || last === undefined) return false;
  return whole[0] <= first[0] && last[1] <= whole[1];
}

/** What two canonical sets have in common. */
export function intersection<N extends number | bigint>(a: readonly Range<N>[], b: readonly Range<N>[]): readonly Range<N>[] {
  if (a === b || covers(a, b)) return b;
  if (covers(b, a)) return a;
  const result: Range<N>[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const left = a[i];
    const right = b[j];
    if (left === undefined || right === undefined) return result;
    const first = larger(left[0], right[0]);
    const last = larger(left[1], right[1]) === left[1] ? right[1] : left[1];
    if (first <= last) result.push([first, last]);
    if (left[1] < right[1]) i += 1;
    else j += 1;
  }
}
