/** `run --detach`. */
export const DETACH_OPTIONS = {
  detach: {
    type: 'boolean',
    default: false,
    describe:
      'leave the program at work in the kernel; `pktc ls`, `status`, `events`, `reload`, `stop` and others find it by its name',
  },
  name: {
    type: 'string',
    requiresArg: true,
    describe: 'of a detached program; else that of the file, less its ending',
  },
  confirm: {
    type: 'string',
    requiresArg: true,
    describe: 'with --detach: stop it after this time unless it is confirmed, by Enter or `pktc confirm NAME`: 30s',
  },
} as const;
