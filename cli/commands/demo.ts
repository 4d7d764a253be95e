import type { Command } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { createStop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';

interface Options {
  seconds: number;
  role: 'server' | 'client' | undefined;
  ipv6: boolean;
}

export const demoCommand: Command<Options> = {
  usage: 'demo',
  summary: 'watch it work: rules on real packets between two network namespaces, nothing left behind',
  examples: [
    ['sudo $0 demo', 'some seconds of events, then the counters'],
    ['$0 demo', 'without privilege: the same rules over a capture, in the interpreter'],
  ],
  exits: ['ok', 'failure', 'usage'],
  options: (yargs) =>
    yargs
      .option('seconds', { type: 'number', default: 6, describe: 'how long the traffic goes on' })
      .option('role', { choices: ['server', 'client'] as const, hidden: true })
      .option('ipv6', { type: 'boolean', default: false, hidden: true }),
  async run({ seconds, role, ipv6 }, terminal) {
    if (role !== undefined) return takePart(role, ipv6);
    if (!(seconds >= 1 && seconds <= 3600))
      throw new Failure('`--seconds` takes a number from 1 to 3600', { exit: EXIT.usage });
    const missing = await whatIsMissing();
    if (missing.length > 0) return instead(missing, terminal);
    return live(seconds, terminal);
  },
};

/** One side of the conversation, in a process of its own, until whoever started it is gone. */
async function takePart(role: 'server' | 'client', ipv6: boolean): Promise<ExitCode> {
  const { serve, visit } = await import('../demo/traffic.ts');
  const alone = new Promise<void>((resolve) => process.stdin.on('close', resolve).resume());
  await Promise.race([alone, role === 'server' ? serve(ipv6) : visit(ipv6)]);
  return EXIT.ok;
}

async function live(seconds: number, terminal: Terminal): Promise<ExitCode> {
  const { liveDemo } = await import('../demo/live-demo.ts');
  const stop = createStop();
  try {
    const exit = await liveDemo(seconds, stop, terminal);
    if (exit === EXIT.machine) return instead(['what the lines above say'], terminal);
    if (exit === EXIT.ok && stop.reason === null) sayNext(terminal);
    return exit;
  } catch (error) {
    if (!(error instanceof Failure) || error.exit !== EXIT.machine) throw error;
    return instead([error.message], terminal);
  } finally {
    stop.release();
  }
}

/** In words, each with what to do. */
async function whatIsMissing(): Promise<readonly string[]> {
  const { examineMachine } = await import('../doctor/examine-machine.ts');
  const { checks } = await examineMachine();
  return checks
    .filter((check) => check.state === 'missing')
    .map(({ found, help }) => (help === null ? found : `${found} (${help})`));
}

async function instead(missing: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { recordedDemo } = await import('../demo/recorded-demo.ts');
  terminal.say('the kernel cannot do the work here; missing:');
  for (const one of missing) terminal.say(`  - ${one}`);
  terminal.say('the same rules decide instead in the reference interpreter, about a capture made up for it:\n');
  const exit = await recordedDemo(terminal);
  if (exit === EXIT.ok) sayNext(terminal);
  return exit;
}

function sayNext(terminal: Terminal): void {
  terminal.say(
    '\nnext: read examples/quickstart.rules, change it, `pktc check` it; `pktc doctor` knows what this machine can do',
  );
}
