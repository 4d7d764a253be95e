/** By which TCP flows somebody may be logged in on this machine through SSH, or could log in. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { addressBytes, addressText } from './address-bytes.ts';
import { readTcpSockets, type TcpEnd, type TcpSocket } from './tcp-sockets.ts';

export interface SshFlow {
  readonly client: TcpEnd;
  readonly server: TcpEnd;
  /** The interface that a link-local address named; null: none did. */
  readonly zone: string | null;
}

export interface SshFlows {
  /** The one that this process was started through; null: it was not, or nobody says so any more. */
  readonly session: SshFlow | null;
  readonly connections: readonly SshFlow[];
  /** `0.0.0.0` and `::` stand for every address. */
  readonly listeners: readonly TcpEnd[];
}

export interface AskedProcess {
  /** Where the proc file system is. */
  readonly proc: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly parent_pid: number;
}

const SSH_PORT = 22;
const SSH_SERVER = 'sshd';
const VARIABLE = 'SSH_CONNECTION';

/** Of this process's network namespace, as far as it may know. */
export function readSshFlows(asked: AskedProcess): SshFlows {
  const sockets = readTcpSockets(asked.proc);
  const servers = sockets.filter(({ state }) => state === 'listening');
  const others = servers.filter(({ local }) => local.port !== SSH_PORT);
  const ofSshd = others.length === 0 ? new Set<string>() : socketsOf(asked.proc, SSH_SERVER);
  const listening = servers.filter(({ local, inode }) => local.port === SSH_PORT || ofSshd.has(inode));
  const connected = sockets.filter((socket) => socket.state === 'established' && listening.some((one) => accepts(one, socket)));
  return {
    session: readSession(asked),
    connections: connected.map(({ local, remote }) => ({ client: remote, server: local, zone: null })),
    listeners: listening.map(({ local }) => local),
  };
}

/** Every address has the port when the server said so. */
function accepts(server: TcpSocket, { local }: TcpSocket): boolean {
  const { address, port } = server.local;
  return port === local.port && (address === local.address || address === '0.0.0.0' || address === '::');
}

/** `sudo` clears the environment; the shell that it was called from still has it. */
function readSession({ proc, environment, parent_pid }: AskedProcess): SshFlow | null {
  const own = parseSshConnection(environment[VARIABLE] ?? '');
  if (own !== null) return own;
  const asked = new Set<number>();
  for (let pid = parent_pid; pid > 0 && !asked.has(pid); pid = parentOf(proc, pid)) {
    asked.add(pid);
    const flow = parseSshConnection(variableOf(proc, pid));
    if (flow !== null) return flow;
  }
  return null;
}

/** Client address and port, server address and port, as sshd(8) writes them; null: something else. */
export function parseSshConnection(text: string): SshFlow | null {
  const [client = '', clientPort = '', server = '', serverPort = ''] = text.trim().split(/ +/);
  const ends = [endOf(client, clientPort), endOf(server, serverPort)] as const;
  if (ends[0] === null || ends[1] === null) return null;
  return { client: ends[0], server: ends[1], zone: /%(.+)$/s.exec(client)?.[1] ?? null };
}

function endOf(address: string, port: string): TcpEnd | null {
  const bytes = addressBytes(address);
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  return bytes === null || number === 0 || number > 0xffff ? null : { address: addressText(bytes), port: number };
}

function variableOf(proc: string, pid: number): string {
  const variables = contents(path.join(proc, String(pid), 'environ')).split('\0');
  return variables.find((one) => one.startsWith(`${VARIABLE}=`))?.slice(VARIABLE.length + 1) ?? '';
}

/** 0: there is none, or not to be told. */
function parentOf(proc: string, pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(contents(path.join(proc, String(pid), 'status')))?.[1] ?? 0);
}

/** Inodes of the sockets that processes of this name hold. */
function socketsOf(proc: string, name: string): ReadonlySet<string> {
  const inodes = entries(proc)
    .filter((entry) => /^\d+$/.test(entry) && contents(path.join(proc, entry, 'comm')).trimEnd() === name)
    .flatMap((pid) => entries(path.join(proc, pid, 'fd')).map((fd) => target(path.join(proc, pid, 'fd', fd))))
    .flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
  return new Set(inodes);
}

/** What other processes have may go at any time, or be theirs alone: then it is empty. */
function contents(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
