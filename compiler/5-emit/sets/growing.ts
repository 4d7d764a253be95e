type Numbers = Uint8Array | Uint32Array | BigUint64Array;

/** Numbers in one block of memory that grows with them. */
export interface Growing<A extends Numbers> {
  push(value: A[number]): void;
  append(values: A): void;
  /** Elements so far. */
  length(): number;
  /** What there is, without a copy: valid until the next one comes. */
  view(): A;
}

const FIRST_ROOM = 1024;

export function growing<A extends Numbers>(make: (length: number) => A): Growing<A> {
  let room = make(FIRST_ROOM);
  let used = 0;
  const need = (more: number): void => {
    if (used + more <= room.length) return;
    const larger = make(Math.max(2 * room.length, used + more));
    larger.set(room.subarray(0, used) as never);
    room = larger;
  };
  return {
    push: (value) => {
      if (used === room.length) need(1);
      room[used++] = value;
    },
    append: (values) => {
      need(values.length);
      room.set(values as never, used);
      used += values.length;
    },
    length: () => used,
    view: () => room.subarray(0, used) as A,
  };
}
