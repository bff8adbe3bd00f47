import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface EngineGuard {
  /** As for CAMUNDA_BASE_URL. */
  url: string;
  /** All that came, in order; a call as `POST /external-task/fetchAndLock`. */
  calls: { call: string; admitted: boolean }[];
  /** Turns away the next call that matches, whatever its header. */
  refuseNext(call: RegExp): void;
  stop(): Promise<void>;
}

/** Stands in front of an engine and lets in only calls whose `Authorization` header is admitted. */
export async function startEngineGuard(
  target: string,
  admits: (authorization: string | undefined) => boolean,
): Promise<EngineGuard> {
  const calls: EngineGuard['calls'] = [];
  let unwelcome: RegExp | undefined;

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const path = url.slice('/engine-rest'.length);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const call = `${method} ${path.split('?')[0]}`;
    const isUnwelcome = unwelcome?.test(call) ?? false;
    if (isUnwelcome) unwelcome = undefined;
    const admitted = !isUnwelcome && admits(headers.authorization);
    calls.push({ call, admitted });
    if (!admitted) {
      response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
      return;
    }
    // A poll that was given up must not go on and lock tasks for nobody.
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const type = headers['content-type'];
    const answer = await fetch(target + path, {
      method,
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
    calls,
    refuseNext(call) {
      unwelcome = call;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
