/** The small process that starts others for a large one: forking 300 MB takes 45 ms each time. */
import { execFile } from 'node:child_process';

const TIMEOUT_MS = 120_000;

process.on('message', ({ id, program, argv, folder, environment }) => {
  const options = { cwd: folder, env: environment, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' };
  execFile(program, argv, options, (error, _stdout, stderr) => {
    const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
    process.send?.({ id, end: { code, late: error?.killed === true, stderr, message: error?.message ?? '' } });
  });
});
// The large one is gone: so is whoever would read an answer.
process.on('disconnect', () => process.exit());
