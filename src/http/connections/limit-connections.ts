import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { compile } from '@fastify/proxy-addr';
import rateLimit from '@fastify/rate-limit';

/** Where the system does not say how many files the process may open. */
const USUAL_OPEN_FILES = 10_240;

interface Connections {
  open: number;
  /** Those that have not brought a whole request since they were opened or last answered, the oldest first. */
  waiting: Set<Socket>;
}

/**
 * Half of the files that the process may open: so much of them one address can take, and the others, the database
 * and the engine have the rest.
 */
export function defaultConnectionLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const files = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
    if (files > 0) return Math.max(1, Math.floor(files / 2));
  } catch {
    // No Linux.
  }
  return USUAL_OPEN_FILES / 2;
}

/**
 * Bounds the connections that one address (a /64 of IPv6) has at once, before anything of a request is read. One more
 * ends the one that has been without a whole request for longest: whoever drips or idles gives way, whoever waits
 * for an answer stays.
 *
 * @param trustProxy addresses that are not counted: all callers behind a proxy share its own
 */
export function limitConnections(server: Server, max: number, trustProxy: string): void {
  const isProxy =
    trustProxy === '' ? () => false : compile(trustProxy.split(',').map((part) => part.trim()));
  const byAddress = new Map<string, Connections>();

  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || isProxy(remoteAddress, 0)) return;
    const address = rateLimit.normalizeIP(remoteAddress);
    const connections = byAddress.get(address) ?? { open: 0, waiting: new Set() };
    byAddress.set(address, connections);
    connections.open++;
    connections.waiting.add(socket);
    socket.once('close', () => {
      connections.open--;
      connections.waiting.delete(socket);
      if (connections.open === 0) byAddress.delete(address);
    });
    if (connections.open <= max) return;
    const [oldest = socket] = connections.waiting;
    connections.waiting.delete(oldest);
    oldest.destroy();
  });

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const connections = byAddress.get(rateLimit.normalizeIP(socket.remoteAddress ?? ''));
    if (!connections?.waiting.has(socket)) return;
    const isWhole = (): void => void connections.waiting.delete(socket);
    if (hasBody(request)) request.once('end', isWhole);
    else isWhole();
    response.once('close', () => {
      if (socket.destroyed) return;
      // Now the youngest.
      connections.waiting.delete(socket);
      connections.waiting.add(socket);
    });
  });
}

/** RFC 9112, section 6.3: one of the two announces a body. */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
