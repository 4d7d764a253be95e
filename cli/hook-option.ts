import { HOOK_WORDS } from '../grammar/fields/hooks.ts';

export const HOOK_OPTION = {
  choices: HOOK_WORDS,
  describe: 'where the program is to look at packets, whatever the file says',
} as const;
