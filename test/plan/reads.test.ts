import { describe, expect, it } from 'vitest';
import { analyse } from '../../compiler/index.ts';
import type { Field, HookName } from '../../grammar/fields/field.ts';
import { FIELDS } from '../../grammar/fields/index.ts';

const planOf = (condition: string, actions = 'count') => {
  const { plan, diagnostics } = analyse({ name: 'x.rules', text: `match ${condition} -> ${actions}\n` }, { hook: null });
  if (plan === null) throw new Error(diagnostics.map((one) => one.message).join('\n'));
  return plan;
};
const slotsOf = (condition: string) => planOf(condition).slots.map((slot) => slot.name);

describe('what a program reads of a packet', () => {
  it.each([
    // A raw read is no value that is kept: only the place that it counts from is, and what bounds it.
    ['frame[12:2] 5', ['len'], 'link'],
    ['network[0:1] 5', ['len', 'network_off', 'datagram_end'], 'network'],
    ['transport[0:1] 5', ['len', 'transport_off', 'datagram_end'], 'network'],
    ['payload[0:1] 5', ['len', 'payload_off', 'datagram_end'], 'transport'],
    ['payload ends "a"', ['len', 'payload_len', 'datagram_end'], 'transport'],
    ['payload contains "a"', ['len', 'payload_len', 'payload_off'], 'transport'],
    ['mpls.label 5', ['mpls_label', 'len'], 'link'],
    ['ip6.ext any', ['ip6_ext', 'len'], 'network'],
    ['tcp.mss 5', ['tcp_mss', 'len'], 'transport'],
    ['iface lo', ['len', 'iface'], 'link'],
  ])('%s', (condition, slots, depth) => {
    expect([...slotsOf(condition)].sort()).toEqual([...slots].sort());
    expect(planOf(condition).depth).toBe(depth);
  });

  it('has a tunnel walked for what is in it, and a place for frame[ ] there alone', () => {
    expect(planOf('inner(len 5)')).toMatchObject({ inner: true, depth: 'transport', raw: false });
    expect(slotsOf('inner(frame[0:1] 5)')).toContain('frame_off');
    expect(slotsOf('frame[0:1] 5')).not.toContain('frame_off');
    expect(planOf('len 5')).toMatchObject({ inner: false, depth: 'link', raw: false });
  });

  it('gives each list of kinds a bit, and equal lists one', () => {
    const text = 'match tcp.option { 3, 2 } -> count\nmatch ip.options 2-3 -> count\nmatch tcp.option != 7 -> count\n';
    const { plan } = analyse({ name: 'x.rules', text }, { hook: null });
    expect(plan?.kindLists).toEqual([[2, 3], [7]]);
  });
});

describe('what one program cannot keep', () => {
  const errors = (text: string) =>
    analyse({ name: 'x.rules', text }, { hook: null }).diagnostics.filter(({ severity }) => severity === 'error');
  const rules = (count: number, condition: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => `match ${condition(index)} -> count`).join('\n');

  it('64 lists of option kinds, PKT4025', () => {
    expect(errors(rules(64, (index) => `tcp.option ${index + 2}`))).toEqual([]);
    const [problem, ...others] = errors(rules(65, (index) => `tcp.option ${index + 2}`));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ code: 'PKT4025', message: expect.stringContaining('65 different lists') });
    // The place is that of the list that is too many.
    expect(problem?.primary?.source.text.slice(problem.primary.span.start)).toMatch(/^tcp\.option 66 /);
  });

  it('all fields of a packet and of the packet in it, and hundreds of searches, at a cgroup: PKT4026', () => {
    const seenAt =
      (hook: HookName) =>
      ({ hooks, read }: Field) =>
        (hooks?.includes(hook) ?? true) && read.kind !== 'context';
    const all = FIELDS.filter(seenAt('cgroup egress')).map(({ example }) => example);
    const inTunnel = (conditions: readonly string[], hook = 'cgroup egress') =>
      `hook ${hook}\n${conditions.map((one) => `match inner(${one}) -> log\n`).join('')}`;
    const searches = Array.from({ length: 500 }, (_, index) => `payload contains "pattern ${index};"`);
    expect(errors(inTunnel([...all, ...searches]))).toMatchObject([
      { code: 'PKT4026', help: expect.stringContaining('`inner( )`') },
    ]);
    // The fields alone go, and all of it when no tunnel is asked for.
    expect(errors(inTunnel(all))).toEqual([]);
    expect(errors(`hook cgroup egress\n${[...all, ...searches].map((one) => `match ${one} -> log\n`).join('')}`)).toEqual([]);
    // Elsewhere the packet in the tunnel has room of its own.
    const atXdp = FIELDS.filter(seenAt('xdp')).map(({ example }) => example);
    expect(errors(inTunnel(atXdp, 'xdp'))).toEqual([]);
    expect(analyse({ name: 'x.rules', text: inTunnel(atXdp, 'xdp') }, { hook: null }).plan?.innerRoom).toBe('map');
  });
});
