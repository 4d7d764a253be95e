/** The planner's estimate of the stack against the frames that clang makes: along no chain of calls may it be too low. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stackUse } from '../../compiler/4-plan/stack.ts';
import { emit } from '../../compiler/5-emit/emit.ts';
import { readTemplates } from '../../compiler/6-build/templates.ts';
import { analyse } from '../../compiler/index.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { FIELDS } from '../../grammar/fields/index.ts';
import { ROOT } from '../house/source-tree.ts';

const STACK_BYTES = 512;
/** The kernel rounds a function's frame up to as much. */
const FRAME_STEP_BYTES = 32;
const FLAGS = [
  '-target',
  'bpf',
  '-O2',
  '-g',
  '-mcpu=v3',
  '-std=gnu11',
  '-nostdinc',
  `-I${path.join(ROOT, 'templates/include')}`,
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'pktc-stack-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes of stack along the deepest chain of calls, as the kernel counts them. */
function deepest(c: string): number {
  const source = path.join(folder, 'rules.bpf.c');
  writeFileSync(source, c);
  const clang = (...flags: readonly string[]) =>
    execFileSync('clang', [...FLAGS, ...flags, source], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  clang('-fstack-usage', '-c', '-o', 'rules.o');
  clang('-S', '-emit-llvm', '-o', 'rules.ll');
  const frames = new Map(
    readFileSync(path.join(folder, 'rules.su'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([place = '', bytes]) => [place.split(':').at(-1) ?? '', Number(bytes)]),
  );
  const bodies = readFileSync(path.join(folder, 'rules.ll'), 'utf8').matchAll(/^define [^@]*@(\w+)\(([\s\S]*?)^\}/gm);
  const calls = new Map(
    // A function that is handed over, as to bpf_loop, is called as well.
    [...bodies].map(([, name = '', body = '']) => [
      name,
      [...body.matchAll(/@(\w+)/g)].map((match) => match[1] ?? '').filter((one) => frames.has(one)),
    ]),
  );
  const depth = (name: string): number =>
    Math.max(FRAME_STEP_BYTES, Math.ceil((frames.get(name) ?? 0) / FRAME_STEP_BYTES) * FRAME_STEP_BYTES) +
    Math.max(0, ...(calls.get(name) ?? []).filter((one) => one !== name).map(depth));
  expect(frames.size).toBeGreaterThan(1);
  return Math.max(...[...frames.keys()].map(depth));
}

interface Parts {
  readonly fields: readonly string[];
  readonly inner?: boolean;
  readonly reject?: boolean;
  readonly searches?: number;
  /** Rules on addresses and ports besides, of which a tree is made. */
  readonly rules?: number;
  /** What rules do that is not said otherwise: `count` has them observe. */
  readonly action?: string;
  readonly hook?: HookName;
}

const EVERY = FIELDS.filter(({ name, hooks }) => hooks === undefined && name !== 'direction' && name !== 'payload').map(
  ({ example }) => example,
);
const SOME = ['src 10.0.0.1', 'dst fd00::1', 'tcp.mss 5', 'ip6.ext 0', 'ip.options 7', 'gre.key 7', 'payload[0:4] 5'];

const TREE_FIELDS = ['src 10.0.0.1', 'dst fd00::1', 'sport 5'];

function rulesOf({ fields, inner = false, reject = false, searches = 0, rules = 0, action = 'count' }: Parts): string {
  const around = (condition: string) => (inner ? `inner(${condition})` : condition);
  return [
    ...fields.map((field) => `match ${around(field)} -> ${action}`),
    ...Array.from({ length: searches }, (_, at) => `match ${around(`payload contains "pattern ${at};"`)} -> count`),
    ...Array.from({ length: rules }, (_, at) => `match src 10.${at >> 8}.${at & 255}.0/24 tcp dport ${at} -> drop`),
    `match dport 7 -> log payload 64${action === 'count' ? '' : `, ${action}`}`,
    ...(reject ? ['match dport 8 -> reject'] : []),
  ].join('\n');
}

describe('the stack of', () => {
  it.each<[string, Parts]>([
    ['a small program', { fields: ['dport 5'] }],
    ['every field', { fields: EVERY }],
    ['every field at tc', { fields: EVERY, hook: 'tc' }],
    ['every field at a socket', { fields: EVERY, hook: 'socket' }],
    ['every field at a cgroup', { fields: EVERY, hook: 'cgroup' }],
    ['many searches', { fields: SOME, searches: 200 }],
    ['answers', { fields: SOME, reject: true }],
    ['answers at tc', { fields: SOME, reject: true, hook: 'tc' }],
    ['the packet in a tunnel', { fields: SOME, inner: true }],
    ['the packet in a tunnel at a socket', { fields: SOME, inner: true, hook: 'socket' }],
    ['every field of the packet in a tunnel', { fields: EVERY, inner: true }],
    ['every field of the packet in a tunnel at tc', { fields: EVERY, inner: true, hook: 'tc', reject: true }],
    ['trees', { fields: TREE_FIELDS, rules: 100 }],
    ['trees of many dimensions, checks and searches', { fields: SOME, rules: 100, searches: 20 }],
    ['trees behind a flow cache', { fields: ['ttl 5', 'dscp 5', 'len 9'], rules: 2000 }],
    ['trees at a cgroup', { fields: TREE_FIELDS, rules: 100, hook: 'cgroup' }],
    ['trees at tc, with answers', { fields: TREE_FIELDS, rules: 100, hook: 'tc', reject: true }],
    ['trees behind the quick walk', { fields: TREE_FIELDS, rules: 100, action: 'drop' }],
    ['trees behind the quick walk, with checks', { fields: [...TREE_FIELDS, 'tcp.mss 5'], rules: 100, action: 'drop' }],
    ['trees behind the quick walk and a flow cache', { fields: ['ttl 5', 'dscp 5', 'len 9'], rules: 2000, action: 'drop' }],
    [
      'trees behind the quick walk at tc, with answers',
      { fields: TREE_FIELDS, rules: 100, hook: 'tc', reject: true, action: 'drop' },
    ],
    ['trees of every field', { fields: EVERY, rules: 100, action: 'drop' }],
    ['trees of two dimensions', { fields: [], rules: 2000, action: 'drop' }],
    ['the packet in a tunnel, searched and answered', { fields: ['dport 5'], inner: true, searches: 70, reject: true }],
  ])('%s is not more than was estimated', (_, parts) => {
    const { plan, diagnostics } = analyse({ name: 'x.rules', text: rulesOf(parts) }, { hook: parts.hook ?? 'xdp' });
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    if (plan === null) throw new Error('no plan');
    const { bytes, limit } = stackUse(plan);
    const real = deepest(emit(plan, readTemplates()).c);
    expect(real).toBeGreaterThan(bytes);
    const estimated = Math.ceil((bytes + STACK_BYTES - limit) / FRAME_STEP_BYTES) * FRAME_STEP_BYTES;
    expect(real).toBeLessThanOrEqual(estimated);
  });
});
