/** The main job by itself: rules at work on real packets between two namespaces. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { packageRoot } from '../package-root.ts';
import type { Stop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';
import { createLab, LAB, type Lab } from './lab.ts';
import { READY } from './traffic.ts';

export const QUICKSTART = 'examples/quickstart.rules';

/** What `pktc run` says when packets are being matched. */
const ATTACHED = 'attached to ';
const GRACE_MS = 5_000;
const START_MS = 10_000;

/** @throws Failure with exit code 4 when there can be no namespaces here */
export async function liveDemo(seconds: number, stop: Stop, terminal: Terminal): Promise<ExitCode> {
  const lab = createLab();
  const children: ChildProcess[] = [];
  try {
    terminal.say(`two network namespaces, joined by a veth pair: ${lab.outside} → ${lab.inside}`);
    const server = inNamespace(lab.inside, ['demo', '--role', 'server', ...family(lab)], 'pipe');
    children.push(server);
    if (!(await Promise.race([said(server, READY), stop.promise.then(() => true)]))) {
      throw new Failure(`nothing can be started in a network namespace: \`ip netns exec\` did not start the server`, {
        exit: EXIT.machine,
      });
    }
    if (stop.reason !== null) return EXIT.ok;
    const command = ['run', path.join(packageRoot(), QUICKSTART), '-i', LAB.interface, '--for', `${seconds}s`];
    terminal.say(`$ pktc run ${QUICKSTART} -i ${LAB.interface} --for ${seconds}s\n`);
    const run = inNamespace(lab.inside, command, 'run');
    children.push(run);
    const ended = exitOf(run);
    // Ctrl-C goes to the whole group, so `run` may know already: it does not mind hearing it again.
    void stop.promise.then(() => run.kill('SIGTERM'));
    await Promise.race([relayUntilAttached(run), ended]);
    if (run.exitCode === null && stop.reason === null) {
      children.push(inNamespace(lab.outside, ['demo', '--role', 'client', ...family(lab)], 'ignore'));
    }
    return await ended;
  } finally {
    await endAll(children);
    lab.close();
  }
}

function family(lab: Lab): readonly string[] {
  return lab.hasIpv6 ? ['--ipv6'] : [];
}

/** This very program again, in a namespace. `ip netns exec` becomes the program: its process is the child. */
function inNamespace(name: string, command: readonly string[], stdio: 'pipe' | 'run' | 'ignore'): ChildProcess {
  const self = process.argv[1] ?? '';
  return spawn('ip', ['netns', 'exec', name, process.execPath, self, ...command], {
    // The two talkers end with their standard input, that is with this process, whatever becomes of it.
    stdio: stdio === 'run' ? ['ignore', 'inherit', 'pipe'] : ['pipe', stdio, 'ignore'],
  });
}

/** Whether the process prints the line before it ends, or before it is too late. */
function said(child: ChildProcess, line: string): Promise<boolean> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (text.includes(line)) resolve(true);
    });
    child.on('close', () => resolve(false));
    child.on('error', () => resolve(false));
    setTimeout(resolve, START_MS, false).unref();
  });
}

/** Everything the command says goes on to our stderr. */
function relayUntilAttached(run: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    let text = '';
    run.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      process.stderr.write(piece);
      text = (text + piece).slice(-10_000);
      if (text.includes(ATTACHED)) resolve();
    });
  });
}

function exitOf(child: ChildProcess): Promise<ExitCode> {
  const codes: readonly number[] = Object.values(EXIT);
  return new Promise((resolve) => {
    child.on('error', () => resolve(EXIT.machine));
    child.on('close', (code) => resolve(code !== null && codes.includes(code) ? (code as ExitCode) : EXIT.failure));
  });
}

/** Nobody stays in a namespace that is to go. */
async function endAll(children: readonly ChildProcess[]): Promise<void> {
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null && child.pid !== undefined);
  const ended = Promise.all(running.map((child) => new Promise((resolve) => child.on('exit', resolve))));
  for (const child of running) child.kill('SIGTERM');
  const late = setTimeout(() => {
    for (const child of running) child.kill('SIGKILL');
  }, GRACE_MS);
  await ended;
  clearTimeout(late);
}
