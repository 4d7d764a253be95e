import { describe, expect, it } from 'vitest';
import { INTERFACE_PATTERNS_MAX } from '../../compiler/4-plan/interfaces.ts';
import { analyse } from '../../compiler/index.ts';
import { TARGETS, targetFor } from '../../compiler/targets/target.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import { FRAME_HOOKS, HOOK_WORDS, HOOKS, hooksOf } from '../../grammar/fields/hooks.ts';
import { FIELDS, fieldNamed } from '../../grammar/fields/index.ts';

const planned = (text: string, hook: HookName | null = null) => analyse({ name: 'x.rules', text }, { hook });
const said = (text: string, hook: HookName | null = null) =>
  planned(text, hook).diagnostics.map(({ code, message, help }) => [code, message, help]);

describe('hooks', () => {
  it('are those that a file can name, each with its target', () => {
    expect(TARGETS.map(({ hook }) => hook).sort()).toEqual([...HOOK_WORDS].sort());
    for (const hook of HOOK_WORDS) {
      expect(targetFor(hook).hook).toBe(hook);
      expect(planned(`hook ${hook}\nmatch tcp -> count`).plan?.hook).toBe(hook);
    }
  });

  it('of both directions have a program each, under one roof', () => {
    expect(hooksOf('tc')).toEqual(['tc ingress', 'tc egress']);
    expect(hooksOf('cgroup')).toEqual(['cgroup ingress', 'cgroup egress']);
    for (const { hook, programs } of TARGETS) expect(programs.map(({ at }) => at)).toEqual(hooksOf(hook));
    expect(HOOKS.flatMap(hooksOf)).toEqual(HOOKS);
  });

  it('say what is the same for every packet', () => {
    const isCompared = (hook: HookName) =>
      planned(`hook ${hook}\nmatch direction ingress or tcp -> count`).plan?.slots.some(({ name }) => name === 'direction');
    expect(HOOK_WORDS.filter(isCompared)).toEqual(['tc', 'socket', 'cgroup']);
  });

  it.each(FIELDS.filter(({ hooks }) => hooks !== undefined).map((field) => [field.name, field] as const))(
    '%s: the hooks that lack it say so, and name those that have it',
    (_, field) => {
      for (const hook of HOOK_WORDS) {
        const sees = hooksOf(hook).every((one) => field.hooks?.includes(one));
        const codes = said(`match ${field.example} -> count`, hook).filter(([code]) => code === 'PKT3002');
        if (sees) expect(codes).toEqual([]);
        else expect(codes[0]?.[2]).toBe(`hooks that see it: ${field.hooks?.map((one) => `\`${one}\``).join(', ')}`);
      }
    },
  );

  it('have no link layer at a control group', () => {
    for (const name of ['smac', 'dmac', 'vlan', 'vlan.pcp', 'vlan.depth', 'mpls.label', 'len', 'frame[0:2]']) {
      expect(fieldNamed(name)?.hooks).toEqual(FRAME_HOOKS);
    }
    for (const name of ['ethertype', 'src', 'malformed', 'network[0:2]', 'iface'])
      expect(fieldNamed(name)?.hooks).toBeUndefined();
    expect(said('match ip -> count\nmatch ip6 -> count\nmatch inner(len > 5 vlan 3) -> count', 'cgroup')).toEqual([]);
  });

  it('know the mark of the packet outside, in a tunnel too', () => {
    expect(said('match inner(mark 7) -> count', 'xdp')).toMatchObject([
      ['PKT3002', '`mark` cannot be seen by the hook `xdp`', expect.any(String)],
    ]);
    expect(said('match inner(mark 7) -> count', 'tc')).toEqual([]);
  });
});

describe('actions that a hook cannot carry out', () => {
  it.each([
    ['match tcp -> reject', 'socket', '`xdp`, `tc`'],
    ['match tcp -> reject', 'cgroup egress', '`xdp`, `tc`'],
    ['match tcp -> redirect eth0', 'cgroup', '`xdp`, `tc`'],
    ['match tcp -> redirect eth0', 'socket', '`xdp`, `tc`'],
    ['match tcp -> mark 7', 'xdp', '`tc`, `cgroup`'],
    ['match tcp -> mark 7', 'socket', '`tc`, `cgroup`'],
  ] as const)('%s at %s', (text, hook, able) => {
    const action = text.split(' ')[3];
    expect(said(text, hook)).toEqual([
      ['PKT4001', `\`${action}\` is not possible at the hook \`${hook}\``, `hooks that can: ${able}`],
    ]);
  });

  it('are shown with the hook that the file names', () => {
    const [problem] = planned('hook socket\nmatch tcp -> reject').diagnostics;
    expect(problem?.related.map(({ text }) => text)).toEqual(['the hook']);
  });

  it.each(HOOK_WORDS)('none of these at %s', (hook) => {
    const rules = 'default audit drop\nmatch tcp dport 1 -> pass\nmatch frag later -> drop\nmatch udp dport 2 -> audit drop';
    expect(planned(rules, hook).plan).not.toBeNull();
  });
});

describe('names of interfaces', () => {
  const rules = (count: number) => Array.from({ length: count }, (_, index) => `match iface "i${index}" -> count`).join('\n');

  it('are planned once each, in the order of the rules', () => {
    expect(planned('match iface { eth0, "veth*" } -> count\nmatch iface != eth0 -> count').plan?.interfaces).toEqual([
      'eth0',
      'veth*',
    ]);
  });

  it('are no more than there are bits', () => {
    expect(said(rules(INTERFACE_PATTERNS_MAX))).toEqual([]);
    expect(said(rules(INTERFACE_PATTERNS_MAX + 1))).toMatchObject([
      ['PKT4010', expect.stringMatching(/65 different/), expect.stringContaining('veth*')],
    ]);
    expect(said(`${rules(INTERFACE_PATTERNS_MAX)}\nmatch iface "i3" -> count`)).toEqual([]);
  });
});
