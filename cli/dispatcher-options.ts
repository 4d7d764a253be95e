/** `run --dispatcher`: XDP beside the programs of others. */
import type { DispatcherOptions } from '../runtime/dispatched-program.ts';
import { EXIT } from './exit-code.ts';
import { Failure } from './failure.ts';

export const DISPATCHER_OPTIONS = {
  dispatcher: {
    type: 'boolean',
    default: false,
    describe:
      "for XDP: beside programs of others, which libxdp's dispatcher calls one after the other while each passes the packet",
  },
  priority: {
    type: 'string',
    requiresArg: true,
    describe: 'with --dispatcher: the lower, the earlier it is called; 50 unless it is said',
  },
} as const;

export interface DispatcherChoices {
  dispatcher: boolean;
  priority: string | undefined;
}

/** XDP_DEFAULT_RUN_PRIO of libxdp */
const USUAL_PRIORITY = 50;
const HIGHEST_PRIORITY = 0xffff_ffff;

/** null: the program has the hook for itself. @throws Failure */
export function priorityFromOptions({ dispatcher, priority }: DispatcherChoices): number | null {
  if (dispatcher) return priority === undefined ? USUAL_PRIORITY : priorityOf(priority);
  if (priority === undefined) return null;
  throw new Failure('`--priority` is about `--dispatcher`', { exit: EXIT.usage, help: 'add `--dispatcher`, or leave it out' });
}

/** What `loadArtifact` takes. @throws RuntimeError PKT6005, PKT6060 when there is no BPF file system for what libxdp leaves there */
export async function dispatcherWith(
  priority: number | null,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly dispatcher?: DispatcherOptions }> {
  if (priority === null) return {};
  const { openPinRoot } = await import('../runtime/pinned/directory.ts');
  return { dispatcher: { priority, root: openPinRoot({ PKTC_BPFFS: environment.PKTC_BPFFS || environment.LIBXDP_BPFFS }) } };
}

function priorityOf(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= HIGHEST_PRIORITY) return Number(text);
  throw new Failure(`\`--priority\` takes a whole number up to ${HIGHEST_PRIORITY}`, { exit: EXIT.usage });
}
