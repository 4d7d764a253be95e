/**
 * Either side of a connection that stands for a session of SSH.
 * `server ADDRESS PORT NAME` answers what it hears, as a process of that name; `client ADDRESS PORT` sends what it reads.
 */
import net from 'node:net';

const [role, address, port, name] = process.argv.slice(2);
if (role === 'server') {
  process.title = name;
  const server = net.createServer((socket) => socket.on('error', () => {}).pipe(socket));
  server.listen(Number(port), address, () => process.stdout.write('listening\n'));
} else {
  const socket = net.connect(Number(port), address, () => process.stdout.write(`from ${socket.localPort}\n`));
  process.stdin.pipe(socket).pipe(process.stdout);
}
