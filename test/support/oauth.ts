import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenRequest {
  authorization: string | undefined;
  contentType: string | undefined;
  form: Record<string, string>;
}

export interface TokenServerOptions {
  clientId: string;
  clientSecret: string;
  /** Seconds a token is good for. */
  lifetime: number;
  /** Where it takes the client's credentials from; the other place is refused. */
  accepts?: 'header' | 'body';
}

export interface TokenServer {
  url: string;
  /** All that came. */
  requests: TokenRequest[];
  /** The most requests that were open at once. */
  mostAtOnce(): number;
  /** How many tokens it has given. */
  issued(): number;
  /** Milliseconds since it gave the last one. */
  ageOfNewest(): number;
  /** Whether a resource server lets in a caller with this `Authorization` header. */
  admits(authorization: string | undefined): boolean;
  /** Takes back all tokens. */
  revoke(): void;
  /** Says this instead of giving a token; null: works again. */
  answerWith(answer: { status: number; body: string; type?: string } | null): void;
  /** From here on nobody answers. */
  down(): void;
  up(): void;
  stop(): Promise<void>;
}

/** An authorization server with one client, as RFC 6749 has it. */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const { clientId, clientSecret, lifetime, accepts = 'header' } = options;
  const requests: TokenRequest[] = [];
  /** When each token ends. */
  const tokens = new Map<string, number>();
  let instead: { status: number; body: string; type?: string } | null = null;
  let isDown = false;
  let given = 0;
  let lastGivenAt = 0;
  let open = 0;
  let mostAtOnce = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (isDown) {
      request.socket.destroy();
      return;
    }
    mostAtOnce = Math.max(mostAtOnce, ++open);
    response.once('close', () => open--);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    const { authorization, 'content-type': contentType } = request.headers;
    requests.push({ authorization, contentType, form });
    if (instead) {
      const { status, body, type = 'application/json' } = instead;
      response.writeHead(status, { 'content-type': type }).end(body);
      return;
    }
    const send = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (!isClient(authorization, form)) return send(401, { error: 'invalid_client' });
    if (form.grant_type !== 'client_credentials') {
      return send(400, { error: 'unsupported_grant_type' });
    }
    const token = randomUUID();
    tokens.set(token, Date.now() + lifetime * 1_000);
    given++;
    lastGivenAt = Date.now();
    send(200, { access_token: token, token_type: 'bearer', expires_in: lifetime });
  }

  function isClient(authorization: string | undefined, form: Record<string, string>): boolean {
    if (accepts === 'body') {
      return form.client_id === clientId && form.client_secret === clientSecret;
    }
    const pair = new URLSearchParams([[clientId, clientSecret]]).toString().replace('=', ':');
    return authorization === `Basic ${Buffer.from(pair).toString('base64')}`;
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/token`,
    requests,
    mostAtOnce: () => mostAtOnce,
    issued: () => given,
    ageOfNewest: () => Date.now() - lastGivenAt,
    admits: (authorization) =>
      (tokens.get(authorization?.replace(/^Bearer /, '') ?? '') ?? 0) > Date.now(),
    revoke: () => tokens.clear(),
    answerWith(answer) {
      instead = answer;
    },
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
