import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Between two checks for connections that became idle while the server closes. */
const SWEEP_INTERVAL_MS = 50;

/** Closes the server when its open answers are sent, or cuts them off after `timeoutMs`. */
export async function closeServer(app: FastifyInstance, timeoutMs: number): Promise<void> {
  // Node closes idle connections once, when the close begins; an answer that ends later would leave its
  // connection open until the keep-alive time is over.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_INTERVAL_MS);
  const timer = setTimeout(() => app.server.closeAllConnections(), timeoutMs);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(timer);
  }
}

/**
 * Ends connections that never brought a request when the server closes: browsers and proxies open them
 * ahead of need, Node does not count them as idle, and they would hold up the close for a minute.
 */
export function closeUnusedConnections(app: FastifyInstance): void {
  const unused = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  app.server.on('request', ({ socket }) => unused.delete(socket));
  app.addHook('preClose', async () => {
    for (const socket of unused) socket.destroy();
  });
}
