import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { hasBody } from './limit-connections.ts';

/**
 * Closes connections whose request was answered before its body had come: a refusal (401, 404, 413, 415 …) would else
 * be followed by a body that nobody wants, for as long as the caller likes.
 *
 * The caller is given `lingerMs` to notice: were the connection closed at once, what it still sends would make its
 * system throw the answer away (RFC 9112, section 9.6).
 */
export function closeUnread(app: FastifyInstance, lingerMs: number): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const { raw } = request;
    if (!raw.complete && hasBody(raw)) {
      reply.header('Connection', 'close');
      linger(raw.socket, lingerMs);
    }
    done(null, payload);
  });
}

/** Node calls this when the last answer is written; what comes in until then is read and dropped. */
function linger(socket: Socket, lingerMs: number): void {
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
  };
}
