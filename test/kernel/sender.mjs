/**
 * Sends frames on an interface until it is told to stop: `sender.mjs IFINDEX HEX…`. Says `sending`, and at the end how many of each. Plain
 * JavaScript, so that it is there at once.
 */
import koffi from 'koffi';

const AF_PACKET = 17;
const SOCK_RAW = 3;
/** Fewer than a queue of the receiver holds, so that none is lost on the way. */
const BURST = 16;
const ENOBUFS = koffi.os.errno.ENOBUFS;

const [ifindex, ...hexes] = process.argv.slice(2);
const frames = hexes.map((hex) => Buffer.from(hex, 'hex'));
const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, void *, uint32_t)');
const send = libc.func('int64_t send(int, void *, size_t, int)');

const fd = socket(AF_PACKET, SOCK_RAW, 0);
// struct sockaddr_ll: family, protocol, ifindex and twelve bytes that a sender leaves out
const address = new DataView(new ArrayBuffer(20));
address.setUint16(0, AF_PACKET, true);
address.setInt32(4, Number(ifindex), true);
if (fd < 0 || bind(fd, new Uint8Array(address.buffer), address.byteLength) !== 0) throw new Error(`errno ${koffi.errno()}`);

const sent = frames.map(() => 0);
let open = true;
process.stdin.on('data', () => {
  open = false;
});
process.stdout.write('sending\n');
for (let next = 0; open; ) {
  for (let burst = 0; burst < BURST; burst++, next = (next + 1) % frames.length) {
    while (send(fd, frames[next], frames[next].length, 0) < 0) {
      if (koffi.errno() !== ENOBUFS) throw new Error(`send: errno ${koffi.errno()}`);
    }
    sent[next]++;
  }
  await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write(`${JSON.stringify(sent)}\n`, () => process.exit(0));
