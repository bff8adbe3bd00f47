import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { freePort } from './children.ts';
import { forward, readBody, sendForwarded } from './http-server.ts';

export interface EngineCall {
  method: string;
  /** The path below the base URL, for example `/external-task/7/complete`. */
  path: string;
  body: Record<string, unknown>;
}

/**
 * `lose-request`: the engine does not get the call; `lose-answer`: the engine executes it, but the caller gets no
 * answer; `answer-500`: the answer is an error; `answer-conflict`: the answer reports a conflict of two transactions;
 * `hang`: the engine does not get the call, and no answer comes.
 */
export type ProxyAction =
  | 'pass'
  | 'lose-request'
  | 'lose-answer'
  | 'answer-500'
  | 'answer-conflict'
  | 'hang';

/** The message of Camunda 7 and Operaton. */
const CONFLICT =
  "ENGINE-03005 Execution of 'DELETE ExternalTaskEntity[1]' failed. Entity was updated by another transaction concurrently.";

export interface EngineProxy {
  url: string;
  /** All calls in order. */
  calls: EngineCall[];
  /** Sets a function that chooses the action for each call before it is forwarded. */
  intercept(decide: (call: EngineCall) => ProxyAction | Promise<ProxyAction>): void;
  /** Breaks all connections and accepts no more. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  stop(): Promise<void>;
}

/** A proxy between a worker and a real engine that can drop calls and answers. */
export async function startEngineProxy(target: string): Promise<EngineProxy> {
  const port = await freePort();
  const calls: EngineCall[] = [];
  let decide: (call: EngineCall) => ProxyAction | Promise<ProxyAction> = () => 'pass';
  let server = await listen();

  function listen(): Promise<Server> {
    const created = createServer((request, response) => {
      handle(request, response).catch(() => request.socket.destroy());
    });
    return new Promise((resolve) => created.listen(port, '127.0.0.1', () => resolve(created)));
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const { method = 'GET', url: path = '/', headers } = request;
    const sentAs = headers['content-type'] ?? 'application/json';
    const isJson = body.length > 0 && sentAs.startsWith('application/json');
    const call = { method, path, body: isJson ? JSON.parse(body.toString()) : {} };
    calls.push(call);
    const action = await decide(call);
    if (action === 'hang') return;
    if (action === 'lose-request') {
      request.socket.destroy();
      return;
    }
    if (action === 'answer-500' || action === 'answer-conflict') {
      const message = action === 'answer-500' ? 'it does not work' : CONFLICT;
      const error = { type: 'ProcessEngineException', message };
      response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify(error));
      return;
    }
    const answer = await forward(request, body, response, target + path);
    if (action === 'lose-answer') {
      request.socket.destroy();
      return;
    }
    sendForwarded(response, answer);
  }

  async function close(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    intercept(next) {
      decide = next;
    },
    cut: close,
    async restore() {
      server = await listen();
    },
    stop: close,
  };
}
