import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type RunningEngine,
  startEmbeddedEngine,
} from '../../infrastructure/embedded-engine/start.ts';

export interface EngineBehindProxy {
  /** The value for CAMUNDA_BASE_URL; stays the same while the engine is down and up again. */
  url: string;
  /** Calls whose path matches do not reach the engine and are never answered; null forwards all again. */
  swallow(path: RegExp | null): void;
  /** Resolves when the next call is swallowed. */
  swallowed(): Promise<void>;
  /** Breaks all connections and answers no more. */
  down(): void;
  up(): void;
  stop(): Promise<void>;
}

const log = { warn: () => {}, error: () => {} };

/** An engine that outlives the service, behind a proxy that can drop calls. */
export async function startEngineBehindProxy(file: string): Promise<EngineBehindProxy> {
  const engine: RunningEngine = await startEmbeddedEngine({ file, secret: null, log });
  const target = new URL(engine.url).origin;
  let pattern: RegExp | null = null;
  let isDown = false;
  let onSwallowed: (() => void)[] = [];

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    if (isDown) {
      request.socket.destroy();
      return;
    }
    if (pattern?.test(path)) {
      for (const resolve of onSwallowed) resolve();
      onSwallowed = [];
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    // When the caller aborts a poll, the engine must not lock tasks for it.
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const type = request.headers['content-type'];
    const answer = await fetch(target + path, {
      method: request.method ?? 'GET',
      signal: gone.signal,
      headers: type ? { 'content-type': type } : {},
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    });
    const answered = answer.headers.get('content-type');
    response.writeHead(answer.status, answered ? { 'content-type': answered } : {});
    response.end(Buffer.from(await answer.arrayBuffer()));
  }

  const server = createServer((request, response) => {
    forward(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/engine-rest`,
    swallow(path) {
      pattern = path;
    },
    swallowed: () => new Promise((resolve) => onSwallowed.push(resolve)),
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
      await engine.stop();
    },
  };
}
