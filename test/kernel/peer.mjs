/** A process with ordinary sockets, run inside a namespace and told what to do over IPC; see peer.ts. */
import dgram from 'node:dgram';
import net from 'node:net';

const servers = [];

const commands = {
  /** Accepts, echoes, and counts who came. */
  listen: ({ host, port }) =>
    new Promise((resolve, reject) => {
      const server = net.createServer((socket) => {
        socket.on('error', () => {});
        socket.pipe(socket);
      });
      server.once('error', reject);
      server.listen({ host, port, ipv6Only: true }, () => resolve(server.address().port));
      servers.push(server);
    }),
  /** One connection; says something and waits for the echo. */
  connect: ({ host, port, localAddress, localPort, say, timeout_ms }) =>
    new Promise((resolve) => {
      const socket = net.connect({ host, port, localAddress, localPort });
      const done = (outcome) => {
        clearTimeout(timer);
        const local = socket.localPort ?? null;
        socket.destroy();
        resolve({ outcome, localPort: local });
      };
      const timer = setTimeout(() => done('timeout'), timeout_ms);
      socket.on('error', (error) => done(error.code));
      socket.on('connect', () => socket.end(say));
      let echo = '';
      socket.on('data', (data) => {
        echo += data;
      });
      socket.on('end', () => done(echo === say ? 'echoed' : `echoed ${JSON.stringify(echo)}`));
    }),
  udp: ({ host, port, localPort, messages }) =>
    new Promise((resolve, reject) => {
      const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
      socket.once('error', reject);
      socket.bind(localPort, () => {
        let left = messages.length;
        for (const message of messages) {
          socket.send(message, port, host, (error) => {
            if (error) reject(error);
            else if (--left === 0) socket.close(() => resolve(null));
          });
        }
      });
    }),
  /** One datagram over a connected socket, which is told of an ICMP error: an errno name, `answered`, or `timeout`. */
  ask: ({ host, port, say, timeout_ms }) =>
    new Promise((resolve) => {
      const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
      const done = (outcome) => {
        clearTimeout(timer);
        socket.close(() => resolve(outcome));
      };
      const timer = setTimeout(() => done('timeout'), timeout_ms);
      socket.once('error', (error) => done(error.code));
      socket.once('message', () => done('answered'));
      socket.connect(port, host, () => socket.send(say));
    }),
};

process.on('message', ({ id, command, argument }) => {
  commands[command](argument).then(
    (value) => process.send({ id, value }),
    (error) => process.send({ id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
