/** Where a program is attached, for commands that attach or have it done. */
export const PLACE_OPTIONS = {
  interface: {
    alias: 'i',
    type: 'string',
    array: true,
    nargs: 1,
    requiresArg: true,
    describe: 'interface to attach to, or a pattern: "veth*"; may be given several times',
  },
  mode: {
    choices: ['auto', 'native', 'generic'],
    default: 'auto',
    describe: 'native: in the driver; generic: behind it, slower; auto: native where the driver can',
  },
  cgroup: {
    type: 'string',
    requiresArg: true,
    describe: 'control group to attach to, for the hooks of that name: a path, or one below the cgroup2 mount',
  },
} as const;
