import type { HookName } from '../grammar/fields/field.ts';

const HOOKS: readonly HookName[] = ['xdp', 'tc ingress', 'tc egress', 'socket', 'cgroup ingress', 'cgroup egress'];

export const HOOK_OPTION = {
  choices: HOOKS,
  describe: 'where the program is to look at packets, whatever the file says',
} as const;
