/** `--flow-cache`, for commands that compile. */
export const FLOW_CACHE_OPTION = {
  type: 'boolean',
  describe:
    'remember what was decided for the flows just seen, where rules are trees; the default, but never where rules ask for what may change within a flow',
} as const;

/** What the planner is told. */
export function planningOf(flowCache: boolean | undefined): { readonly flowCache?: boolean } {
  return flowCache === undefined ? {} : { flowCache };
}
