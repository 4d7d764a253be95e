/**
 * Runs inside a guest: programs of pktc beside one that xdp-loader has put on an interface, and what becomes of both. `dispatcher/` has that program and
 * rules, `programs/` others to be joined.
 */
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, renameSync } from 'node:fs';
import { attach } from '../../runtime/attach.ts';
import { openLibbpf } from '../../runtime/ffi/libbpf.ts';
import { openLibc } from '../../runtime/ffi/libc.ts';
import { loadArtifact } from '../../runtime/load.ts';
import { openPinRoot } from '../../runtime/pinned/directory.ts';
import { artifactAt, ip, PLAIN, send } from './guest-network.mjs';

const [IFNAME, FAR] = ['pktc4', 'pktc5'];
const OTHER = '/sys/fs/bpf/other';
/** IPv4 and UDP to another port than 53. */
const HTTPS = PLAIN.with(37, 187).with(36, 1);

/** What the dispatcher calls, in that order, as xdp-loader tells: names and identifiers; empty: there is none. */
function status(ifname) {
  const lines = execFileSync('xdp-loader', ['status', ifname], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const found = /^ => +\d+ +(\S+) +(\d+)/.exec(line);
    return found === null ? [] : [{ name: found[1], id: found[2] }];
  });
}

function called(ifname = IFNAME) {
  return status(ifname).map(({ name }) => name);
}

/** Packets that the other program has seen. */
function seenByOther() {
  const libbpf = openLibbpf();
  const fd = libbpf.obj_get(`${OTHER}/seen`);
  const value = new BigUint64Array(1);
  libbpf.map_lookup_elem(fd, new Uint8Array(4), new Uint8Array(value.buffer));
  openLibc().close(fd);
  return Number(value[0]);
}

function counted(loaded) {
  return loaded.counters().map(({ packets }) => Number(packets));
}

/** What moved at the other program and at ours, when two packets to port 53 and one to another come. */
function deciding(loaded) {
  const before = [seenByOther(), ...(loaded === null ? [] : counted(loaded))];
  for (const frame of [PLAIN, PLAIN, HTTPS]) send(FAR, frame);
  // Time for what the interface has queued.
  ip('link', 'show');
  const after = [seenByOther(), ...(loaded === null ? [] : counted(loaded))];
  return after.map((count, index) => count - before[index]);
}

/**
 * `pktc run` beside the others: what it said, and its exit code; null: killed.
 * @param steps what to do when it has said something: pairs of a text and a function, in their order
 */
async function runCommand(argv, steps) {
  const child = spawn(
    'node',
    ['/pktc/cli/launcher.cjs', 'run', 'dispatcher/rules.bpf.o', '-i', IFNAME, '--dispatcher', ...argv],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const rest = [...steps];
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
    while (rest.length > 0 && said.includes(rest[0][0])) rest.shift()[1](child);
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  return [said, code];
}

function refusal(work) {
  try {
    work();
    return null;
  } catch ({ code, message, help }) {
    return [code, message, help];
  }
}

function takeOut() {
  const { id } = status(IFNAME).find(({ name }) => name === 'pktc_xdp');
  execFileSync('xdp-loader', ['unload', IFNAME, '--id', id]);
}

async function besideOthers() {
  ip('link', 'add', IFNAME, 'type', 'veth', 'peer', 'name', FAR);
  for (const name of [IFNAME, FAR]) {
    ip('link', 'set', name, 'addrgenmode', 'none');
    ip('link', 'set', name, 'up');
  }
  execFileSync('xdp-loader', ['load', '-p', OTHER, IFNAME, 'dispatcher/other.o']);
  const root = openPinRoot({});
  const artifact = artifactAt('dispatcher/rules');
  const load = (priority) => loadArtifact(artifact, { dispatcher: { priority, root } });
  const answer = { alone: [called(), deciding(null)] };

  const plain = loadArtifact(artifact);
  answer.refused = refusal(() => attach(plain, IFNAME, 'auto'));
  plain.close();

  const first = load(10);
  const attachment = attach(first, IFNAME, 'auto');
  answer.ahead = [attachment.mode, attachment.note, called(), deciding(first)];
  const second = load(60);
  const behind = attach(second, IFNAME, 'native');
  answer.behind = [behind.note, called(), deciding(second), attachment.gone()];
  second.close();
  answer.oneLess = [called(), deciding(first), attachment.gone()];
  try {
    await first.switchTo(artifact);
  } catch ({ code, message }) {
    answer.switched = [code, message, called(), deciding(first)];
  }
  const third = load(1);
  answer.notTaken = [refusal(() => attach(third, IFNAME, 'generic'))];
  // Names that libxdp does not know, as bpfman's.
  const [names] = readdirSync('/sys/fs/bpf/xdp');
  renameSync(`/sys/fs/bpf/xdp/${names}`, '/sys/fs/bpf/elsewhere');
  answer.notTaken.push(refusal(() => attach(third, IFNAME, 'auto')));
  renameSync('/sys/fs/bpf/elsewhere', `/sys/fs/bpf/xdp/${names}`);
  const others = Array.from({ length: 8 }, () => load(99));
  for (const one of others) attach(one, IFNAME, 'auto');
  answer.notTaken.push(
    refusal(() => attach(third, IFNAME, 'auto')),
    called().length,
  );
  for (const one of [...others, third]) one.close();
  first.close();
  answer.left = [called(), deciding(null), readdirSync(root)];

  const ended = await runCommand(
    ['-i', 'lo', '--reattach'],
    [
      ['attached to', takeOut],
      ['taken out', (child) => child.kill('SIGINT')],
    ],
  );
  answer.takenOut = [...ended, called(), called('lo')];
  const killed = await runCommand(['--priority', '10'], [['attached to', (child) => child.kill('SIGKILL')]]);
  answer.killed = [...killed, called(), deciding(null)];
  const fourth = load(50);
  const after = attach(fourth, IFNAME, 'auto');
  answer.cleared = [after.note, called(), deciding(null), readdirSync(root).length];
  fourth.close();

  execFileSync('xdp-loader', ['unload', IFNAME, '--all']);
  const alone = load(50);
  // More than a page: the driver takes a program natively that takes frames in pieces.
  for (const name of [IFNAME, FAR]) ip('link', 'set', name, 'mtu', '9000');
  const own = attach(alone, IFNAME, 'native');
  const loopback = attach(alone, 'lo', 'auto');
  answer.made = [
    own.note,
    called(),
    loopback.note,
    /^lo +(.*?) +\d/m.exec(execFileSync('xdp-loader', ['status', 'lo']))?.[1].replace(/ +/g, ' '),
  ];
  alone.close();
  answer.none = [called(), readdirSync(root), readdirSync('/sys/fs/bpf/xdp')];
  answer.programs = goldenPrograms(root);
  return answer;
}

/** What the kernel says to each golden program for XDP as part of a dispatcher; null: it takes it. */
function goldenPrograms(root) {
  const names = readdirSync('programs').flatMap((name) => /^(.*)\.manifest\.json$/.exec(name)?.[1] ?? []);
  return names.flatMap((name) => {
    const artifact = artifactAt(`programs/${name}`);
    if (artifact.manifest.hook !== 'xdp') return [];
    try {
      const loaded = loadArtifact(artifact, { dispatcher: { priority: 50, root } });
      attach(loaded, IFNAME, 'auto').close();
      loaded.close();
      return [[name, null]];
    } catch (error) {
      return [[name, `${error.code} ${error.message}`]];
    }
  });
}

const answer = await besideOthers().catch((error) => String(error.stack));
process.stdout.write(`\npktc-answer ${JSON.stringify(answer)}\n`);
