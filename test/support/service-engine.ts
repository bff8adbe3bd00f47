import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type RunningEngine,
  startEmbeddedEngine,
} from '../../infrastructure/embedded-engine/start.ts';

export interface EngineBehindProxy {
  /** As for CAMUNDA_BASE_URL; stays the same while the engine comes and goes. */
  url: string;
  /** Calls whose path matches are heard by nobody, and never answered; null lets all pass again. */
  swallow(path: RegExp | null): void;
  /** Resolves when the next call is swallowed. */
  swallowed(): Promise<void>;
  /** From here on nobody answers. */
  down(): void;
  up(): void;
  stop(): Promise<void>;
}

const log = { warn: () => {}, error: () => {} };

/** An engine that outlives the service, with a proxy in front that can be told to lose calls. */
export async function startEngineBehindProxy(file: string): Promise<EngineBehindProxy> {
  const engine: RunningEngine = await startEmbeddedEngine({ file, secret: null, log });
  const target = new URL(engine.url).origin;
  let pattern: RegExp | null = null;
  let isDown = false;
  let heard: (() => void)[] = [];

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    if (isDown) {
      request.socket.destroy();
      return;
    }
    if (pattern?.test(path)) {
      for (const tell of heard) tell();
      heard = [];
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    // A poll that was given up must not go on and lock tasks for nobody.
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
    swallowed: () => new Promise((resolve) => heard.push(resolve)),
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
