import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretPost,
  clientCredentialsGrantRequest,
  processClientCredentialsResponse,
} from 'oauth4webapi';
import { z } from 'zod';
import { cutText } from '../../domain/common/index.ts';
import { parseJson } from './engine-answers.ts';
import { TokenUnavailableError } from './token-error.ts';

export interface TokenEndpointOptions {
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  /** Empty: not sent. */
  scope: string;
  /** Not in RFC 6749, but some servers require it; empty: not sent. */
  audience: string;
  /** Milliseconds for one request. */
  timeoutMs?: number;
}

interface GrantedToken {
  accessToken: string;
  /** Infinity when the server does not say it: the engine answers 401 when the token has expired. */
  expiresInMs: number;
}

/** With these statuses a server refuses a way of authentication, each server with its own error code. */
const AUTH_REFUSALS = new Set([400, 401]);
/** What a header can carry. */
const HEADER_TEXT = /^[\x21-\x7e]+$/;
/** RFC 6749, section 5.2. */
const refusalSchema = z.object({
  error: z.string(),
  error_description: z.string().optional(),
});

/**
 * Asks an authorization server for tokens with the client's own credentials (RFC 6749, section 4.4). Every server
 * accepts them in the header, but some let a client use only the body: after a refusal the body is tried, and what
 * has worked once is kept.
 */
export function createTokenEndpoint(options: TokenEndpointOptions) {
  const { tokenUrl, clientId, clientSecret, scope, audience, timeoutMs = 10_000 } = options;
  const server = { issuer: tokenUrl, token_endpoint: tokenUrl };
  const client = { client_id: clientId };
  const parameters = { ...(scope !== '' && { scope }), ...(audience !== '' && { audience }) };
  const closing = new AbortController();
  const inHeader = basicAuthOf(clientSecret);
  const inBody = ClientSecretPost(clientSecret);
  let known: ClientAuth | undefined;

  async function ask(auth: ClientAuth): Promise<GrantedToken> {
    const { response, text } = await post(auth);
    if (response.status !== 200) throw refusal(response.status, text);
    try {
      const grant = await processClientCredentialsResponse(server, client, response);
      const { access_token: accessToken, token_type: type, expires_in: seconds } = grant;
      if (type !== 'bearer') throw new Error(`the token_type is ${type}, not bearer`);
      if (!HEADER_TEXT.test(accessToken)) throw new Error('the access_token does not fit a header');
      return { accessToken, expiresInMs: (seconds ?? Number.POSITIVE_INFINITY) * 1_000 };
    } catch (error) {
      const reason = (error as Error).message;
      // Without its cause, whose code would be read as one of the connection.
      throw new TokenUnavailableError(
        `${tokenUrl} answered 200, but with no token: ${reason}`,
        null,
      );
    }
  }

  async function post(auth: ClientAuth): Promise<{ response: Response; text: string }> {
    try {
      const response = await clientCredentialsGrantRequest(server, client, auth, parameters, {
        // The configuration decides whether the endpoint may be plain HTTP.
        [allowInsecureRequests]: true,
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]),
      });
      return { response, text: await response.clone().text() };
    } catch (cause) {
      throw new TokenUnavailableError(`${tokenUrl} cannot be reached`, null, { cause });
    }
  }

  function refusal(status: number, text: string): TokenUnavailableError {
    const answer = refusalSchema.safeParse(parseJson(text));
    if (!answer.success) {
      return new TokenUnavailableError(
        `${tokenUrl} answered ${status}: ${cutText(masked(text), 200) || 'no reason given'}`,
        status === 401 ? { status, error: 'invalid_client' } : null,
      );
    }
    const { error, error_description: description } = answer.data;
    const words = cutText(masked(description ? `${error} (${description})` : error), 300);
    return new TokenUnavailableError(`${tokenUrl} answered ${status}: ${words}`, { status, error });
  }

  /** A server may repeat what it was sent. */
  function masked(text: string): string {
    return text.replaceAll(clientSecret, '***').replaceAll(/\s+/g, ' ');
  }

  return {
    /** @throws TokenUnavailableError */
    async request(): Promise<GrantedToken> {
      try {
        const token = await ask(known ?? inHeader);
        known ??= inHeader;
        return token;
      } catch (error) {
        const refused = error instanceof TokenUnavailableError ? error.refusal : null;
        if (known !== undefined || !AUTH_REFUSALS.has(refused?.status ?? 0)) throw error;
        // Where that is refused as well, the answer to what every server accepts says more.
        const token = await ask(inBody).catch(() => Promise.reject(error));
        known = inBody;
        return token;
      }
    },
    /** Also ends a running request. */
    async close(): Promise<void> {
      closing.abort();
    },
  };
}

/**
 * The credentials in the header, form-encoded (RFC 6749, section 2.3.1). ClientSecretBasic also encodes characters
 * that a form leaves as they are, and servers that decode nothing would refuse an id with a hyphen.
 */
function basicAuthOf(clientSecret: string): ClientAuth {
  return (_server, { client_id: id }, _body, headers) => {
    const pair = new URLSearchParams([[id, clientSecret]]).toString().replace('=', ':');
    headers.set('authorization', `Basic ${btoa(pair)}`);
  };
}
