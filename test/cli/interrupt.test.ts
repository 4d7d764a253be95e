/** Ctrl-C, as a process gets it: once it comes to its end in order, twice it dies. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './pktc.ts';

const LOADER = path.join(ROOT, 'test', 'kernel', 'typescript-loader.mjs');
const SCRIPT = `
  const { createStop } = await import(${JSON.stringify(path.join(ROOT, 'cli', 'stop.ts'))});
  const stop = createStop();
  process.once('exit', () => console.log('the screen is put right'));
  setInterval(() => {}, 1000);
  void stop.promise.then(({ kind, signal }) => console.log(kind, signal));
  console.log('at work');`;

test('the second one does not wait for anything, and is a death by that signal', async () => {
  const child = spawn(process.execPath, ['--import', LOADER, '--input-type=module', '-e', SCRIPT], {
    stdio: ['ignore', 'pipe', 2],
  });
  try {
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (text.includes('at work') || text.includes('signal')) child.kill('SIGINT');
    });
    expect(await once(child, 'close')).toEqual([null, 'SIGINT']);
    expect(said).toBe('at work\nsignal SIGINT\nthe screen is put right\n');
  } finally {
    child.kill('SIGKILL');
  }
});
