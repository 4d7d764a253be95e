/** A packet socket (packet(7)) whose filter is the program: it sees copies of what the interface receives and sends. */
import type { InterfacePlace } from './attach-xdp.ts';
import { type Attachment, attachmentOf, type Hold } from './attachment.ts';
import { effectiveCapabilities } from './capabilities.ts';
import {
  AF_PACKET,
  errnoName,
  LITTLE_ENDIAN,
  type Libc,
  SO_ATTACH_BPF,
  SO_RCVBUF,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_SOCKET,
} from './ffi/libc.ts';
import { goneError } from './gone-error.ts';
import type { AttachableProgram } from './kernel-program.ts';
import type { LoadedProgram } from './load.ts';
import { privilegeError } from './load-error.ts';
import { RuntimeError } from './runtime-error.ts';

/** include/uapi/linux/if_ether.h, in network byte order */
const ETH_P_ALL = 0x0300;
/** struct sockaddr_ll: family, protocol, ifindex, and what only a sender fills in */
const ADDRESS_BYTES = 20;

/**
 * Nobody reads the socket: its filter is there to look. The filter runs before the kernel asks whether there is room, so it
 * goes on seeing every packet when the socket is full.
 * @throws RuntimeError PKT6005, PKT6013, PKT6015
 */
export function attachSocket(loaded: LoadedProgram, { ifname, ifindex }: InterfacePlace): Attachment {
  const { libc } = loaded.internals;
  const [program] = loaded.programs;
  if (program === undefined) throw new Error('there is no program to attach');
  // Without a protocol it hears nothing until it is bound: no packet passes that the filter has not seen.
  const fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) throw socketError(ifname, libc.errno());
  try {
    setOption(libc, fd, SO_ATTACH_BPF, program.fd, ifname);
    setOption(libc, fd, SO_RCVBUF, 0, ifname);
    const address = new DataView(new ArrayBuffer(ADDRESS_BYTES));
    address.setUint16(0, AF_PACKET, LITTLE_ENDIAN);
    address.setUint16(2, LITTLE_ENDIAN ? ETH_P_ALL : 3, LITTLE_ENDIAN);
    address.setInt32(4, ifindex, LITTLE_ENDIAN);
    if (libc.bind(fd, new Uint8Array(address.buffer), ADDRESS_BYTES) !== 0) throw socketError(ifname, libc.errno());
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  const about = { place: ifname, ifname, ifindex, mode: 'filter' as const, note: null };
  return attachmentOf(loaded, about, [socketHold(libc, fd, program)]);
}

function socketHold(libc: Libc, fd: number, program: AttachableProgram): Hold {
  let held = program;
  return {
    get program() {
      return held;
    },
    swap(next) {
      if (attachFilter(libc, fd, next.fd) !== 0) return -libc.errno();
      held = next;
      return 0;
    },
    gone() {
      const address = new Uint8Array(new ArrayBuffer(ADDRESS_BYTES));
      if (libc.getsockname(fd, address, new Uint32Array([ADDRESS_BYTES])) !== 0) return true;
      // The kernel unbinds the socket with -1 when the interface is unregistered.
      return new DataView(address.buffer).getInt32(4, LITTLE_ENDIAN) < 0;
    },
    pin: null,
    release: () => void libc.close(fd),
  };
}

/** A filter that is there already is replaced at once. */
function attachFilter(libc: Libc, fd: number, program_fd: number): number {
  return libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, new Uint8Array(new Int32Array([program_fd]).buffer), 4);
}

function setOption(libc: Libc, fd: number, option: number, value: number, ifname: string): void {
  const result = libc.setsockopt(fd, SOL_SOCKET, option, new Uint8Array(new Int32Array([value]).buffer), 4);
  if (result !== 0) throw socketError(ifname, libc.errno());
}

function socketError(ifname: string, errno: number): RuntimeError {
  const name = errnoName(errno);
  if (name === 'EPERM' && effectiveCapabilities()?.CAP_NET_RAW === false) {
    return new RuntimeError('PKT6005', 'this process may not open packet sockets: CAP_NET_RAW missing', {
      help: 'run it with `sudo`, or give it CAP_NET_RAW',
    });
  }
  if (name === 'EPERM') return privilegeError();
  if (name === 'ENODEV') return goneError(ifname);
  return new RuntimeError('PKT6013', `cannot open a packet socket on \`${ifname}\` (${name})`, { help: 'run `pktc doctor`' });
}
