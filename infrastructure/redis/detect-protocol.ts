import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Milliseconds in which a server shows what it speaks. */
const PROBE_MS = 2_000;

interface Server {
  host: string;
  port: number;
}

/** Whether a server that hung up on plain text takes a TLS handshake: then the protocol in the URL is wrong. */
export function speaksTls({ host, port }: Server): Promise<boolean> {
  // Nothing is sent to it but the handshake, so its certificate does not matter.
  const socket = connectTls({ host, port, rejectUnauthorized: false });
  return shows(socket, (found) => socket.once('secureConnect', () => found(true)));
}

/** Whether a server that took no TLS handshake answers a plain PING as Redis does. */
export function speaksPlainRedis({ host, port }: Server): Promise<boolean> {
  const socket = connectTcp(port, host, () => socket.write('PING\r\n'));
  return shows(socket, (found) =>
    socket.once('data', (data) => found(/^(\+PONG|-)/.test(data.toString('latin1')))),
  );
}

async function shows(socket: Socket, look: (found: (is: boolean) => void) => void) {
  try {
    return await new Promise<boolean>((resolve) => {
      look(resolve);
      for (const event of ['error', 'close', 'timeout']) socket.once(event, () => resolve(false));
      socket.setTimeout(PROBE_MS);
    });
  } finally {
    socket.on('error', () => {});
    socket.destroy();
  }
}
