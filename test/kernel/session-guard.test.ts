/** `pktc run` does not lock out who started it, with real connections between two namespaces. */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { sessionFrames } from '../../cli/guard/session-frames.ts';
import { LAUNCHER, pktc, plainEnvironment, temporaryFolder } from '../cli/pktc.ts';
import { describeKernel, eventually, ip, type Network, type NetworkEnd, withNetwork, xdpProgramId } from './environment.ts';
import { type Running, start } from './run-command.ts';
import { RIGHT, readReplies } from './tshark-replies.ts';

const PROCESS = path.join(import.meta.dirname, 'ssh-process.mjs');
const folder = temporaryFolder();

function rulesOf(name: string, text: string): string {
  const file = path.join(folder, `${name}.rules`);
  writeFileSync(file, text);
  return file;
}

const DROP_ALL = rulesOf('all', 'everything: match any -> drop\n');

interface Side {
  readonly child: ChildProcess;
  said(): string;
}

function side(end: NetworkEnd, ...parameters: readonly string[]): Side {
  const child = end.spawn(process.execPath, [PROCESS, ...parameters], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return { child, said: () => said };
}

interface Session {
  /** Of the client; 0: nobody is connected. */
  readonly port: number;
  /** Fails unless what the client sends comes back. */
  lives(word: string): Promise<void>;
}

interface Asked {
  readonly address?: string;
  readonly port?: number;
  readonly name?: string;
  readonly connect?: boolean;
}

async function withSession(
  { near, far }: Network,
  { address = '10.0.0.1', port = 22, name = 'sshd', connect = true }: Asked,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const server = side(near, 'server', address, String(port), name);
  let client: Side | null = null;
  try {
    await eventually('the server listens', () => server.said().includes('listening'));
    const one = connect ? side(far, 'client', address, String(port)) : null;
    client = one;
    if (one !== null) await eventually('connected', () => one.said().startsWith('from '));
    await work({
      port: Number(/^from (\d+)/.exec(one?.said() ?? '')?.[1] ?? 0),
      async lives(word) {
        one?.child.stdin?.write(`${word}\n`);
        await eventually(`${word} comes back`, () => one?.said().includes(`${word}\n`) ?? false);
      },
    });
  } finally {
    client?.child.kill('SIGKILL');
    server.child.kill('SIGKILL');
  }
}

async function refused(running: Running, near: NetworkEnd): Promise<string> {
  expect(await running.ended, running.stderr()).toBe(1);
  expect(running.stderr()).toContain('error[PKT6050]');
  expect(running.stderr()).not.toContain('attached to ');
  expect(xdpProgramId(near)).toBeNull();
  return running.stderr();
}

/** Ends it. @returns what it said */
async function attaches(running: Running): Promise<string> {
  await eventually(`attached: ${running.stderr()}`, () => running.stderr().includes('attached to '));
  running.child.kill('SIGINT');
  expect(await running.ended).toBe(0);
  return running.stderr();
}

describeKernel('the guard of SSH sessions', () => {
  beforeAll(async () => {
    // The first start may have to build.
    await pktc(['--version']);
  });

  test('drop-all is refused, names flow, rule and way out, and the connection lives; the way out is one', async () => {
    await withNetwork(async (network) => {
      const { near } = network;
      await withSession(network, {}, async (session) => {
        await session.lives('before');
        const said = await refused(start(near, [DROP_ALL, '-i', near.ifname]), near);
        expect(said).toContain(
          `on \`${near.ifname}\` the rule \`everything\` drops a SYN of an SSH session, 10.0.0.2:${session.port} to 10.0.0.1:22
`,
        );
        expect(said).toContain(` above \`everything: match any -> drop\` (${DROP_ALL}:1), or go on with \`--force\``);
        const rule = /put `([^`]+)` above /.exec(said)?.[1] ?? '';
        expect(rule).toBe('match src 10.0.0.2 proto tcp dport 22 -> pass');
        await session.lives('refused');
        const running = start(near, [rulesOf('fixed', `${rule}\neverything: match any -> drop\n`), '-i', near.ifname]);
        await eventually('attached', () => running.stderr().includes('attached to '));
        expect(running.stderr()).not.toContain('PKT6050');
        await session.lives('under rules');
        running.child.kill('SIGINT');
        expect(await running.ended).toBe(0);
      });
    });
  });

  test('--force attaches, with a warning', async () => {
    await withNetwork(async (network) => {
      const { near } = network;
      await withSession(network, {}, async () => {
        const running = start(near, [DROP_ALL, '-i', near.ifname, '--force']);
        await eventually('attached', () => running.stderr().includes('attached to ') && xdpProgramId(near) !== null);
        running.child.kill('SIGINT');
        expect(await running.ended).toBe(0);
        expect(running.stderr()).toContain('warning[PKT6050]');
      });
    });
  });

  test('counters and events know nothing of what was tried', async () => {
    await withNetwork(async (network) => {
      const { near } = network;
      await withSession(network, {}, async () => {
        const rules = rulesOf('logs', 'ssh: match tcp dport 22 -> log, pass\nmatch udp -> drop\n');
        const running = start(near, [rules, '-i', near.ifname, '--json', '--for', '200ms']);
        expect(await running.ended).toBe(0);
        const lines = running.stdout().trimEnd().split('\n');
        expect(lines).toHaveLength(1);
        expect(JSON.parse(lines[0] ?? '').summary.rules[0]).toMatchObject({ rule: 'ssh', packets: 0 });
      });
    });
  });

  test('a compiled object is asked as its rules are, and about the interface that it is for', async () => {
    await withNetwork(async (network) => {
      const { near } = network;
      const object = path.join(folder, 'compiled');
      expect((await pktc(['compile', DROP_ALL, '-o', object])).code).toBe(0);
      await withSession(network, {}, async (session) => {
        expect(await refused(start(near, [`${object}.bpf.o`, '-i', near.ifname]), near)).toContain(
          'the rule `everything` drops',
        );
        const here = `match iface "${near.ifname}" tcp dport 22 -> reject`;
        expect(await refused(start(near, ['-e', here, '-i', near.ifname]), near)).toContain('rejects a SYN');
        expect(await attaches(start(near, ['-e', 'match iface "else*" -> drop', '-i', near.ifname]))).not.toContain('PKT6050');
        const data = await refused(start(near, ['-e', 'match payload starts "SSH-" -> drop', '-i', near.ifname]), near);
        expect(data).toContain('drops the version exchange');
        // A label says nothing of the file that it stands in: the line of another one would be the wrong place.
        const included = await refused(start(near, [rulesOf('outer', 'include "all.rules"\n'), '-i', near.ifname]), near);
        expect(included).toContain('above `everything: match any -> drop` (line 1), or');
        await session.lives('compiled');
      });
    });
  });

  test('on another interface nothing is asked, on a bridge above it it is', async () => {
    await withNetwork(async (network) => {
      const { near } = network;
      ip('-n', near.name, 'link', 'add', 'other0', 'type', 'veth', 'peer', 'name', 'other1');
      ip('-n', near.name, 'address', 'add', '10.77.0.1/24', 'dev', 'other0');
      for (const ifname of ['other0', 'other1']) ip('-n', near.name, 'link', 'set', ifname, 'up');
      await withSession(network, {}, async (session) => {
        expect(await attaches(start(near, [DROP_ALL, '-i', 'other0']))).not.toContain('PKT6050');
        await session.lives('elsewhere');
      });
      ip('-n', near.name, 'link', 'add', 'bridge0', 'type', 'bridge');
      ip('-n', near.name, 'address', 'flush', 'dev', near.ifname);
      ip('-n', near.name, 'link', 'set', near.ifname, 'master', 'bridge0');
      ip('-n', near.name, 'address', 'add', '10.0.0.1/8', 'dev', 'bridge0');
      ip('-n', near.name, 'link', 'set', 'bridge0', 'up');
      await withSession(network, {}, async (session) => {
        await refused(start(near, [DROP_ALL, '-i', near.ifname]), near);
        await session.lives('bridged');
      });
    });
  });

  test('SSH_CONNECTION is enough, its own or its parent’s; that of another namespace is not', async () => {
    await withNetwork(async (network) => {
      const { near } = network;
      await withSession(network, { port: 2222, name: 'other' }, async ({ port }) => {
        const run = (SSH_CONNECTION: string) => start(near, [DROP_ALL, '-i', near.ifname], { env: { SSH_CONNECTION } });
        expect(await refused(run(`10.0.0.2 ${port} 10.0.0.1 2222`), near)).toContain('the SSH session that you are in');
        expect(await attaches(run('10.0.0.2 4000 192.0.2.77 22'))).not.toContain('PKT6050');
        const child = near.spawn(
          'sh',
          ['-c', 'env -u SSH_CONNECTION "$@"; exit $?', 'sh', process.execPath, LAUNCHER, 'run', DROP_ALL, near.ifname],
          {
            stdio: ['ignore', 'ignore', 'pipe'],
            env: { ...plainEnvironment(), SSH_CONNECTION: `10.0.0.2 ${port} 10.0.0.1 2222` },
          },
        );
        let said = '';
        child.stderr?.on('data', (data: Buffer) => {
          said += data.toString();
        });
        expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
        expect(said).toContain('error[PKT6050]');
        expect(said).toContain('10.0.0.1:2222');
      });
    });
  });

  test('a server called sshd counts at any port, IPv6 too, and on the way out', async () => {
    await withNetwork(async (network) => {
      const { near } = network;
      await withSession(network, { port: 2022, address: 'fd00::1' }, async ({ port }) => {
        const said = await refused(
          start(near, ['-e', 'match tcp sport 2022 -> drop', '--hook', 'tc egress', '-i', near.ifname]),
          near,
        );
        expect(said).toContain(`[fd00::2]:${port} to [fd00::1]:2022`);
        expect(said).toContain(
          'put `match dst fd00::2 proto tcp sport 2022 -> pass` above `match tcp sport 2022 -> drop` (<expr>:1)',
        );
        const both = await refused(start(near, ['-e', 'default drop', '--hook', 'tc', '-i', near.ifname]), near);
        const rule = /put `([^`]+)` before `default drop` holds/.exec(both)?.[1] ?? '';
        expect(
          await attaches(start(near, ['-e', rule, '-e', 'default drop', '--hook', 'tc', '-i', near.ifname])),
        ).not.toContain('PKT6050');
      });
    });
  });

  test.each([
    ['203.0.113.9', '192.0.2.1', []],
    ['2001:db8::9', '2001:db8::1', [9]],
  ])('the packets of %s are whole, as tshark reads them', (client, server, vlans) => {
    const ends = { client: { address: client, port: 51_234 }, server: { address: server, port: 22 }, mac: null, vlans };
    for (const direction of ['ingress', 'egress'] as const) {
      const replies = readReplies(sessionFrames(ends, direction).map(({ bytes }) => bytes));
      const [from, to] = direction === 'ingress' ? [ends.client, ends.server] : [ends.server, ends.client];
      expect(replies.map((reply) => Number(reply['tcp.flags'][0]))).toEqual([
        direction === 'ingress' ? 0x02 : 0x12,
        0x18,
        0x18,
      ]);
      for (const reply of replies) {
        expect([...reply['ip.src'], ...reply['ipv6.src'], ...reply['tcp.srcport']]).toEqual([from.address, String(from.port)]);
        expect([...reply['ip.dst'], ...reply['ipv6.dst'], ...reply['tcp.dstport']]).toEqual([to.address, String(to.port)]);
        expect(reply['tcp.checksum.status']).toEqual([RIGHT]);
        expect(reply['ip.checksum.status']).toEqual(client.includes(':') ? [] : [RIGHT]);
        expect(reply['vlan.id']).toEqual(vlans.map(String));
        expect(reply['_ws.malformed']).toEqual([]);
      }
    }
  });

  test('a server that nobody is connected to: strangers are to come through from somewhere', async () => {
    await withNetwork(async (network) => {
      const { near } = network;
      await withSession(network, { connect: false, address: '0.0.0.0' }, async () => {
        const said = await refused(start(near, [DROP_ALL, '-i', near.ifname]), near);
        expect(said).toContain('everybody who would log in through SSH at port 22');
        const lan = rulesOf('lan', 'match src != 10.0.0.0/8 tcp dport 22 -> drop\n');
        expect(await attaches(start(near, [lan, '-i', near.ifname]))).not.toContain('PKT6050');
      });
    });
  });

  test('on a terminal it asks, and only yes attaches', async () => {
    await withNetwork(async (network) => {
      const { near } = network;
      await withSession(network, {}, async (session) => {
        const answer = async (text: string) => {
          const line = [process.execPath, LAUNCHER, 'run', DROP_ALL, near.ifname, '--for', '300ms'].join(' ');
          const child = near.spawn('script', ['-qec', line, '/dev/null'], {
            stdio: ['pipe', 'pipe', 'inherit'],
            env: plainEnvironment(),
          });
          let said = '';
          child.stdout?.on('data', (data: Buffer) => {
            said += data.toString();
          });
          await eventually(`asked: ${said}`, () => said.includes('[y/N]'));
          expect(xdpProgramId(near)).toBeNull();
          child.stdin?.write(text);
          const code = await new Promise((resolve) => child.once('close', resolve));
          return { code, said };
        };
        const no = await answer('\r');
        expect(no.code).toBe(1);
        expect(no.said).toContain('not attached');
        expect((await answer('\x03')).code).toBe(1);
        await session.lives('after no');
        const yes = await answer('y\r');
        expect(yes.said).toContain('attached to ');
        expect(yes.code).toBe(0);
      });
    });
  });
});
