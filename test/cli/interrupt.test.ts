/** The signals that end a process: by the first one it comes to its end in order, and by Ctrl-C again it dies. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './pktc.ts';

const LOADER = path.join(ROOT, 'test', 'kernel', 'typescript-loader.mjs');

/** What it prints, and how it ended; `react` may send it signals. @param behind what it does when it is told to stop */
async function stopped(behind: string, react: (text: string, kill: (signal: NodeJS.Signals) => void) => void) {
  const script = `
    const { createStop } = await import(${JSON.stringify(path.join(ROOT, 'cli', 'stop.ts'))});
    const stop = createStop();
    process.once('exit', () => console.log('the screen is put right'));
    const timer = setInterval(() => {}, 1000);
    console.log('at work');
    const { signal } = await stop.promise;
    ${behind}
    console.log(signal);`;
  const child = spawn(process.execPath, ['--import', LOADER, '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 2],
  });
  try {
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      react(text, (signal) => child.kill(signal));
    });
    const [code, signal] = await once(child, 'close');
    return { said, code, signal };
  } finally {
    child.kill('SIGKILL');
  }
}

test('a second Ctrl-C does not wait for anything, and is a death by that signal', async () => {
  const twice = await stopped('', (text, kill) => {
    if (/at work|SIGINT/.test(text)) kill('SIGINT');
  });
  expect(twice).toEqual({ said: 'at work\nSIGINT\nthe screen is put right\n', code: null, signal: 'SIGINT' });
});

test.each(['SIGTERM', 'SIGHUP'] as const)(
  '%s may come again, to the group and from its parent, and the end is in order',
  async (signal) => {
    const ending = `stop.release();
    console.log('ending');
    await new Promise((resolve) => setTimeout(resolve, 200));
    clearInterval(timer);`;
    const again = await stopped(ending, (text, kill) => {
      if (text.includes('at work')) kill(signal);
      if (text.includes('ending')) for (const other of ['SIGTERM', 'SIGHUP'] as const) kill(other);
    });
    expect(again).toEqual({ said: `at work\nending\n${signal}\nthe screen is put right\n`, code: 0, signal: null });
  },
);
