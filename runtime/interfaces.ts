/** Network interfaces by name, in the network namespace of this process. */
import { readFileSync } from 'node:fs';
import { type Libc, openLibc } from './ffi/libc.ts';
import { RuntimeError } from './runtime-error.ts';

/** IFNAMSIZ less the zero at the end. */
const LONGEST_NAME = 15;
/** More edits than this are another name, not a slip. */
const FARTHEST_SUGGESTION = 3;
const MOST_NAMES = 8;

/**
 * The index of an interface. A name that no interface can have is refused before it gets anywhere near the system.
 * @throws RuntimeError PKT6001, PKT6010
 */
export function findInterface(libc: Libc, ifname: string): number {
  const problem = nameProblem(ifname);
  if (problem !== null) {
    throw new RuntimeError('PKT6010', `${JSON.stringify(ifname.slice(0, 40))} cannot be the name of an interface: ${problem}`, {
      help: namesHelp(interfaceNames()),
    });
  }
  const ifindex = libc.if_nametoindex(ifname);
  if (ifindex !== 0) return ifindex;
  const names = interfaceNames();
  const similar = names
    .map((name) => ({ name, edits: editDistance(name, ifname) }))
    .filter(({ edits }) => edits <= FARTHEST_SUGGESTION && edits < ifname.length)
    .sort((a, b) => a.edits - b.edits)[0];
  throw new RuntimeError('PKT6001', `there is no interface \`${ifname}\``, {
    help: similar === undefined ? namesHelp(names) : `did you mean \`${similar.name}\`? ${namesHelp(names)}`,
  });
}

/** As the kernel has it (dev_valid_name in net/core/dev.c); null: the name is fine. */
export function nameProblem(ifname: string): string | null {
  if (ifname === '') return 'it is empty';
  if (ifname === '.' || ifname === '..') return 'it is a directory';
  if (/[/:]/.test(ifname)) return 'it contains `/` or `:`';
  if (/[\s\p{Cc}]/u.test(ifname)) return 'it contains white space or a control character';
  if (Buffer.byteLength(ifname) > LONGEST_NAME) return `it is longer than ${LONGEST_NAME} bytes`;
  return null;
}

/** Whether a name is what a pattern says: `*` stands for any characters, everything else for itself. */
export function matchesPattern(pattern: string, ifname: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === ifname;
  if (!ifname.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = ifname.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at + last.length <= ifname.length && ifname.endsWith(last);
}

/**
 * Interfaces by name or pattern, each once, patterns in the order of their names.
 * @throws RuntimeError PKT6031 for a pattern that nothing has
 */
export function expandPatterns(wanted: readonly string[]): readonly string[] {
  const names = interfaceNames();
  const expanded = wanted.flatMap((one) => {
    if (!one.includes('*')) return [one];
    const matching = names.filter((name) => matchesPattern(one, name));
    if (matching.length > 0) return matching;
    throw new RuntimeError('PKT6031', `no interface is called ${JSON.stringify(one.slice(0, 40))}`, { help: namesHelp(names) });
  });
  return [...new Set(expanded)];
}

/** All interfaces, up or down, sorted. Read from /proc, which follows the namespace of the process; /sys does not. */
export function interfaceNames(): readonly string[] {
  let text: string;
  try {
    text = readFileSync('/proc/self/net/dev', 'utf8');
  } catch {
    return [];
  }
  return [...text.matchAll(/^\s*([^\s:]+):/gm)].map((match) => match[1] ?? '').sort();
}

/** All interfaces there are now, by index. */
export function interfaceIndexes(): ReadonlyMap<number, string> {
  const libc = openLibc();
  return new Map(interfaceNames().map((name) => [libc.if_nametoindex(name), name]));
}

function namesHelp(names: readonly string[]): string {
  if (names.length === 0) return 'list the interfaces with `ip link`';
  const more = names.length > MOST_NAMES ? ' …' : '';
  return `there are ${names.slice(0, MOST_NAMES).join(', ')}${more}`;
}

/** Levenshtein's: insertions, deletions and replacements of one character. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
