/** The hooks by name. */
import type { HookName } from './field.ts';

/** The places that a packet can be looked at, one direction each; a socket sees both. */
export const HOOKS: readonly HookName[] = ['xdp', 'tc ingress', 'tc egress', 'socket', 'cgroup ingress', 'cgroup egress'];

/** What may be written behind `hook`. */
export const HOOK_WORDS: readonly HookName[] = [
  'xdp',
  'tc',
  'tc ingress',
  'tc egress',
  'socket',
  'cgroup',
  'cgroup ingress',
  'cgroup egress',
];

/** Hooks with the frame from its link layer on. */
export const FRAME_HOOKS: readonly HookName[] = HOOKS.filter((hook) => !hook.startsWith('cgroup'));

/** The hooks that one stands for: `tc` is `tc ingress` and `tc egress`, every other is itself. */
export function hooksOf(hook: HookName): readonly HookName[] {
  return HOOKS.includes(hook) ? [hook] : HOOKS.filter((one) => one.startsWith(`${hook} `));
}
