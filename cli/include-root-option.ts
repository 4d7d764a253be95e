/** For every command that looks at what a rule file means. */
export const INCLUDE_ROOT_OPTION = {
  type: 'string',
  array: true,
  nargs: 1,
  requiresArg: true,
  default: [] as string[],
  defaultDescription: "the rule file's own",
  describe:
    'a directory that `include` and `set … from` may read files in, besides that of the rule file; may be given several times',
} as const;
