import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpServer {
  /** For example `http://127.0.0.1:4711`. */
  origin: string;
  /** Breaks all connections and answers no more. */
  down(): void;
  up(): void;
  stop(): Promise<void>;
}

/** A server on a free port; a handler that throws breaks its connection. */
export async function startHttpServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<HttpServer> {
  let isDown = false;
  const server = createServer(async (request, response) => {
    try {
      if (isDown) request.socket.destroy();
      else await handle(request, response);
    } catch {
      request.socket.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    down() {
      isDown = true;
      server.closeAllConnections();
    },
    up() {
      isDown = false;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export interface ForwardedAnswer {
  status: number;
  type: string | null;
  body: Buffer;
}

/**
 * Sends a call, whose body was read, to `url`. When the caller goes away the call is aborted, too: an engine must not
 * lock tasks for a worker that has aborted its poll.
 */
export async function forward(
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  url: string,
): Promise<ForwardedAnswer> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const { 'content-type': type, authorization } = request.headers;
  const answer = await fetch(url, {
    method: request.method ?? 'GET',
    signal: gone.signal,
    headers: {
      ...(type ? { 'content-type': type } : {}),
      ...(authorization ? { authorization } : {}),
    },
    ...(body.length > 0 ? { body } : {}),
  });
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    body: Buffer.from(await answer.arrayBuffer()),
  };
}

/** Gives the caller what the target has answered. */
export function sendForwarded(
  response: ServerResponse,
  { status, type, body }: ForwardedAnswer,
): void {
  response.writeHead(status, type ? { 'content-type': type } : {}).end(body);
}
