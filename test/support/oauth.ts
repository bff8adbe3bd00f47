import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { forward, readBody, sendForwarded, startHttpServer } from './http-server.ts';

export interface TokenRequest {
  authorization: string | undefined;
  contentType: string | undefined;
  form: Record<string, string>;
}

export interface TokenServerOptions {
  clientId: string;
  clientSecret: string;
  /** Seconds for which a token is valid. */
  lifetime: number;
  /**
   * Seconds for which a token is admitted beyond that; 0 when left out. A slow machine may need so long from the choice of a
   * token to the call.
   */
  grace?: number;
  /** Where the server expects the client's credentials; it refuses them elsewhere. */
  accepts?: 'header' | 'body';
}

export interface TokenServer {
  url: string;
  /** All requests so far. */
  requests: TokenRequest[];
  /** The largest number of requests that were open at once. */
  maxAtOnce(): number;
  /** How many tokens it has issued. */
  issued(): number;
  /** Milliseconds since it issued the last token that is valid for this many seconds; 0 when it is not the last. */
  ageOfNewest(lifetime: number): number;
  /** Seconds for which the tokens from now on are valid. */
  setLifetime(seconds: number): void;
  /** Whether a resource server accepts this `Authorization` header. */
  admits(authorization: string | undefined): boolean;
  /** Revokes all tokens. */
  revoke(): void;
  /** Sends this answer instead of tokens; null: issues tokens again. */
  answerWith(answer: { status: number; body: string; type?: string } | null): void;
  /** Breaks all connections and answers no more. */
  down(): void;
  up(): void;
  stop(): Promise<void>;
}

/** An authorization server with one client, by RFC 6749. */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const { clientId, clientSecret, grace = 0, accepts = 'header' } = options;
  let { lifetime } = options;
  const requests: TokenRequest[] = [];
  /** When each token expires. */
  const tokens = new Map<string, number>();
  let instead: { status: number; body: string; type?: string } | null = null;
  let issued = 0;
  let newest = { at: 0, lifetime: 0 };
  let open = 0;
  let maxAtOnce = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    maxAtOnce = Math.max(maxAtOnce, ++open);
    response.once('close', () => open--);
    const form = Object.fromEntries(new URLSearchParams((await readBody(request)).toString()));
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
    tokens.set(token, Date.now() + (lifetime + grace) * 1_000);
    issued++;
    newest = { at: Date.now(), lifetime };
    send(200, { access_token: token, token_type: 'bearer', expires_in: lifetime });
  }

  function isClient(authorization: string | undefined, form: Record<string, string>): boolean {
    if (accepts === 'body') {
      return form.client_id === clientId && form.client_secret === clientSecret;
    }
    const pair = new URLSearchParams([[clientId, clientSecret]]).toString().replace('=', ':');
    return authorization === `Basic ${Buffer.from(pair).toString('base64')}`;
  }

  const server = await startHttpServer(answer);
  return {
    url: `${server.origin}/token`,
    requests,
    maxAtOnce: () => maxAtOnce,
    issued: () => issued,
    ageOfNewest: (seconds) => (newest.lifetime === seconds ? Date.now() - newest.at : 0),
    setLifetime(seconds) {
      lifetime = seconds;
    },
    admits: (authorization) =>
      (tokens.get(authorization?.replace(/^Bearer /, '') ?? '') ?? 0) > Date.now(),
    revoke: () => tokens.clear(),
    answerWith(answer) {
      instead = answer;
    },
    down: server.down,
    up: server.up,
    stop: server.stop,
  };
}

export interface EngineGuard {
  /** As for CAMUNDA_BASE_URL. */
  url: string;
  /** All calls in order, each like `POST /external-task/fetchAndLock`. */
  calls: { call: string; admitted: boolean }[];
  /** Refuses the next call that matches, also with a valid header. */
  refuseNext(call: RegExp): void;
  stop(): Promise<void>;
}

/** A proxy in front of an engine that forwards only calls with an accepted `Authorization` header. */
export async function startEngineGuard(
  target: string,
  admits: (authorization: string | undefined) => boolean,
): Promise<EngineGuard> {
  const calls: EngineGuard['calls'] = [];
  let refusedCall: RegExp | undefined;

  async function guard(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const path = url.slice('/engine-rest'.length);
    const body = await readBody(request);
    const call = `${method} ${path.split('?')[0]}`;
    const isRefused = refusedCall?.test(call) ?? false;
    if (isRefused) refusedCall = undefined;
    const admitted = !isRefused && admits(headers.authorization);
    calls.push({ call, admitted });
    if (!admitted) {
      response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
      return;
    }
    sendForwarded(response, await forward(request, body, response, target + path));
  }

  const server = await startHttpServer(guard);
  return {
    url: `${server.origin}/engine-rest`,
    calls,
    refuseNext(call) {
      refusedCall = call;
    },
    stop: server.stop,
  };
}
