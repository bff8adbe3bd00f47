import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { freePort } from './children.ts';

export interface EngineCall {
  method: string;
  /** Below the base URL, for example `/external-task/7/complete`. */
  path: string;
  body: Record<string, unknown>;
}

/**
 * `lose-request`: the engine never hears of it; `lose-answer`: the engine does it, the caller never
 * knows; `answer-500`: the engine says that it cannot; `answer-conflict`: it says that two transactions
 * met; `hang`: it takes the call and never answers.
 */
export type Verdict =
  | 'pass'
  | 'lose-request'
  | 'lose-answer'
  | 'answer-500'
  | 'answer-conflict'
  | 'hang';

/** As Camunda 7 and Operaton put it. */
const CONFLICT =
  "ENGINE-03005 Execution of 'DELETE ExternalTaskEntity[1]' failed. Entity was updated by another transaction concurrently.";

export interface EngineProxy {
  url: string;
  /** Every call that came, in order. */
  calls: EngineCall[];
  /** Decides about each call at the moment it arrives, before the engine hears of it. */
  intercept(decide: (call: EngineCall) => Verdict | Promise<Verdict>): void;
  /** From here on nobody listens. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  stop(): Promise<void>;
}

/** Stands between a worker and a real engine, and loses what it is told to. */
export async function startEngineProxy(target: string): Promise<EngineProxy> {
  const port = await freePort();
  const calls: EngineCall[] = [];
  let decide: (call: EngineCall) => Verdict | Promise<Verdict> = () => 'pass';
  let server = await listen();

  function listen(): Promise<Server> {
    const created = createServer((request, response) => {
      handle(request, response).catch(() => request.socket.destroy());
    });
    return new Promise((resolve) => created.listen(port, '127.0.0.1', () => resolve(created)));
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = 'GET', url: path = '/' } = request;
    const call = { method, path, body: body.length > 0 ? JSON.parse(body.toString()) : {} };
    calls.push(call);
    const verdict = await decide(call);
    if (verdict === 'hang') return;
    if (verdict === 'lose-request') {
      request.socket.destroy();
      return;
    }
    if (verdict === 'answer-500' || verdict === 'answer-conflict') {
      const message = verdict === 'answer-500' ? 'it does not work' : CONFLICT;
      const trouble = { type: 'ProcessEngineException', message };
      response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify(trouble));
      return;
    }
    // A poll that the worker gave up must not go on and lock tasks for nobody.
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const answer = await fetch(`${target}${path}`, {
      method,
      signal: gone.signal,
      ...(body.length > 0 ? { body, headers: { 'content-type': 'application/json' } } : {}),
    });
    const text = await answer.text();
    if (verdict === 'lose-answer') {
      request.socket.destroy();
      return;
    }
    const type = answer.headers.get('content-type');
    response.writeHead(answer.status, type ? { 'content-type': type } : {}).end(text);
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
