import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const PROBE_TIMEOUT_MS = 2_000;

interface Server {
  host: string;
  port: number;
}

/** Whether a server that closed a plain connection accepts a TLS handshake: then the protocol in the URL is wrong. */
export function speaksTls({ host, port }: Server): Promise<boolean> {
  // Only the handshake is sent, so the certificate need not be valid.
  const socket = connectTls({ host, port, rejectUnauthorized: false });
  return probe(socket, (found) => socket.once('secureConnect', () => found(true)));
}

/** Whether a server that refused a TLS handshake answers a plain PING as Redis does. */
export function speaksPlainRedis({ host, port }: Server): Promise<boolean> {
  const socket = connectTcp(port, host, () => socket.write('PING\r\n'));
  return probe(socket, (found) =>
    socket.once('data', (data) => found(/^(\+PONG|-)/.test(data.toString('latin1')))),
  );
}

/** Resolves with what `listen` finds, or with false when the connection fails. */
async function probe(socket: Socket, listen: (found: (result: boolean) => void) => void) {
  try {
    return await new Promise<boolean>((resolve) => {
      listen(resolve);
      for (const event of ['error', 'close', 'timeout']) socket.once(event, () => resolve(false));
      socket.setTimeout(PROBE_TIMEOUT_MS);
    });
  } finally {
    socket.on('error', () => {});
    socket.destroy();
  }
}
