/** Nodes and leaves of one set of boxes as they grow. Numbers are relative until `write-trees.ts` puts the parts together. */

/** Words of a node: `from`, then `at | shift | up | down` a byte each, `next`, `first`. See templates/include/pktc/tree.h. */
export const NODE_WORDS = 4;
export const LEAF = 0x80;
/** In `up` of a leaf: the number of records stands in a record of its own in front of them. */
export const LONG_LEAF = 0xff;
/** Records of a leaf that the kernel walks with a plain loop. */
export const SHORT_LEAF = 20;
/** `first` of a node without boxes. */
export const NO_ENTRY = 0x7fff_ffff;
/** In `boxes`: a record that only holds how many follow. */
export const HEADER = 0xffff_ffff;

const KNOWN_MIN = 1024;

export interface TreeStore {
  nodes: Uint32Array;
  nodeBytes: Uint8Array;
  nodeCount: number;
  /** Which box each record is; behind `HEADER` there is always a record more, and `lengths` says how many. */
  boxes: Uint32Array;
  recordCount: number;
  readonly longLeaves: Map<number, number>;
  /** Its records as bytes, as far as there were any when they were last written. */
  written: Uint8Array;
  /** Leaves by what they hold: first record + 1, open addressing, with its length beside it. */
  known: Uint32Array;
  knownLength: Uint32Array;
  knownCount: number;
}

export function newStore(boxes: number): TreeStore {
  const nodes = new Uint32Array(NODE_WORDS * (64 + 2 * boxes));
  return {
    nodes,
    nodeBytes: new Uint8Array(nodes.buffer),
    nodeCount: 0,
    boxes: new Uint32Array(64 + 2 * boxes),
    recordCount: 0,
    longLeaves: new Map(),
    written: new Uint8Array(),
    known: new Uint32Array(KNOWN_MIN),
    knownLength: new Uint32Array(KNOWN_MIN),
    knownCount: 0,
  };
}

/** Nodes side by side, which begin where they touch the fewest cache lines; empty leaves until they are set. */
export function addNodes(store: TreeStore, count: number): number {
  const align = Math.min(count, 4);
  const first = Math.ceil(store.nodeCount / align) * align;
  const need = (first + count) * NODE_WORDS;
  if (need > store.nodes.length) {
    const more = new Uint32Array(2 * need);
    more.set(store.nodes);
    store.nodes = more;
    store.nodeBytes = new Uint8Array(more.buffer);
  }
  for (let node = store.nodeCount; node < first + count; node++) clearNode(store, node);
  store.nodeCount = first + count;
  return first;
}

export function setNode(
  store: TreeStore,
  node: number,
  from: number,
  at: number,
  shift: number,
  up: number,
  down: number,
  next: number,
  first: number,
): void {
  const { nodes, nodeBytes } = store;
  const word = NODE_WORDS * node;
  nodes[word] = from;
  nodeBytes[4 * word + 4] = at;
  nodeBytes[4 * word + 5] = shift;
  nodeBytes[4 * word + 6] = up;
  nodeBytes[4 * word + 7] = down;
  nodes[word + 2] = next;
  nodes[word + 3] = first;
}

export function clearNode(store: TreeStore, node: number): void {
  setNode(store, node, 0, LEAF, 63, 0, 31, 0, NO_ENTRY);
}

/**
 * Gives all boxes and entries other numbers, in the same order.
 * @param boxes by the number before; -1: gone, and in no leaf that is still to be read
 */
export function renumber(store: TreeStore, boxes: Int32Array, entries: Uint32Array): void {
  for (let record = 0; record < store.recordCount; record++) {
    const box = store.boxes[record] as number;
    if (box !== HEADER) store.boxes[record] = boxes[box] as number;
  }
  const { nodes, nodeCount } = store;
  for (let word = 3; word < NODE_WORDS * nodeCount; word += NODE_WORDS) {
    const entry = nodes[word] as number;
    if (entry !== NO_ENTRY) nodes[word] = entries[entry] as number;
  }
  // Leaves were known by the numbers that their boxes had.
  store.known = new Uint32Array(KNOWN_MIN);
  store.knownLength = new Uint32Array(KNOWN_MIN);
  store.knownCount = 0;
}

/** Number of the first record of a leaf that holds `pool[from..to)`: one that is there already, or a new one. */
export function addLeaf(store: TreeStore, pool: Uint32Array, from: number, to: number): number {
  const count = to - from;
  let hash = count;
  for (let index = from; index < to; index++) hash = Math.imul(hash ^ (pool[index] ?? 0), 0x9e37_79b1);
  hash ^= hash >>> 15;
  const mask = store.known.length - 1;
  let slot = hash & mask;
  for (; store.known[slot] !== 0; slot = (slot + 1) & mask) {
    if (store.knownLength[slot] === count && isLeaf(store, (store.known[slot] ?? 0) - 1, pool, from, to)) {
      return (store.known[slot] ?? 0) - 1;
    }
  }
  const first = appendLeaf(store, pool, from, to);
  store.known[slot] = first + 1;
  store.knownLength[slot] = count;
  if (++store.knownCount * 2 > store.known.length) growKnown(store);
  return first;
}

function isLeaf(store: TreeStore, first: number, pool: Uint32Array, from: number, to: number): boolean {
  const start = store.boxes[first] === HEADER ? first + 1 : first;
  for (let index = from; index < to; index++) if (store.boxes[start + index - from] !== pool[index]) return false;
  return true;
}

function appendLeaf(store: TreeStore, pool: Uint32Array, from: number, to: number): number {
  const need = store.recordCount + to - from + 1;
  if (need > store.boxes.length) {
    const more = new Uint32Array(2 * need);
    more.set(store.boxes);
    store.boxes = more;
  }
  const first = store.recordCount;
  if (to - from > SHORT_LEAF) {
    store.longLeaves.set(first, to - from);
    store.boxes[store.recordCount++] = HEADER;
  }
  store.boxes.set(pool.subarray(from, to), store.recordCount);
  store.recordCount += to - from;
  return first;
}

/** Twice the room; leaves are found by what they hold, so that their hashes are computed again. */
function growKnown(store: TreeStore): void {
  const { known, knownLength } = store;
  const size = 2 * known.length;
  store.known = new Uint32Array(size);
  store.knownLength = new Uint32Array(size);
  for (let old = 0; old < known.length; old++) {
    const leaf = known[old] ?? 0;
    if (leaf === 0) continue;
    const count = knownLength[old] ?? 0;
    const start = store.boxes[leaf - 1] === HEADER ? leaf : leaf - 1;
    let hash = count;
    for (let index = start; index < start + count; index++) hash = Math.imul(hash ^ (store.boxes[index] ?? 0), 0x9e37_79b1);
    hash ^= hash >>> 15;
    let slot = hash & (size - 1);
    while (store.known[slot] !== 0) slot = (slot + 1) & (size - 1);
    store.known[slot] = leaf;
    store.knownLength[slot] = count;
  }
}
