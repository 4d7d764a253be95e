/** libpcap itself, through its C interface: the oracle for what an expression matches. */
import koffi from 'koffi';

export interface PcapFilter {
  /**
   * Whether the expression matches the frame. `wireLength` is what the filter takes for `len`, the frame's own length unless
   * said.
   */
  matches(frame: Uint8Array, wireLength?: number): boolean;
}

export interface Libpcap {
  readonly version: string;
  /** @throws Error with libpcap's message when the expression is wrong. */
  compile(expression: string): PcapFilter;
}

const ETHERNET = 1;
const SNAP_LENGTH = 262_144;
const NETMASK_UNKNOWN = 0xffffffff;

/* <pcap/pcap.h> on 64-bit Linux: struct bpf_program { u_int; struct bpf_insn *; }, struct pcap_pkthdr { timeval; caplen; len }. */
const BPF_PROGRAM_SIZE = 16;
const PKTHDR_SIZE = 24;

/** null: there is no libpcap on this machine. */
export function openLibpcap(): Libpcap | null {
  const library = load(['libpcap.so.0.8', 'libpcap.so.1', 'libpcap.so']);
  if (library === null) {
    return null;
  }
  const version = library.func('const char *pcap_lib_version()');
  const openDead = library.func('void *pcap_open_dead(int linktype, int snaplen)');
  const compile = library.func('int pcap_compile(void *p, void *program, const char *text, int optimize, uint32_t netmask)');
  const lastError = library.func('const char *pcap_geterr(void *p)');
  const offlineFilter = library.func('int pcap_offline_filter(const void *program, const void *header, const void *data)');
  const handle: unknown = openDead(ETHERNET, SNAP_LENGTH);
  return {
    version: version() as string,
    compile(expression) {
      const program = Buffer.alloc(BPF_PROGRAM_SIZE);
      if (compile(handle, program, expression, 1, NETMASK_UNKNOWN) !== 0) {
        throw new Error(`libpcap on \`${expression}\`: ${lastError(handle) as string}`);
      }
      const header = Buffer.alloc(PKTHDR_SIZE);
      return {
        matches(frame, wireLength = frame.length) {
          header.writeUInt32LE(frame.length, 16);
          header.writeUInt32LE(wireLength, 20);
          return (offlineFilter(program, header, frame) as number) !== 0;
        },
      };
    },
  };
}

function load(names: readonly string[]): ReturnType<typeof koffi.load> | null {
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch {
      // The next name, or none.
    }
  }
  return null;
}
