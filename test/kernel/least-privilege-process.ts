/** Takes the least privilege and says what it could do before and can do after, on the main thread and on one of libuv's pool. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import koffi from 'koffi';
import { takeLeastPrivilege } from '../../runtime/least-privilege.ts';

const libc = koffi.load(null);
const unshare = libc.func('int unshare(int)');
const socket = libc.func('int socket(int, int, int)');
const close = libc.func('int close(int)');
const prctl = libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
const CLONE_NEWUTS = 0x04000000;
const AF_UNIX = 1;
const AF_PACKET = 17;
const SOCK_RAW = 3;
const PR_CAPBSET_READ = 23;
const CAP_SYS_ADMIN = 21;

/** koffi makes asynchronous calls on the threads of the pool. */
const onPool = (work: ReturnType<typeof libc.func>, ...parameters: number[]): Promise<number> =>
  new Promise((resolve, reject) => {
    work.async(...parameters, (error: Error | null, result: number) => (error ? reject(error) : resolve(result)));
  });

async function opened(domain: number): Promise<boolean> {
  const fd = await onPool(socket, domain, SOCK_RAW, 0);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

function runs(program: string): string {
  try {
    execFileSync(program);
    return 'runs';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'fails';
  }
}

const tryAll = async () => ({
  program: runs('true'),
  // Of a thread of the pool: a namespace of its own is nothing that anybody else sees.
  poolUnshare: await onPool(unshare, CLONE_NEWUTS),
  poolBounding: await onPool(prctl, PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0),
  poolPackets: await opened(AF_PACKET),
  poolLocal: await opened(AF_UNIX),
  file: (await readFile('/proc/self/comm', 'utf8')).trim() !== '',
});

/** What the kernel says of the thread that a Worker has. */
function ofNewThread(): Promise<string> {
  const text = `const { parentPort } = require('node:worker_threads');
    parentPort.postMessage(require('node:fs').readFileSync('/proc/thread-self/status', 'latin1'));`;
  const worker = new Worker(text, { eval: true, execArgv: [] });
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
}

const before = await tryAll();
const threads = new Set(readdirSync('/proc/self/task'));
const { kept, refused } = takeLeastPrivilege(['native']);
const after = await tryAll();
const newThread = await ofNewThread();
// The main one first: names of folders are sorted as text, and 10000 comes before 9999.
const statuses = [...threads]
  .sort((one, other) => Number(other === String(process.pid)) - Number(one === String(process.pid)))
  .map((id) => readFileSync(`/proc/self/task/${id}/status`, 'latin1'));
process.stdout.write(
  JSON.stringify({ before, after, kept, refused, newThread, statuses, again: takeLeastPrivilege(['native']) }),
);
