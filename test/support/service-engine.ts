import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type RunningEngine,
  startEmbeddedEngine,
} from '../../infrastructure/embedded-engine/start.ts';
import { forward, readBody, sendForwarded, startHttpServer } from './http-server.ts';

export interface EngineBehindProxy {
  /** The value for CAMUNDA_BASE_URL; stays the same while the engine is down and up again. */
  url: string;
  /** Calls whose path matches do not reach the engine and are never answered; null forwards all again. */
  swallow(path: RegExp | null): void;
  /** Resolves when the next call is swallowed. */
  swallowed(): Promise<void>;
  /** Calls reach the engine one after the other from now on, each so many milliseconds after the one before: it is busy. */
  slowDown(ms: number): void;
  /** Breaks all connections and answers no more. */
  down(): void;
  up(): void;
  stop(): Promise<void>;
}

const log = { warn: () => {}, error: () => {} };

/** An engine that outlives the service, behind a proxy that can drop calls. */
export async function startEngineBehindProxy(file: string): Promise<EngineBehindProxy> {
  const engine: RunningEngine = await startEmbeddedEngine({ file, log });
  const target = new URL(engine.url).origin;
  let pattern: RegExp | null = null;
  let onSwallowed: (() => void)[] = [];
  let delayMs = 0;
  let turn = Promise.resolve();

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    if (pattern?.test(path)) {
      for (const resolve of onSwallowed) resolve();
      onSwallowed = [];
      return;
    }
    const body = await readBody(request);
    if (delayMs > 0) {
      turn = turn.then(() => sleep(delayMs));
      await turn;
    }
    sendForwarded(response, await forward(request, body, response, target + path));
  }

  const server = await startHttpServer(pass);
  return {
    url: `${server.origin}/engine-rest`,
    swallow(path) {
      pattern = path;
    },
    swallowed: () => new Promise((resolve) => onSwallowed.push(resolve)),
    slowDown(ms) {
      delayMs = ms;
    },
    down: server.down,
    up: server.up,
    async stop() {
      await server.stop();
      await engine.stop();
    },
  };
}
