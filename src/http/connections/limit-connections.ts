import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { compile } from '@fastify/proxy-addr';
import rateLimit from '@fastify/rate-limit';

/** For systems that do not report how many files the process may open. */
const DEFAULT_OPEN_FILES = 10_240;

interface Connections {
  open: number;
  /** Connections without a complete request since they were opened or last answered, the oldest first. */
  waiting: Set<Socket>;
}

/**
 * Half of the files that the process may open: one address can take at most these, and the rest is left for other
 * callers, the database and the engine.
 */
export function defaultConnectionLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const files = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
    if (files > 0) return Math.max(1, Math.floor(files / 2));
  } catch {
    // Not Linux.
  }
  return DEFAULT_OPEN_FILES / 2;
}

/**
 * Limits the open connections of one address (a /64 of IPv6) before any request is read. One connection more closes
 * the one that has been without a complete request for longest: slow and idle callers give way, callers that wait
 * for an answer stay.
 *
 * @param trustProxy addresses that are not counted: all callers behind a proxy share its address
 */
export function limitConnections(server: Server, max: number, trustProxy: string): void {
  const isProxy =
    trustProxy === '' ? () => false : compile(trustProxy.split(',').map((part) => part.trim()));
  const byAddress = new Map<string, Connections>();
  const ofSocket = new WeakMap<Socket, Connections>();

  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || isProxy(remoteAddress, 0)) return;
    const address = rateLimit.normalizeIP(remoteAddress);
    const connections = byAddress.get(address) ?? { open: 0, waiting: new Set() };
    byAddress.set(address, connections);
    ofSocket.set(socket, connections);
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
    const connections = ofSocket.get(socket);
    if (!connections?.waiting.has(socket)) return;
    const onComplete = (): void => void connections.waiting.delete(socket);
    if (hasBody(request)) request.once('end', onComplete);
    else onComplete();
    response.once('close', () => {
      if (socket.destroyed) return;
      // Now it is the youngest.
      connections.waiting.delete(socket);
      connections.waiting.add(socket);
    });
  });
}

/** Whether the headers announce a body (RFC 9112, section 6.3). */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
