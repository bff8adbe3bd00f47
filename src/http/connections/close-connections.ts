import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { hasBody } from './limit-connections.ts';

/**
 * While the service stops, closes each connection after its answer: the next request of a caller goes to another
 * service instance, and no idle connection delays the stop.
 *
 * And closes connections whose request was answered before its body had arrived: after a refusal (401, 404, 413, 415 …)
 * the caller could otherwise send a useless body for as long as it likes.
 *
 * Then the caller has `lingerMs` to notice. If the connection were closed at once, data that the caller still sends would
 * make its system discard the answer (RFC 9112, section 9.6).
 */
export function closeConnections(
  app: FastifyInstance,
  { lingerMs, stopping }: { lingerMs: number; stopping: () => boolean },
): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const { raw } = request;
    if (stopping()) reply.header('Connection', 'close');
    if (!raw.complete && hasBody(raw)) {
      reply.header('Connection', 'close');
      linger(raw.socket, lingerMs);
    }
    done(null, payload);
  });
}

/** Node calls `destroySoon` when the last answer is written; what arrives until then is read and dropped. */
function linger(socket: Socket, lingerMs: number): void {
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
  };
}
